"""Label every word of a sentence (S21): parts of speech."""

import hashlib
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.data.buckets import by_length, draw, make_buckets
from rnn_research.data.labelled_sentences import layout, resolved
from rnn_research.data.spelled_words import (
    UNKNOWN_WORD,
    Flat,
    LabelledWords,
    label_ids,
    label_names,
    padded,
    vocabulary_of,
)
from rnn_research.data.treebanks import SPLITS, Part, own_files, state_of, treebank
from rnn_research.tasks.base import Batch, Data, Findings, Inputs, Row, Seen, Target, Task, accuracy
from rnn_research.tasks.bucketed import COUNT, Origin, cut_steps
from rnn_research.tasks.classification import confusion_matrix, confusions
from rnn_research.tasks.measures import classified


class Words(NamedTuple):
    """What training batches are made of.

    Attributes:
      flat: the training sentences end to end, sorted by length in ``first`` and ``count``.
      forgotten: probability that a word is read as the unknown one, of each number of a word ``[words]``.
    """

    flat: Any
    forgotten: Any


class Labelled(NamedTuple):
    """Sentences with labels as numbers, by split, and what reads others."""

    codec: LabelledWords
    flat: dict[str, Flat]


def tagging(
    corpus: str = "ud_english_ewt",
    train: str = "",
    valid: str = "",
    test: str = "",
    format: str = "conllu",
    labels: str = "UPOS",
    column: int = 0,
    letters: int = 16,
    forget: float = 0.25,
) -> Task:
    """The label of every word of a sentence, scored by the share of words that are labelled right; ``unknown_accuracy``
    is that of words that the training sentences do not hold, ``known_accuracy`` of the others.

    Reads words in lower case and their letters (``data.spelled_words``; ``model.embedding``, ``model.characters``). So
    that the vector of the unknown word is learned, a word that training holds n times is read as that with probability
    ``forget / (forget + n)`` (Kiperwasser and Goldberg 2016); its letters are read all the same.

    Baseline: the commonest label of training; its loss is of the labels' shares.

    Args:
      corpus: ``ud_english_ewt`` or ``ud_russian_taiga``, from the data directory or the hub, in their official splits.
      train, valid, test: files of one's own in its place, plain or gzip.
      format: of the files, ``conllu`` or ``columns`` (``data.labelled_sentences``).
      labels: of CoNLL-U, ``UPOS`` or ``XPOS``.
      column: of columns, that with the labels, counted from 1; 0 for the last.
      letters: of a word that are read; of a longer one the first half and the last.
      forget: how readily words are read as the unknown one in training, see above; 0 for never.

    Raises:
      ValueError: files that are missing or malformed, by file and line; a label that training lacks; options that
        cannot be.
      DataNotFoundError: the corpus is not to be had.
    """
    if forget < 0:
        raise ValueError(f"forget must be 0 or more, not {forget}")
    paths = {"train": train, "valid": valid, "test": test}
    given = tuple(paths.values()) if any(paths.values()) else ()
    found = read_labelled("" if given else corpus, given, format, labels, column, letters, state_of(paths))
    return task_of(found, forget)


@lru_cache(maxsize=4)
def read_labelled(
    corpus: str, paths: tuple[str, ...], format: str, labels: str, column: int, letters: int, state: Any = None
) -> Labelled:
    """The sentences of a treebank, or of files, as numbers.

    Args:
      state: of the files, so that one that has changed is read again.

    Raises:
      ValueError, DataNotFoundError: as ``tagging``.
    """
    form = layout(format, labels, column)
    parts = own_files(dict(zip(SPLITS, paths, strict=True)), form) if paths else treebank(corpus, form)
    words = {split: [one.words for one in part.sentences] for split, part in parts.items()}
    names = label_names(*parts["train"])
    vocabulary = vocabulary_of(words["train"], [*words["valid"], *words["test"]], letters)
    flat = {split: vocabulary.flat(words[split], _ids(parts[split], names)) for split in SPLITS}
    return Labelled(LabelledWords(vocabulary, names, resolved(form, parts["train"].sentences)), flat)


def _ids(part: Part, names: tuple[str, ...]) -> np.ndarray:
    return label_ids(part.sentences, names, part.name)


def task_of(found: Labelled, forget: float) -> Task:
    """The task of labelled sentences."""
    vocabulary, names = found.codec.vocabulary, found.codec.names
    time = max(int(flat.count.max()) for flat in found.flat.values())
    counts, flat = vocabulary.word_counts, found.flat["train"]
    buckets = make_buckets(flat.count, COUNT)
    flat = flat._replace(first=flat.first[buckets.order], count=flat.count[buckets.order])

    def train(arrays: Words, key: jax.Array, step: jax.Array, size: int) -> Batch:
        batch = batch_of(arrays.flat, draw(buckets, key, step, size), time)
        drawn = jax.random.uniform(jax.random.fold_in(key, step), (size, time))
        words = jnp.where(drawn < arrays.forgotten[batch.inputs.words], UNKNOWN_WORD, batch.inputs.words)
        return batch._replace(inputs=batch.inputs._replace(words=words))

    @lru_cache(maxsize=8)
    def held_out(split: str, examples: int) -> Batch:
        return in_batches(found.flat[split], examples, time)

    @lru_cache(maxsize=4)
    def vectors(source: str, size: int) -> tuple[np.ndarray, np.ndarray]:
        from rnn_research.data import vectors

        return vectors.vectors(source, vocabulary.names, found.flat["train"].words, size)

    return Task(
        data=Data(
            arrays=jax.tree.map(jnp.asarray, Words(flat, _forgotten(counts, forget))),
            train=train,
            held_out=held_out,
            times=tuple(sorted({*buckets.times, time})),
            cut=cut_steps,
            place=lambda batches: batches.about,
            mean_time=buckets.mean_time,
            mean_weight=float(flat.count.mean()),
            codec=found.codec,
            digest=_digest(found),
            facts={
                "vocabulary": vocabulary.size[0],
                "training_examples": len(found.flat["train"].count),
                "training_words": len(found.flat["train"].words),
            },
        ),
        inputs=Inputs("words_and_characters", vocabulary.size, time, vectors),
        target=Target("softmax", len(names), each_step=True, names=names),
        goal=accuracy(_commonest_label(found.flat["train"].labels, found.flat["test"].labels, len(names))),
        measure=classified,
        score=partial(score, known=len(vocabulary.surfaces), names=names),
    )


def batch_of(flat: Flat, rows: Any, time: int) -> Batch:
    """Sentences side by side, padded to ``time``; what they are about are their numbers, in an ``Origin`` with
    ``flat.about`` if there is one."""
    inputs, labels, valid, lengths = padded(flat, rows, time)
    about = rows.astype(np.int32)
    if flat.about is not None:
        about = Origin(about, padded(flat._replace(labels=flat.about), rows, time)[1])
    return Batch(inputs, labels, valid.astype(np.float32), lengths, about=about)


def in_batches(flat: Flat, examples: int, time: int) -> Batch:
    """The first sentences of a split in batches of like lengths, ``[batches, size, time]``; rows that fill up the last
    batch weigh nothing."""
    rows, counted = by_length(flat.count, examples)
    batch = batch_of(flat, rows.reshape(-1), time)
    batches = jax.tree.map(lambda leaf: leaf.reshape(*rows.shape, *leaf.shape[1:]), batch)
    return batches._replace(weights=batches.weights * counted[..., None])


def score(seen: Mapping[str, Seen], known: int, names: tuple[str, ...]) -> Findings:
    """Accuracy on words that training holds and on others, and which labels are given for which.

    Args:
      known: surfaces of training, which have the first numbers.
    """
    test = seen["test"]
    counts = test.examples.weights > 0
    targets, answers = test.examples.targets[counts], np.asarray(test.answers())[counts]
    unknown = test.examples.inputs.surfaces[counts] > known
    numbers: Row = {}
    for name, chosen in (("known", ~unknown), ("unknown", unknown)):
        if chosen.any():
            numbers[f"{name}_accuracy"] = float(np.mean((targets == answers)[chosen]))
    numbers["unknown_share"] = float(unknown.mean())
    return Findings(numbers, (confusion_matrix(confusions(targets, answers, len(names)), names),))


def _forgotten(counts: np.ndarray, forget: float) -> np.ndarray:
    """``forget / (forget + n)``; the unknown word stays what it is."""
    return np.where(counts > 0, forget / np.maximum(forget + counts, 1), 0).astype(np.float32)


def _commonest_label(train: np.ndarray, test: np.ndarray, size: int) -> dict[str, float]:
    """Test scores of answering with the shares of the labels in training, plus one each."""
    shares = np.bincount(train, minlength=size) + 1
    shares = shares / shares.sum()
    return {"loss": float(-np.log(shares[test]).mean()), "accuracy": float(np.mean(test == shares.argmax()))}


def _digest(found: Labelled) -> str:
    whole = hashlib.sha256(repr((found.codec.vocabulary.names, found.codec.names)).encode())
    for split in SPLITS:
        for leaf in jax.tree.leaves(found.flat[split]):
            whole.update(np.ascontiguousarray(leaf).tobytes())
    return whole.hexdigest()[:16]
