"""The test score by parts of the test split: how much of it is due to the examples that happen to be in it.

A test split is a sample too. Its variance is estimated from parts that are nearly independent: examples, or, of a text,
stretches of ``STRETCH`` characters or more, as what stands close together is alike (docs/statistics.md, rule 8).
"""

from typing import Any

import numpy as np

from rnn_research.exhibits import TEST_PARTS, Curve

STRETCH = 2000  # units of weight, characters of a text, in a part
MOST = 64  # parts
FEWEST = 5  # parts without which nothing can be said


def scores_by_part(by_row: tuple[Any, Any], text: bool) -> tuple[Curve, ...]:
    """What a run keeps of them, not drawn; nothing where there are too few parts.

    Args:
      by_row: sums and weights of the reported metric, ``[batches, rows]`` each.
      text: whether each row goes on where it ended in the batch before.
    """
    total, weight = (np.asarray(leaf, np.float64).T.reshape(-1) for leaf in by_row)
    if not np.isfinite(total).all():  # a text that is impossible by the model
        return ()
    values = split_score(total, weight, STRETCH if text else 0)
    if len(values) < FEWEST:
        return ()
    return (Curve(TEST_PARTS, "test score by part of the test split", list(values), first=1, views=()),)


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
    of_part, weights = (np.bincount(place, leaf, count) for leaf in (total, weight))
    score = total.sum() / whole
    return score + (of_part - score * weights) * count / whole
