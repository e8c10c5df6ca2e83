"""Pairs as a task of sequences made of sequences holds them, by hand."""

import jax
import numpy as np

from rnn_research.data.pairs import END
from rnn_research.data.tokens import tokeniser
from rnn_research.tasks.base import Batch, Labelling, Seen
from rnn_research.tasks.bucketed import Origin


def padded(rows, time):
    """``[n, time]`` int32, zeros past the end of each, and the lengths."""
    ids = np.zeros((len(rows), time), np.int32)
    for line, row in zip(ids, rows):
        line[: len(row)] = row
    return ids, np.array([len(row) for row in rows], np.int32)


def labelling(texts, tokens, time):
    """Texts as targets or answers: ids from 1 on, then 0; cut off where one does not end in time."""
    rows = [[*(tokens.encode(text).ids + 1), END][:time] for text in texts]
    return Labelling(*padded(rows, time))


def examples(sources, targets, source_tokens, target_tokens):
    """One example a source and target, ``[n, ...]``."""
    time = 2 + max(len(target_tokens.encode(text).ids) for text in targets)
    inputs, lengths = padded([source_tokens.encode(text).ids for text in sources], max(map(len, sources)) + 1)
    found = labelling(targets, target_tokens, time)
    weights = (np.arange(time)[None] < found.lengths[:, None]).astype(np.float32)
    return Batch(inputs, found, weights, lengths, about=Origin(np.arange(len(sources), dtype=np.int32)))


def in_batches(tree, order, size):
    """Rows in another order, in batches; what fills up repeats the first row."""
    filled = np.array([*order, *[order[0]] * (-len(order) % size)])
    return jax.tree.map(lambda leaf: leaf[filled].reshape(-1, size, *leaf.shape[1:]), tree)


def seen_of(sources, targets, answers, *, tokens="characters", order=None, size=3, losses=None):
    """``(Seen, tokeniser)`` of answers that are texts; the rows that fill up the last batch weigh nothing."""
    known = tokeniser(tokens, [*sources, *targets, *answers])
    batch = examples(sources, targets, known, known)
    order = list(range(len(sources))) if order is None else list(order)
    batches = in_batches(batch, order, size)
    batches.weights.reshape(-1, batches.weights.shape[-1])[len(order) :] = 0
    given = in_batches(labelling(answers, known, batch.targets.ids.shape[1]), order, size)
    lost = batches.weights * 0 if losses is None else in_batches(losses, order, size)
    return Seen({}, lambda: given, batches, losses=lambda: lost), known
