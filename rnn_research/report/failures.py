"""Runs that diverged or failed, in the answers to claims: none is dropped without a word, nor where it would matter."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rnn_research.report.results import ENDED_BADLY, Results, TrialResult, group_by, has_ended


def failed(trial: TrialResult, measure: str) -> bool:
    """Whether a run has ended without what is measured: diverged, failed, or done with a score that is not finite, as
    that of a model by which the text is impossible."""
    return trial.state in ENDED_BADLY or (
        trial.state == "done" and measure in ("score", "skill") and not math.isfinite(trial.score)
    )


def count_failures(trials: Sequence[TrialResult], test: Mapping[str, Any]) -> str:
    """``failed: 12 of 20 a, 0 of 20 b``, of the runs that have ended; empty where none did, or where that is what is
    measured."""
    ended = [trial for trial in trials if has_ended(trial)]
    if test["measure"] == "finished" or not any(failed(trial, test["measure"]) for trial in ended):
        return ""

    def share(of: Sequence[TrialResult]) -> str:
        return f"{sum(failed(trial, test['measure']) for trial in of)} of {len(of)}"

    if test["kind"] == "Level":
        return f"failed: {share(ended)}"
    arms = group_by(ended, lambda trial: str(trial.labels[test["column"]]))
    return "failed: " + ", ".join(f"{share(arms.get(arm, []))} {arm}" for arm in (test["arm"], test["against"]))


def has_worst(results: Results, measure: str) -> bool:
    """Whether it is known which way a measure is worse, so that a run that failed has a value."""
    return measure in ("score", "skill") or bool(results.measures.get(measure, {}).get("better"))


def filled(
    results: Results, trials: Sequence[TrialResult], test: Mapping[str, Any], values: Mapping[str, float], above: bool
) -> dict[str, float]:
    """Values of the runs of one setting, with one for every run that failed and has none.

    A test score is the worse of the trivial baseline and the worst run that finished, a skill the lesser of 0 and the
    least. Of other measures it is the worst run's, where they say which way is worse; else the value of another run
    that speaks most against what was found, so that something must have been.

    Args:
      values: by trial id; not finite where there is none.
      above: whether what was found lies above the limit.
    """
    known = [value for value in values.values() if math.isfinite(value)]
    missing = [trial for trial in trials if failed(trial, test["measure"]) and not math.isfinite(values[trial.id])]
    if not missing or not (known or test["measure"] == "skill"):
        return dict(values)
    better = results.measures.get(test["measure"], {}).get("better")

    def value(trial: TrialResult) -> float:
        if test["measure"] == "skill":
            return min([0.0, *known])
        if test["measure"] == "score" and trial.facts:
            baseline = trial.facts["baseline"][trial.facts["metric"]]
            return (max if trial.facts["better"] == "lower" else min)(baseline, *known)
        if better:
            return (max if better == "lower" else min)(known)
        against = test["kind"] == "Compare" and str(trial.labels[test["column"]]) == test["against"]
        return (max if against == above else min)(known)

    return dict(values) | {trial.id: value(trial) for trial in missing}
