"""Find the names in a sentence, and tell what they are names of (S22)."""

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np

from rnn_research.data.labelled_sentences import Layout, layout, read_sentences, resolved, sentence_of
from rnn_research.data.labelled_spans import LabelledSpans, check_spans, check_types, converted, types_of
from rnn_research.data.locate import DataNotFoundError, find
from rnn_research.data.plain import read
from rnn_research.data.spans import names_of
from rnn_research.data.spelled_words import LabelledWords, label_ids, vocabulary_of
from rnn_research.data.treebanks import SPLITS, Part, own_files, state_of
from rnn_research.lookup import lookup
from rnn_research.tasks.base import Goal, Task
from rnn_research.tasks.span_measures import span_means
from rnn_research.tasks.span_scores import score_spans
from rnn_research.tasks.tagging import Labelled, task_of

TRUE = "bio"  # the scheme of WNUT-17, and that spans are scored in
HEADS = {"softmax": "softmax", "crf": "crf"}
WNUT17 = {"train": "wnut17train.conll", "valid": "emerging.dev.conll", "test": "emerging.test.annotated"}
HUB, REVISION = "leondz/wnut_17", "refs/convert/parquet"  # the files that the hub makes itself: no code is run
ON_THE_HUB = {"train": "train", "valid": "validation", "test": "test"}


def named_entities(
    corpus: str = "wnut17",
    train: str = "",
    valid: str = "",
    test: str = "",
    scheme: str = "bio",
    labels: str = "bio",
    head: str = "crf",
    constrained: bool = True,
    column: int = 0,
    letters: int = 16,
    forget: float = 0.25,
) -> Task:
    """Spans of words that are names, by type, scored by strict F1 over all spans: an answer counts if its words and its
    type are right. Beside it at the end what ``tasks.span_scores`` says: by type, partial matches, recall of spans of
    two words or more, and F1 of unique surface forms, as WNUT-17 was judged (Derczynski et al. 2017).

    Reads words in lower case and their letters, as ``tagging`` does. Baseline: no names at all; its loss is of the
    labels' shares in training.

    Args:
      corpus: ``wnut17``, names in posts of Twitter, YouTube, Reddit and StackExchange that training does not hold, from
        the data directory or the hub, in its official splits.
      train, valid, test: files of one's own in its place, plain or gzip: columns, the word first, an empty line between
        sentences.
      scheme: of these files, ``bio``, ``iob1``, ``bioes`` or ``io`` (``data.spans``).
      labels: the scheme that the model is trained in; scores are of the spans as they are, which ``io`` cannot always
        say.
      head: ``crf``, or ``softmax``, to which labels are independent.
      constrained: whether only what the scheme allows is answered. Else what it forbids is read as conlleval does.
      column: that with the labels, counted from 1; 0 for the last.
      letters: of a word that are read; of a longer one the first half and the last.
      forget: how readily training words are read as the unknown one; see ``tagging``.

    Raises:
      ValueError: files that are missing or malformed, or not of their scheme, by file and line; a type of names that
        training lacks; options that cannot be.
      DataNotFoundError: the corpus is not to be had.
    """
    if forget < 0:
        raise ValueError(f"forget must be 0 or more, not {forget}")
    kind, paths = lookup(HEADS, head, "head of named_entities"), {"train": train, "valid": valid, "test": test}
    given = tuple(paths.values()) if any(paths.values()) else ()
    found = read_spans("" if given else corpus, given, scheme, labels, column, letters, state_of(paths))
    task, names, true_names = task_of(found.sentences, forget), found.codec.names, names_of(found.types, TRUE)
    return task._replace(
        data=task.data._replace(codec=found.codec, place=lambda batches: batches.about.row),
        target=task.target._replace(head=kind, options=(("scheme", labels),) if constrained else ()),
        goal=Goal("span_f1", "higher", task.goal.baseline | {"span_f1": 0.0}, perfect=1.0, chosen="span_f1"),
        measure=span_means(true_names, names),
        score=partial(score_spans, true_names=true_names, names=names, types=found.types),
    )


class Entities(NamedTuple):
    """Sentences with spans as numbers, and what reads others.

    Attributes:
      sentences: with the labels that the model is trained with; ``Flat.about`` are those of ``TRUE``, which tell
        neighbours apart whatever the model is trained with.
      codec: see there.
      types: of the spans.
    """

    sentences: Labelled
    codec: LabelledSpans
    types: tuple[str, ...]


@lru_cache(maxsize=4)
def read_spans(
    corpus: str, paths: tuple[str, ...], scheme: str, labels: str, column: int, letters: int, state: Any = None
) -> Entities:
    """The sentences of a corpus, or of files.

    Args:
      state: of the files, so that one that has changed is read again.

    Raises:
      ValueError, DataNotFoundError: as ``named_entities``.
    """
    form = layout("columns", column=column)
    if paths:
        parts = own_files(dict(zip(SPLITS, paths, strict=True)), form)
    else:
        parts, scheme = lookup(CORPORA, corpus, "corpus of names")(form), TRUE
    for part in parts.values():
        check_spans(part.sentences, scheme, part.name)
    types = types_of(parts["train"].sentences)
    if not types:
        raise ValueError(f"{parts['train'].name} holds no spans to learn from")
    for part in parts.values():
        check_types(part.sentences, types, part.name)
    words = {split: [one.words for one in part.sentences] for split, part in parts.items()}
    vocabulary = vocabulary_of(words["train"], [*words["valid"], *words["test"]], letters)
    flat = {
        split: vocabulary.flat(words[split], _ids(part, types, labels))._replace(about=_ids(part, types, TRUE))
        for split, part in parts.items()
    }
    inner = LabelledWords(vocabulary, names_of(types, labels), resolved(form, parts["train"].sentences))
    return Entities(Labelled(inner, flat), LabelledSpans(inner, scheme), types)


def _ids(part: Part, types: tuple[str, ...], scheme: str) -> np.ndarray:
    """Numbers of the labels that a scheme has for the spans, end to end."""
    return label_ids(converted(part.sentences, scheme), names_of(types, scheme), part.name)


def wnut17(form: Layout) -> dict[str, Part]:
    """WNUT-17 (Derczynski et al. 2017): BIO, six types.

    Raises:
      ValueError: a malformed file.
      DataNotFoundError: it is neither in the data directory nor, as far as that can be reached, on the hub.
    """
    files = {split: f"wnut17/{file}" for split, file in WNUT17.items()}
    paths = {split: find(file) for split, file in files.items()}
    missing = [files[split] for split, path in paths.items() if not path]
    if missing:
        return of_rows(_hub(missing[0]), HUB, form)
    return {
        split: Part(read_sentences(read(path), str(path), form, labelled=True), str(path))
        for split, path in paths.items()
        if path
    }


CORPORA = {"wnut17": wnut17}


def of_rows(splits: Mapping[str, Any], name: str, form: Layout) -> dict[str, Part]:
    """The splits of a dataset as the hub has them: a row a sentence, ``tokens`` and ``ner_tags``, numbers of classes.

    Args:
      splits: of ``datasets``, by the hub's names.
    """
    found = {}
    for split, theirs in ON_THE_HUB.items():
        table, sentences, line = splits[theirs], [], 1
        classes = table.features["ner_tags"].feature.names
        for row in table:
            tags = [classes[tag] for tag in row["ner_tags"]]
            if tags:
                sentences.append(sentence_of(row["tokens"], tags, form, line))
                line += len(tags) + 1
        found[split] = Part(sentences, f"{name} ({theirs})")
    return found


def _hub(missing: str) -> Any:
    import datasets

    try:
        return datasets.load_dataset(HUB, revision=REVISION)
    except Exception as error:  # the hub's client raises many kinds when it cannot be reached
        raise DataNotFoundError("WNUT-17", missing, f"hub: {HUB} ({type(error).__name__})") from error
