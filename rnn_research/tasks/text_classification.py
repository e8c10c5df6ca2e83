"""A text in, its class out (S20)."""

import hashlib
from collections.abc import Hashable
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.data.buckets import by_length, draw, make_buckets
from rnn_research.data.labelled_files import Columns
from rnn_research.data.labelled_texts import SPLITS, load_labelled, place_of, state_of
from rnn_research.data.text_labeller import TextLabeller, padded
from rnn_research.data.tokens import tokeniser
from rnn_research.tasks.base import Batch, Data, Goal, Inputs, Target, Task
from rnn_research.tasks.bucketed import COUNT, Origin, cut_steps
from rnn_research.tasks.classification import class_scores, commonest_class
from rnn_research.tasks.measures import classified

WORDS = ("words", "bare_words", "split")  # tokens that there are vectors for
METRICS = ("accuracy", "macro_f1", "macro_f1_pn")


class Texts(NamedTuple):
    """Texts one after another, so that a long one makes none of the others longer.

    Attributes:
      ids: of all tokens ``[tokens]``, and some zeros, as many as the longest text has.
      starts, lengths: where each text begins, and its tokens, ``[n]``.
      labels: ``[n]``.
      rows: the number of each in its split ``[n]``.
    """

    ids: Any
    starts: Any
    lengths: Any
    labels: Any
    rows: Any

    def taken(self, rows: Any) -> "Texts":
        """Some of the texts, by their places."""
        return self._replace(**{name: getattr(self, name)[rows] for name in ("starts", "lengths", "labels", "rows")})


class Prepared(NamedTuple):
    """Texts as ids, by split; ``time`` is the tokens of the longest; ``vectors`` see ``Inputs``."""

    codec: TextLabeller
    splits: dict[str, Texts]
    time: int
    neutral: str
    digest: str
    vectors: Any


def text_classification(
    corpus: str = "python_modules",
    train: str = "",
    valid: str = "",
    test: str = "",
    dataset: str = "",
    text: str = "text",
    label: str = "label",
    tokens: str = "bare_words",
    vocabulary: int = 0,
    lower: bool = False,
    length: int = 0,
    examples: int = 0,
    whole_vocabulary: bool = False,
    metric: str = "",
) -> Task:
    """The class of a text: a corpus by name, files of your own, a data set of the hub.

    Baseline: the commonest class. Beside loss and accuracy the mean F1 over classes, and the confusions as a figure.

    Args:
      corpus: ``python_modules``, of which module of the standard library a paragraph is; from the data directory
        ``vader_groundtruth``, the polarity of rated snippets, or ``rusentne``, Russian news, the sentiment towards an
        entity. See ``data.labelled_texts``.
      train, valid, test: files, ``.csv``, ``.tsv`` or ``.jsonl``. Of train a tenth each is taken for what is not given.
      dataset: of the hub, or a folder that ``datasets`` reads.
      text, label: the columns.
      tokens: see ``data.tokens.TOKENISERS``; ``characters`` are others.
      vocabulary: how many tokens to know, the most frequent; 0: of words, those that occur twice or more.
      lower: lower the texts first.
      length: tokens of a text that are read, the first ones; 0 for all.
      examples: to train on, some by chance, always the same; 0 for all. Those of a smaller number are among those of a
        greater.
      whole_vocabulary: know the words of all training examples, however few ``examples`` are.
      metric: what is reported: ``accuracy``, ``macro_f1`` or, without the neutral class, ``macro_f1_pn``; if left out,
        what the corpus's field reports.

    Raises:
      ValueError: a number below 0, a metric that the corpus does not have, texts, labels or tokens that cannot be.
      DataNotFoundError: the corpus is not to be had.
    """
    for name, number in (("length", length), ("examples", examples)):
        if number < 0:
            raise ValueError(f"{name} must be 0 (all) or a number, not {number}")
    state = state_of((train, valid, test))
    source = (corpus, train, valid, test, dataset, Columns(text, label))
    found = prepare(source, tokens, vocabulary, lower, length, examples, whole_vocabulary, state)
    names, neutral = found.codec.names, found.neutral
    metric = metric or ("macro_f1_pn" if neutral else "accuracy")
    known = METRICS if neutral else METRICS[:2]
    if metric not in known:
        raise ValueError(f"metric must be one of {', '.join(known)}, not {metric!r}")

    texts = found.splits["train"]
    buckets = make_buckets(np.maximum(texts.lengths, 1), COUNT)

    def train_batch(arrays: Texts, key: jax.Array, step: jax.Array, size: int) -> Batch:
        drawn, place = arrays.taken(draw(buckets, key, step, size)), jnp.arange(found.time)[None]
        ids = jnp.where(place < drawn.lengths[:, None], arrays.ids[drawn.starts[:, None] + place], 0)
        return Batch(ids, drawn.labels, jnp.ones(size), drawn.lengths, about=Origin(drawn.rows))

    @lru_cache(maxsize=8)
    def held_out(split: str, examples: int) -> Batch:
        return batches(found.splits[split], found.time, examples)

    return Task(
        data=Data(
            arrays=jax.tree.map(jnp.asarray, texts.taken(buckets.order)),
            train=train_batch,
            held_out=held_out,
            codec=found.codec,
            digest=found.digest,
            facts={"vocabulary": found.codec.tokeniser.size, "training_examples": len(texts.labels)},
            times=tuple(sorted({*buckets.times, found.time})),
            cut=cut_steps,
            place=lambda batches: batches.about.row,
            mean_time=buckets.mean_time,
            mean_weight=1.0,
        ),
        inputs=Inputs("words" if tokens in WORDS else "ids", found.codec.tokeniser.size, found.time, found.vectors),
        target=Target("softmax", len(names), each_step=False, names=names),
        goal=Goal(metric, "higher", commonest_class(texts.labels, found.splits["test"].labels, names, neutral), 1.0),
        measure=classified,
        score=class_scores(names, neutral),
    )


@lru_cache(maxsize=4)
def prepare(
    source: tuple,
    tokens: str,
    vocabulary: int,
    lower: bool,
    length: int,
    examples: int,
    whole_vocabulary: bool,
    state: Hashable = None,
) -> Prepared:
    """Load texts and make them ids; the tokens are those of the training texts.

    Args:
      source: arguments of ``load_labelled``.
      state: of its files, so that one that has changed is read again.

    Raises:
      ValueError, DataNotFoundError: as ``text_classification``.
    """
    corpus = load_labelled(*source)
    whole = corpus.splits["train"]
    by_chance = sorted(whole, key=lambda one: place_of(f"{one.text} {one.key}"))
    chosen = by_chance[:examples] if examples else whole
    if not {one.label for one in chosen} >= set(corpus.labels):
        missing = sorted(set(corpus.labels) - {one.label for one in chosen})
        raise ValueError(f"no example of {missing[0]!r} is among {examples}; take more")
    read = [one.text.lower() if lower else one.text for one in (whole if whole_vocabulary else chosen)]
    between = tokeniser(tokens, read, vocabulary=vocabulary)
    codec = TextLabeller(corpus.labels, between, lower, length, corpus.form, corpus.columns, corpus.bare)
    ids = {
        split: [codec.ids(one.text) for one in (chosen if split == "train" else corpus.splits[split])]
        for split in SPLITS
    }
    time = max(1, *(len(one) for texts in ids.values() for one in texts))
    numbers = {name: number for number, name in enumerate(corpus.labels)}
    splits = {
        split: flat(texts, [numbers[one.label] for one in (chosen if split == "train" else corpus.splits[split])], time)
        for split, texts in ids.items()
    }

    @lru_cache(maxsize=4)
    def vectors(source: str, size: int) -> tuple[np.ndarray, np.ndarray]:
        from rnn_research.data.vectors import vectors as vectors_of

        return vectors_of(source, between.names, np.concatenate(ids["train"]), size)

    digest = hashlib.sha256(repr((between.names, corpus.labels)).encode())
    for texts in splits.values():
        for array in texts:
            digest.update(np.ascontiguousarray(array).tobytes())
    return Prepared(codec, splits, time, corpus.neutral, digest.hexdigest()[:16], vectors)


def flat(texts: list[np.ndarray], labels: list[int], time: int) -> Texts:
    """Texts one after another; ``time`` is the tokens of the longest."""
    lengths = np.array([len(ids) for ids in texts], np.int32)
    ids = np.concatenate([*texts, np.zeros(time, np.int32)]).astype(np.int32)
    starts, rows = (np.cumsum(lengths) - lengths).astype(np.int32), np.arange(len(texts), dtype=np.int32)
    return Texts(ids, starts, lengths, np.array(labels, np.int32), rows)


def batches(texts: Texts, time: int, examples: int) -> Batch:
    """The first ``examples`` texts, sorted by length, ``[batches, size, time]``; what fills up the last batch weighs
    0."""
    rows, weights = by_length(texts.lengths, examples)
    ids, _ = padded([texts.ids[texts.starts[row] :][: texts.lengths[row]] for row in rows.reshape(-1)], time)
    chosen = texts.taken(rows)
    return Batch(ids.reshape(*rows.shape, time), chosen.labels, weights, chosen.lengths, about=Origin(chosen.rows))
