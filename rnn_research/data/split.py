"""Rows in parts that have the same classes in the same shares."""

import numpy as np


def stratified(labels: np.ndarray, held_out: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """``(kept, held out)``: the rows of each, in random order, so many of every class as its share of all asks for.

    The rows are those of scikit-learn's ``train_test_split(rows, test_size=held_out, random_state=seed,
    stratify=labels)``, which takes a second to import.

    Args:
      labels: ``[n]``, the class of each row.
      held_out: rows to hold out, fewer than n.
    """
    random = np.random.RandomState(seed)
    _, classes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    of_class = np.split(np.argsort(classes, kind="stable"), np.cumsum(counts)[:-1])
    keep = _shares(counts, len(labels) - held_out, random)
    hold = _shares(counts - keep, held_out, random)
    mixed = [rows[random.permutation(len(rows))] for rows in of_class]
    kept = [rows[:number] for rows, number in zip(mixed, keep, strict=True)]
    held = [rows[k : k + h] for rows, k, h in zip(mixed, keep, hold, strict=True)]
    return random.permutation(np.concatenate(kept)), random.permutation(np.concatenate(held))


def _shares(counts: np.ndarray, drawn: int, random: np.random.RandomState) -> np.ndarray:
    """How many of each class to draw: its share, rounded down; then one more each by the largest remainders, of equal
    ones those that chance takes, until there are as many as are wanted."""
    exact = counts / counts.sum() * drawn
    shares = np.floor(exact)
    remainders = exact - shares
    for remainder in np.unique(remainders)[::-1]:
        missing = int(drawn - shares.sum())
        if missing <= 0:
            break
        (alike,) = np.where(remainders == remainder)
        shares[random.choice(alike, size=min(len(alike), missing), replace=False)] += 1
    return shares.astype(int)
