"""What the test split adds to the error of a mean score: its examples are a sample too (docs/statistics.md).

Every run keeps its test score by parts of the split. Arms are scored on the same parts, so it is the parts of their
difference, averaged over the runs, whose spread counts.
"""

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
    found = [(weight, _mean_parts(trials, measure)) for weight, trials in arms]
    if any(parts is None for _, parts in found):
        return []
    alike = group_by(((weight, parts) for weight, parts in found if parts is not None), lambda pair: len(pair[1]))
    sums = [np.sum([weight * parts for weight, parts in pairs], axis=0) for pairs in alike.values()]
    return [(1.0, parts - parts.mean()) for parts in sums]


def _mean_parts(trials: Sequence[TrialResult], measure: str) -> np.ndarray | None:
    """The mean over runs; None where none kept them, or they are not alike."""
    found = [parts for trial in trials if (parts := _parts(trial, measure)) is not None]
    return np.mean(found, axis=0) if found and len({len(parts) for parts in found}) == 1 else None


def _parts(trial: TrialResult, measure: str) -> np.ndarray | None:
    if trial.state != "done":
        return None
    kept = next((row["y"] for row in trial.exhibits if row.get("name") == TEST_PARTS), None)
    if kept is None or any(value is None for value in kept):
        return None
    values = np.asarray(kept, float)
    return np.array([skill(value, trial.facts) for value in values]) if measure == "skill" else values
