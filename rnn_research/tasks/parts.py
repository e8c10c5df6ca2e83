"""The test score by parts of the test split: how much of it is due to the examples that happen to be in it.

A test split is a sample too. Its variance is estimated from parts that are nearly independent: examples; of a text, or
of music, whole documents or pieces, as what stands close together is alike, where there are enough of them; of a text
that is one document stretches of ``STRETCH`` characters or more, which are not quite independent (docs/statistics.md,
rule 8).
"""

from typing import Any

import numpy as np

from rnn_research.exhibits import TEST_PARTS, Curve

STRETCH = 2000  # units of weight, characters of a text, in a part
MOST = 64  # parts
FEWEST = 5  # parts without which nothing can be said
DOCUMENTS = 30.0  # of equal size that a text's must be worth: what one large one weighs, few others cannot tell


def scores_by_part(by_row: tuple[Any, Any], text: bool, starts: Any = None, place: Any = None) -> tuple[Curve, ...]:
    """What a run keeps of them, not drawn; nothing where there are too few parts, or too few documents.

    Args:
      by_row: sums and weights of the reported metric, ``[batches, rows]`` each.
      text: whether each row goes on where it ended in the batch before.
      starts: steps at which a document begins, ``[batches, rows, time]``; None for none.
      place: of each row in the split ``[batches, rows]``, where batches are in another order.
    """
    total, weight = (np.asarray(leaf, np.float64).T.reshape(-1) for leaf in by_row)
    if place is not None:  # neighbours in the split are alike, those in such a batch are of one length
        order = np.argsort(np.asarray(place).T.reshape(-1), kind="stable")
        total, weight = total[order], weight[order]
    if not np.isfinite(total).all():  # a text that is impossible by the model
        return ()
    least = STRETCH if text else 0
    document = _documents(np.asarray(starts), weight) if text and starts is not None else np.zeros(len(weight), int)
    if document[-1]:
        total, weight, least = np.bincount(document, total), np.bincount(document, weight), 0
        if weight.sum() ** 2 < DOCUMENTS * (weight**2).sum():
            return ()
    counted = weight > 0
    return part_scores(split_score(total[counted], weight[counted], least))


def part_scores(values: np.ndarray) -> tuple[Curve, ...]:
    """Values of parts, whose mean is the score, as what a run keeps of them; nothing where there are too few."""
    if len(values) < FEWEST:
        return ()
    return (Curve(TEST_PARTS, "test score by part of the test split", list(values), first=1, views=()),)


def _documents(starts: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """To which document each piece belongs that was cut for a batch, in the order of the text: to that which its first
    step is in; what fills up belongs to the last one."""
    begun = starts.swapaxes(0, 1).reshape(len(weight), -1)
    before = np.cumsum(begun.sum(axis=1)) - begun.sum(axis=1) + begun[:, 0]
    return np.unique(before, return_inverse=True)[1]


def split_score(total: np.ndarray, weight: np.ndarray, least: float) -> np.ndarray:
    """Values of parts whose mean is the score, ``Σ total / Σ weight``, and whose variance over their number is its.

    With T and W the sums of a part, m the score and K parts, ``m + (T − m W) K / Σ W``: the ratio's linear term.

    Args:
      total, weight: of pieces ``[n]``, in the order of the split; parts are of neighbours.
      least: weight that a part must have.
    """
    whole = weight.sum()
    count = int(min(MOST, len(weight), whole / least if least else MOST))
    if count < 1 or not whole:
        return np.zeros(0)
    place = np.minimum((np.cumsum(weight) - weight) * count // whole, count - 1).astype(int)
    if count == len(weight):
        place = np.arange(count)
    of_part, weights = (np.bincount(place, leaf, count) for leaf in (total, weight))
    score = total.sum() / whole
    return score + (of_part - score * weights) * count / whole
