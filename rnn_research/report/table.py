"""The table: one row per arm, one per trivial baseline."""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import numpy as np

from rnn_research.experiment.measures import solves
from rnn_research.report.failures import failed
from rnn_research.report.results import (
    Results,
    TrialResult,
    by_labels,
    by_seed,
    facts_of,
    has_ended,
    is_score,
    is_share,
    keep,
    of_metric,
    possible,
    possible_difference,
    possible_measure,
    solved,
    task_of,
)
from rnn_research.report.split import split_sample
from rnn_research.report.statistics import (
    Part,
    Shares,
    Summary,
    difference,
    summarise,
    summarise_sum,
    weighted_shares,
)
from rnn_research.report.sweep import mean_on_validation, sweeps

BASELINE = "trivial baseline"


class TableRow(NamedTuple):
    """One arm, or a task's trivial baseline.

    Attributes:
      labels: the axes; the compared one last.
      score: summary of the finished runs' test scores; of a baseline, the mean alone. Where some runs solved their task
        and some did not, there is no interval: see ``solved``.
      difference: of the mean, against the first value of the compared axis; None for that one itself.
      solved: the share of the ended runs that solved their task; None where a task has no such threshold.
      measures: summaries of the experiment's measures, by name.
      failed: share of the ended runs that diverged or failed.
      tuned: the settings that pilots chose, by path.
      points: the test scores of the finished runs, by seed.
      reasons: why runs failed.
      deterministic: whether its learner's runs depend on no seed: there is one, and it is known exactly.
      published: the figures of others that belong to it, by source.
      validation: of a sweep, the mean of the reported metric on validation; NaN otherwise.
    """

    labels: dict[str, Any]
    metric: str
    better: str
    score: Summary
    difference: Summary | None = None
    solved: Summary | None = None
    measures: Mapping[str, Summary] = MappingProxyType({})
    failed: float = 0.0
    hidden: int | None = None
    parameters: int | None = None
    tuned: Mapping[str, Any] = MappingProxyType({})
    points: tuple[float, ...] = ()
    reasons: tuple[str, ...] = ()
    deterministic: bool = False
    published: Mapping[str, float] = MappingProxyType({})
    validation: float = math.nan

    @property
    def is_baseline(self) -> bool:
        return BASELINE in self.labels.values()


def make_table(results: Results) -> list[TableRow]:
    """One row per arm of the reported runs, and a baseline after those of each task: after a setting of the other axes
    unless the next one is of the same task, as in a sweep, where the baseline has no value of what differs."""
    table = []
    settings = list(by_labels(results.reported, results.others).items())
    swept = {trial.id for trials in sweeps(results) for trial in trials}
    same: list[dict[str, Any]] = []  # labels of the settings of one task so far
    for number, (setting, trials) in enumerate(settings):
        labels = dict(zip(results.others, setting, strict=True))
        same.append(labels)
        arms = by_labels(trials, [results.compare])
        reference = arms.get((results.arms[0],))  # a setting without it has no differences
        for (name,), arm in arms.items():
            against = None if arm is reference else reference
            row = _arm_row(results, labels | {results.compare: name}, arm, against)
            table.append(row._replace(validation=mean_on_validation(arm)) if arm[0].id in swept else row)
        following = settings[number + 1][1] if number + 1 < len(settings) else []
        if task_of(trials) != task_of(following):
            common = {name: value if all(one[name] == value for one in same) else "" for name, value in labels.items()}
            table += _baseline_row(common | {results.compare: BASELINE}, trials)
            same = []
    return table


def _arm_row(
    results: Results, labels: dict[str, Any], arm: list[TrialResult], reference: list[TrialResult] | None
) -> TableRow:
    facts = facts_of(arm)
    bad = [trial for trial in arm if failed(trial, "score")]
    ended = sum(map(has_ended, arm))
    scores = _scores(arm)
    against = None
    if reference is not None:
        known = is_deterministic(arm), is_deterministic(reference)
        beside = split_sample([(1.0, arm), (-1.0, reference)], "score")
        against = difference(scores, _scores(reference), known, beside)
    shares = [share_solved(trials) for trials in (arm, reference or arm)]
    return TableRow(
        labels=labels,
        metric=facts.get("metric", ""),
        better=facts.get("better", ""),
        score=score_summary(arm),
        difference=against and _without_interval(_within(against, possible_difference(facts)), shares),
        solved=shares[0],
        measures={name: measure_summary(results, arm, name) for name in results.measures},
        failed=len(bad) / ended if ended else 0.0,
        hidden=facts.get("hidden"),
        parameters=facts.get("parameters"),
        tuned=_tuned(arm),
        points=tuple(scores),
        reasons=tuple(sorted({trial.reason or "its score is not finite" for trial in bad})),
        deterministic=is_deterministic(arm),
        published=_published(results, arm),
    )


def _published(results: Results, arm: list[TrialResult]) -> dict[str, float]:
    """By source, the first figure whose columns are all there and have a value that fits the arm's."""
    found: dict[str, float] = {}
    for figure in results.published:
        if set(figure["where"]) <= set(arm[0].labels) and keep(arm[:1], figure["where"]):
            found.setdefault(figure["source"], figure["value"])
    return found


def is_deterministic(arm: Sequence[TrialResult]) -> bool:
    """Whether no seed changes an arm's runs."""
    return any(trial.seed is None for trial in arm)


def _baseline_row(labels: dict[str, Any], trials: Sequence[TrialResult]) -> list[TableRow]:
    facts = facts_of(trials)
    if not facts:
        return []
    value = facts["baseline"][facts["metric"]]
    return [TableRow(labels, facts["metric"], facts["better"], Summary(0, value, math.nan, math.nan, math.nan))]


def _scores(arm: Sequence[TrialResult]) -> list[float]:
    """Those that are finite, by seed."""
    return list(by_seed(arm, lambda trial: trial.score).values())


def score_summary(arm: Sequence[TrialResult], measure: Literal["score", "skill"] = "score") -> Summary:
    """Of the test scores of an arm's runs, or of their skills, as the table has it."""
    values = list(by_seed(arm, lambda trial: getattr(trial, measure)).values())
    found = summarise_sum([(1.0, values, is_deterministic(arm))], split_sample([(1.0, arm)], measure))
    return _without_interval(_within(found, possible(facts_of(arm), measure)), [share_solved(arm)])


def measure_summary(results: Results, arm: Sequence[TrialResult], measure: str) -> Summary:
    """Of what an experiment measures of an arm's runs; values of the task's metric as scores are, but for what the test
    split adds, which is known of the test score alone."""
    values, facts = [results.value(trial, measure) for trial in arm], facts_of(arm)
    if is_score(results, measure, facts):
        return score_summary(arm)
    found = _within(summarise(values, is_share(results, measure)), possible_measure(results, measure, facts))
    if is_share(results, measure) or not of_metric(results, measure, facts):
        return found
    kinds = [float(solves(value, facts)) for value in values if "solved" in facts and math.isfinite(value)]
    return _without_interval(found, [summarise(kinds, share=True)])


def _within(summary: Summary, bounds: tuple[float, float]) -> Summary:
    """The summary, its interval no wider than values can be."""
    if math.isnan(summary.low):
        return summary
    low, high = max(summary.low, bounds[0]), min(summary.high, bounds[1])
    return summary._replace(low=min(low, summary.mean), high=max(high, summary.mean))


def share_solved(arm: Sequence[TrialResult]) -> Summary | None:
    """Of the runs that ended the share that solved the task; None where it has no such threshold, or none ended."""
    found = summarise([solved(trial) for trial in arm], share=True)
    return found if found.n else None


def _without_interval(summary: Summary, shares: Sequence[Summary | None]) -> Summary:
    """The summary, without its interval where an arm's runs are of two kinds: none covers their mean as often as it
    says (docs/statistics.md)."""
    return summary._replace(low=math.nan, high=math.nan) if of_two_kinds(shares) else summary


def of_two_kinds(shares: Sequence[Summary | None]) -> bool:
    """Whether some runs of an arm solved their task and some did not."""
    return any(share is not None and 0 < share.mean < 1 for share in shares)


def told_by_shares(arm: Sequence[TrialResult], against: Sequence[TrialResult]) -> Shares | None:
    """The difference of the shares of runs that solved the task, if it is by it that two arms are told apart, as of all
    runs of both some did and some did not. Of an arm that no seed changes the share is known; of two there is none."""
    random: list[Part] = []
    known = 0.0
    if not of_two_kinds([share_solved([*arm, *against])]):
        return None
    for sign, trials in ((1.0, arm), (-1.0, against)):
        values = np.array([value for value in map(solved, trials) if math.isfinite(value)])
        if is_deterministic(trials):
            known += sign * float(np.mean(values))
        else:
            random.append((sign, values))
    found = weighted_shares(random)
    return found._replace(effect=found.effect + known) if random else None


def _tuned(arm: Sequence[TrialResult]) -> Mapping[str, Any]:
    """What pilots chose for the runs of an arm; of runs that are tuned each by itself from where to where."""
    found = {}
    for path in arm[0].tuned:
        values = sorted({trial.tuned[path] for trial in arm})
        found[path] = values[0] if len(values) == 1 else f"{values[0]:g} to {values[-1]:g}"
    return found
