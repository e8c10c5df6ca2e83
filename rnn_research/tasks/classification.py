"""What is said of classes at the end, of the answers: F1 and the confusions."""

from collections.abc import Mapping, Sequence

import numpy as np

from rnn_research.exhibits import Matrix
from rnn_research.tasks.base import Findings, Row, Score, Seen


def class_scores(names: Sequence[str], neutral: str = "") -> Score:
    """The score of a task with one class for each example: F1, and the confusion matrix of the test.

    Args:
      names: of the classes.
      neutral: the class that ``macro_f1_pn`` leaves out; empty: there is no such number.
    """

    def score(seen: Mapping[str, Seen]) -> Findings:
        test = seen["test"]
        counts = test.examples.weights > 0
        table = confusions(test.examples.targets[counts], test.answers()[counts], len(names))
        return Findings(f1_scores(table, names, neutral), (confusion_matrix(table, names),))

    return score


def confusions(targets: np.ndarray, answers: np.ndarray, size: int) -> np.ndarray:
    """``[size, size]``: how often a target, the row, was answered by each class, the column."""
    return np.bincount(targets * size + answers, minlength=size * size).reshape(size, size)


def f1_scores(table: np.ndarray, names: Sequence[str], neutral: str = "") -> Row:
    """The mean of ``F1 = 2 TP / (2 TP + FP + FN)`` over the classes that are there or answered (as scikit-learn has it,
    unless it is given the labels): of one that is neither nothing is known, and 0 for it would keep a perfect answer
    from 1. Where a class is neutral, as ``macro_f1_pn`` that of the others, 0 where there are none.

    Args:
      table: from ``confusions``.
    """
    seen = table.sum(axis=0) + table.sum(axis=1)

    def mean(counted: np.ndarray) -> float:
        return float(np.mean(2 * np.diag(table)[counted] / seen[counted])) if counted.any() else 0.0

    found = {"macro_f1": mean(seen > 0)}
    if neutral:
        found["macro_f1_pn"] = mean((seen > 0) & [name != neutral for name in names])
    return found


def confusion_matrix(table: np.ndarray, names: Sequence[str]) -> Matrix:
    """Of what has each label, the share that was given each; NaN where nothing has it."""
    shares = table / np.where(table.sum(axis=1, keepdims=True) > 0, table.sum(axis=1, keepdims=True), np.nan)
    return Matrix(
        "confusions",
        "Labels given",
        shares.tolist(),
        rows=tuple(names),
        columns=tuple(names),
        xlabel="given",
        ylabel="right",
        zlabel="share of what has the label",
        when="on the test split",
    )


def commonest_class(train: np.ndarray, test: np.ndarray, names: Sequence[str], neutral: str = "") -> dict[str, float]:
    """Test scores of answering with the class frequencies of the training labels, one more of each."""
    counts = np.bincount(train, minlength=len(names)) + 1
    shares, answer = counts / counts.sum(), counts.argmax()
    table = confusions(test, np.full_like(test, answer), len(names))
    return {
        "loss": float(-np.log(shares[test]).mean()),
        "accuracy": float((test == answer).mean()),
        **{name: float(value) for name, value in f1_scores(table, names, neutral).items()},
    }
