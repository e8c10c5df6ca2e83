"""What training cost, and whether it was enough: curves that still rise are said to be at this budget."""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnn_research.report.comparison import Comparison, limit_of
from rnn_research.report.results import Results, TrialResult, group_by

LAST = 0.8  # share of the updates after which the last fifth begins
MORE = 4  # times the updates, of which the cost is named


def at_this_budget(results: Results, test: Mapping[str, Any], found: Comparison) -> str:
    """Whether an arm's validation metric still gains more than half the margin (where that is 0, half the effect) in
    the last fifth of training, and what four times as much would take; empty where none does or nobody can say."""
    if found.measure not in ("skill", "solved", "score"):
        return ""
    half = abs(limit_of(test) if test["kind"] == "Compare" and limit_of(test) else found.estimate.effect) / 2
    arms = group_by(found.trials, lambda trial: str(trial.labels[test["column"]]) if "column" in test else "a run")
    gains = {arm: _gain(trials, found.measure == "score") for arm, trials in arms.items()}
    rising = {arm: gain for arm, gain in gains.items() if gain > half}
    if not rising:
        return ""
    said = ", ".join(f"{arm} still gains {gain:.2g}" for arm, gain in rising.items())
    unit = "" if found.measure == "score" else " of skill"
    cost = minutes(results, found.trials) * (MORE - 1)
    more = "" if math.isnan(cost) else f", and {MORE} times as much would take {max(1, round(cost))} min more"
    return f"at this budget: {said}{unit} in the last fifth of training{more}"


def _gain(trials: Sequence[TrialResult], in_score: bool) -> float:
    """How much the best of the looks so far improves after ``LAST`` of the updates, on average over the runs that are
    done; between two looks it is taken to improve evenly."""
    gains = []
    for trial in trials:
        metric = trial.facts.get("metric")
        looks = [(row["step"], row[metric]) for row in trial.rows if row["split"] == "valid" and metric in row]
        if trial.state != "done" or len(looks) < 2 or looks[0][0] > LAST * looks[-1][0]:
            continue
        sign = 1 if trial.facts["better"] == "higher" else -1
        best = np.fmax.accumulate([sign * value for _, value in looks])
        gain = float(best[-1] - np.interp(LAST * looks[-1][0], [step for step, _ in looks], best))
        if not math.isfinite(gain):
            continue
        span = abs(trial.facts["perfect"] - trial.facts["baseline"][metric])
        gains.append(gain if in_score else gain / span)
    return float(np.mean(gains)) if gains else 0.0


def minutes(results: Results, trials: Sequence[TrialResult]) -> float:
    """That these runs take to train, by all workers of the launch together; NaN where they do not say.

    What a run takes is the time of its pack, which others share: as many as are beside it in one program or, where runs
    are trained one by one, as the worker has devices.
    """
    made = results.document.get("provenance", {})
    seconds = []
    for trial in trials:
        together = trial.facts.get("beside") or trial.facts.get("devices") or len(made.get("devices", [])) or 1
        timed = [(row["step"], row["steps_per_s"]) for row in trial.rows if "steps_per_s" in row]
        if timed:  # as fast as the median chunk: the first of a pack waits for its program
            seconds.append(timed[-1][0] / statistics.median(speed for _, speed in timed) / together)
    return sum(seconds) / made.get("workers", 1) / 60 if seconds else math.nan
