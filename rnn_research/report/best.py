"""Which arms of a setting are the best: the one with the best mean, and those that no test tells from it."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnn_research.report.failures import filled
from rnn_research.report.results import ENDED_BADLY, Results, TrialResult, by_labels, facts_of, has_ended
from rnn_research.report.statistics import ENOUGH, Estimate, holm_levels
from rnn_research.report.table import TableRow, is_deterministic, told_by_shares
from rnn_research.report.welch import welch

MEANING = "the best of its setting, and what no test tells from it (at 5% for all arms of the setting, from 8 runs on)"
NOTE = f"Bold: {MEANING}"
SIGN = "★"  # of the page, beside bold digits
TESTS = (
    f"{SIGN} and bold: {MEANING}. The test: Welch's of the means over seeds, made wider for skewed scores, with the "
    "test split's share, of all pairs of arms, by Holm's rule; where of the runs of both some solve the task and some "
    "do not, the difference of the shares that do, from their exact intervals. An arm of which most runs failed is not "
    "marked"
)


def marked(results: Results, table: Sequence[TableRow]) -> list[bool]:
    """Whether each row is one of the best of its setting of the other axes."""
    best = {
        (*setting, name)
        for setting, trials in by_labels(results.reported, results.others).items()
        for (name,) in best_arms(results, by_labels(trials, [results.compare]))
    }
    columns = [*results.others, results.compare]
    return [not row.is_baseline and tuple(row.labels[name] for name in columns) in best for row in table]


def best_arms(results: Results, arms: Mapping[Any, Sequence[TrialResult]]) -> set[Any]:
    """Of the arms of one setting; none where all are as good as the best, where one of them has fewer than ``ENOUGH``
    runs that ended, or where there is but one.

    Runs that failed count as in verdicts. The others are compared with the arm of the best mean, all pairs of arms at
    5% together (Holm); where of the runs of both some solve the task and some do not, it is the shares that do.
    """
    ended = {name: [trial for trial in trials if has_ended(trial)] for name, trials in arms.items()}
    few = [name for name, of_arm in ended.items() if len(of_arm) < ENOUGH and not is_deterministic(of_arm)]
    trials = [trial for of_arm in ended.values() for trial in of_arm]
    if len(arms) < 2 or few or not all(ended.values()):
        return set()
    values = filled(results, trials, {"kind": "Level", "measure": "score"}, {one.id: one.score for one in trials}, True)
    scores = {name: np.array([values[trial.id] for trial in of_arm]) for name, of_arm in ended.items()}
    if not all(np.isfinite(of_arm).all() for of_arm in scores.values()):
        return set()
    sign = 1 if facts_of(trials)["better"] == "higher" else -1
    first = max(scores, key=lambda name: sign * float(np.mean(scores[name])))
    others = [name for name in scores if name != first]
    # Of all pairs, as which arm is the first was chosen by the same scores.
    pairs = [(first, name) for name in others] + list(itertools.combinations(others, 2))
    p_values = [_p(scores[one], scores[other], ended[one], ended[other]) for one, other in pairs]
    judged = zip(others, p_values, holm_levels(p_values), strict=False)
    alike = {name for name, p, level in judged if p >= 1 - level}
    best = set() if len(alike) == len(others) else {first, *alike}
    return {name for name in best if 2 * sum(one.state in ENDED_BADLY for one in ended[name]) <= len(ended[name])}


def _p(values: np.ndarray, others: np.ndarray, arm: Sequence[TrialResult], against: Sequence[TrialResult]) -> float:
    """Of "both are as good"."""
    found: Estimate | None = told_by_shares(arm, against)
    return (found or welch(values.tolist(), others.tolist(), arm, against)[0]).p(0.0)
