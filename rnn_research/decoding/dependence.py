"""How much the tokens of a text say of others further on (C40)."""

import numpy as np

SHUFFLES = 4


def information(ids: np.ndarray, distance: int, types: int = 64) -> float:
    """The mutual information of tokens that are ``distance`` apart, in bits a pair.

    ``I = Σ p(a, b) log2 p(a, b) / (p(a) p(b))`` of the pairs counted. Few pairs make that too large, by about
    ``(types − 1)² / (2 · pairs · ln 2)`` where tokens are independent (Miller 1955), so that what the same texts give
    in random order is taken off. Where tokens tell much of each other that is a little too much, as fewer kinds of
    pairs occur; where they tell nothing, the mean is 0.

    Args:
      ids: ``[texts, length]``, longer than the distance; no pair lies in two texts.
      types: the most frequent tokens that are kept apart; all others are one more.
    """
    kept = _merged(ids, types)
    rng = np.random.default_rng(0)
    by_chance = [
        _plug_in(rng.permutation(kept.reshape(-1)).reshape(kept.shape), distance, types + 1) for _ in range(SHUFFLES)
    ]
    return _plug_in(kept, distance, types + 1) - float(np.mean(by_chance))


def _merged(ids: np.ndarray, types: int) -> np.ndarray:
    """Ids 0 to ``types``, by frequency."""
    ranks = np.empty(int(ids.max()) + 1, np.int64)
    ranks[np.argsort(-np.bincount(ids.reshape(-1)), kind="stable")] = np.arange(len(ranks))
    return np.minimum(ranks, types)[ids]


def _plug_in(ids: np.ndarray, distance: int, size: int) -> float:
    pairs = np.bincount((ids[:, :-distance] * size + ids[:, distance:]).reshape(-1), minlength=size * size)
    joint = pairs.reshape(size, size) / pairs.sum()
    expected = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0)
    found = joint > 0
    return float(np.sum(joint[found] * np.log2(joint[found] / expected[found])))
