"""What the test split adds to the error of a mean score: its examples are a sample too (docs/statistics.md).

Every run keeps its test score by parts of the split. Arms are scored on the same parts, so it is the parts of their
difference, averaged over the runs, whose spread counts.
"""

import math
from collections.abc import Sequence

import numpy as np

from rnn_research.exhibits import TEST_PARTS
from rnn_research.report.results import TrialResult, group_by, skill
from rnn_research.report.statistics import Part


def split_sample(arms: Sequence[tuple[float, Sequence[TrialResult]]], measure: str) -> list[Part]:
    """Samples of mean 0, as ``statistics.weighted_means`` takes them: the parts of ``Σ wᵢ x̄ᵢ``.

    Arms, of one setting or several, with as many parts are taken to have the same ones: if these are others in truth,
    the variance of the sum is the same on average. Nothing where an arm has no run that kept them.

    Args:
      arms: weights, and runs.
      measure: ``score`` or ``skill``; no other is known by parts.
    """
    if measure not in ("score", "skill"):
        return []
    found = [(weight, _by_run(trials, measure)) for weight, trials in arms]
    if any(runs is None for _, runs in found):
        return []
    alike = group_by(((weight, runs) for weight, runs in found if runs is not None), lambda pair: pair[1].shape[1])
    return [(1.0, _of_all_runs(pairs)) for pairs in alike.values()]


def split_of_pairs(pairs: Sequence[tuple[TrialResult, TrialResult]], measure: str) -> list[Part]:
    """The same of the mean difference of pairs of runs, first minus second; nothing where a run kept no parts, or not
    as many as the other of its pair."""
    kept = [[_parts(trial, measure) for trial in pair] for pair in pairs] if measure in ("score", "skill") else []
    found = [one - other for one, other in kept if one is not None and other is not None and len(one) == len(other)]
    if not found or len(found) < len(pairs) or len({len(parts) for parts in found}) > 1:
        return []
    return [(1.0, _of_all_runs([(1.0, np.array(found))]))]


def _of_all_runs(arms: Sequence[tuple[float, np.ndarray]]) -> np.ndarray:
    """The parts of the weighted sum of the arms' means, about 0.

    What is hard for a run alone is in the spread of the runs already: of the parts' variance the residual of runs and
    parts is taken off, and the parts are drawn together by as much.
    """
    parts = np.sum([weight * runs.mean(axis=0) for weight, runs in arms], axis=0)
    about, variance = parts - parts.mean(), float(np.var(parts, ddof=1))
    by_runs = sum(weight**2 * _residual(runs) / len(runs) for weight, runs in arms)
    return about * math.sqrt(max(0.0, 1 - by_runs / variance)) if variance else about


def _residual(runs: np.ndarray) -> float:
    """The mean square of what neither the run nor the part explains, ``[runs, parts]``; 0 of a single run."""
    count, parts = runs.shape
    if count < 2:
        return 0.0
    left = runs - runs.mean(axis=0) - runs.mean(axis=1, keepdims=True) + runs.mean()
    return float(np.sum(left**2)) / ((count - 1) * (parts - 1))


def _by_run(trials: Sequence[TrialResult], measure: str) -> np.ndarray | None:
    """``[runs, parts]``; None where no run kept them, or they are not alike."""
    found = [parts for trial in trials if (parts := _parts(trial, measure)) is not None]
    return np.array(found) if found and len({len(parts) for parts in found}) == 1 else None


def _parts(trial: TrialResult, measure: str) -> np.ndarray | None:
    if trial.state != "done":
        return None
    kept = next((row["y"] for row in trial.exhibits if row.get("name") == TEST_PARTS), None)
    if kept is None or any(value is None for value in kept):
        return None
    values = np.asarray(kept, float)
    return np.array([skill(value, trial.facts) for value in values]) if measure == "skill" else values
