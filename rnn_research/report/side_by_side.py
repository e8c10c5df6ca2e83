"""Runs side by side: arms matched by their labels, and how far the same seeds came in each."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import ascii_uppercase
from typing import Any, NamedTuple

import numpy as np

from rnn_research.report.build import configs
from rnn_research.report.failures import failed
from rnn_research.report.results import (
    Results,
    TrialResult,
    by_seed,
    facts_of,
    load,
    possible_difference,
    settings_text,
    task_of,
)
from rnn_research.report.split import split_of_pairs
from rnn_research.report.statistics import (
    ENOUGH,
    POINTS,
    Summary,
    holm_levels,
    weighted_means,
)
from rnn_research.report.table import is_deterministic, of_two_kinds, score_summary, share_solved, told_by_shares
from rnn_research.report.welch import welch
from rnn_research.runs.directory import RunDirectory

RUN = "run"  # the column that says which run a trial is of
LACKING = ""  # the label of an axis that a run does not have
NAMED = 4  # arms that a refusal names of each run


class Run(NamedTuple):
    """One of those that are compared.

    Attributes:
      letter: what it is called: A, B, …
      configs: of each trial, by dotted paths.
    """

    letter: str
    path: Path
    results: Results
    configs: Mapping[str, Mapping[str, Any]]


class Difference(NamedTuple):
    """Of the mean test score of an arm's runs, to that of the same arm in another run.

    Attributes:
      low, high: 95% interval; NaN where there is none.
      n: pairs, or runs of the arm that has fewer.
      paired: whether it is of the same seeds, each by itself, or Welch's of all runs of both.
      p: two-sided, against "there is none"; of the shares of runs that solved the task where some of an arm did and
        some did not. NaN where fewer than ``ENOUGH`` runs are no ground to tell.
      by_shares: whether it is of those shares.
      told: whether it is told from nothing, all arms of the page together at ``LEVEL``.
    """

    mean: float
    low: float
    high: float
    n: int
    paired: bool
    p: float
    by_shares: bool = False
    told: bool = False


class Side(NamedTuple):
    """An arm in one run.

    Attributes:
      failed: runs that diverged or failed; they have no score.
      difference: to ``Arm.sides[0]``; None of that one itself.
    """

    run: str
    trials: tuple[TrialResult, ...]
    score: Summary
    solved: Summary | None
    failed: int
    difference: Difference | None = None


class Arm(NamedTuple):
    """One that several runs have.

    Attributes:
      labels: values of ``Together.columns``.
      one_task: whether what the cards say of the task is the same in all.
    """

    labels: tuple[Any, ...]
    name: str
    metric: str
    better: str
    one_task: bool
    sides: tuple[Side, ...]


class Together(NamedTuple):
    """What can be put side by side, and what cannot.

    Attributes:
      columns: the axes that tell arms apart in some run.
      arms: in the order of the first run that has them.
      left: which arms are compared with none: those that one run alone has, and in what the runs of others differ.
      merged: the trials of ``arms`` as one run directory's, the run being what is compared.
    """

    runs: tuple[Run, ...]
    columns: tuple[str, ...]
    arms: tuple[Arm, ...]
    left: tuple[str, ...]
    merged: Results


def put_together(paths: Sequence[Path]) -> Together:
    """Read run directories and match their arms.

    A column with one value in each run that has it tells no arms apart: where the values differ, that is a setting.

    Raises:
      ValueError: a directory is given twice or holds no experiment, or no arm can be compared.
    """
    if len({path.resolve() for path in paths}) < len(paths):
        raise ValueError("--workdir names the same run directory twice: there is nothing to compare")
    if len(paths) > len(ascii_uppercase):
        raise ValueError(f"--workdir: no more than {len(ascii_uppercase)} run directories stand side by side")
    loaded = [load(RunDirectory(path)) for path in paths]
    runs = tuple(
        Run(letter, path, results, configs(RunDirectory(path), results))
        for letter, path, results in zip(ascii_uppercase, paths, loaded, strict=False)
    )
    columns = _telling(runs)
    found: dict[tuple[Any, ...], dict[str, list[TrialResult]]] = {}
    for run in runs:
        for trial in run.results.reported:
            labels = tuple(trial.labels.get(column, LACKING) for column in columns)
            found.setdefault(labels, {}).setdefault(run.letter, []).append(trial)
    named = {labels: _called(columns, labels) or "the only arm" for labels in found}
    metrics = {labels: {run: _metric(trials) for run, trials in sides.items()} for labels, sides in found.items()}
    matched = [labels for labels in found if len(found[labels]) > 1 and len(set(metrics[labels].values())) == 1]
    if not matched:
        raise ValueError(_nothing(runs, named, metrics))
    left = _all_left({named[labels]: metrics[labels] for labels in found if labels not in matched})
    arms = _told([_arm(labels, named[labels], found[labels]) for labels in matched])
    return Together(runs, columns, arms, left, _merged(runs, columns, arms))


def _telling(runs: Sequence[Run]) -> tuple[str, ...]:
    values: dict[str, list[set[str]]] = {}
    for run in runs:
        for column in run.results.document["columns"]:
            values.setdefault(column, []).append({str(trial.labels[column]) for trial in run.results.reported})
    return tuple(column for column, of_runs in values.items() if any(len(of_run) > 1 for of_run in of_runs))


def _called(columns: Sequence[str], labels: Sequence[Any]) -> str:
    """What an arm is called, by the axes that its run has."""
    known = [(column, value) for column, value in zip(columns, labels, strict=True) if value != LACKING]
    return settings_text([column for column, _ in known], [value for _, value in known])


def _metric(trials: Sequence[TrialResult]) -> tuple[str, str]:
    """Which metric, and which way it improves; empty where none of them has begun."""
    facts = facts_of(trials)
    return facts.get("metric", ""), facts.get("better", "")


def _nothing(runs: Sequence[Run], named: Mapping[tuple, str], metrics: Mapping[tuple, Mapping[str, Any]]) -> str:
    """Why no arm can be compared, in one line."""
    unlike = [labels for labels, of in metrics.items() if len(of) > 1]
    if unlike:
        return f"nothing to compare: {_left(named[unlike[0]], metrics[unlike[0]])}"
    said = []
    for run in runs:
        mine = [named[labels] for labels, of in metrics.items() if run.letter in of]
        more = f" and {len(mine) - NAMED} more" if len(mine) > NAMED else ""
        said.append(f"{run.path} has {'; '.join(mine[:NAMED]) or 'none'}{more}")
    return f"nothing to compare, no arm is in two of the runs: {', '.join(said)}"


def _all_left(metrics: Mapping[str, Mapping[str, tuple[str, str]]]) -> tuple[str, ...]:
    """A line for each run that alone has arms, and one for each arm that is scored otherwise in another."""
    of_one: dict[str, list[str]] = {}
    for name, sides in metrics.items():
        if len(sides) == 1:
            of_one.setdefault(next(iter(sides)), []).append(name)
    unlike = [_left(name, sides) for name, sides in metrics.items() if len(sides) > 1]
    return (*(f"in {run} alone: {'; '.join(names)}" for run, names in of_one.items()), *unlike)


def _left(name: str, metrics: Mapping[str, tuple[str, str]]) -> str:
    by = ", ".join(f"{metric or 'nothing yet'} in {run}" for run, (metric, _) in metrics.items())
    return f"{name}: scored by {by}"


def _arm(labels: tuple[Any, ...], name: str, found: Mapping[str, list[TrialResult]]) -> Arm:
    (first, reference), *others = found.items()
    sides = [_side(first, reference, None)]
    sides += [_side(run, trials, difference(trials, reference)) for run, trials in others]
    tasks = [task_of(trials) for trials in found.values()]
    one_task = all(task == tasks[0] for task in tasks)
    return Arm(labels, name, *_metric(reference), one_task, tuple(sides))


def _side(run: str, trials: Sequence[TrialResult], between: Difference | None) -> Side:
    bad = sum(failed(trial, "score") for trial in trials)
    return Side(run, tuple(trials), score_summary(trials), share_solved(trials), bad, between)


def difference(arm: Sequence[TrialResult], against: Sequence[TrialResult]) -> Difference | None:
    """Of the scores of an arm in two runs, first minus second; None where one of them has no finished run."""
    mine, theirs = (by_seed(trials, lambda trial: trial.score) for trials in (arm, against))
    if not mine or not theirs:
        return None
    both = [seed for seed in mine if seed in theirs and seed is not None]
    paired = len(both) >= POINTS
    known = is_deterministic(arm), is_deterministic(against)
    if paired:
        differences = np.array([mine[seed] - theirs[seed] for seed in both])
        of_seed = [{trial.seed: trial for trial in trials} for trials in (arm, against)]
        beside = split_of_pairs([(of_seed[0][seed], of_seed[1][seed]) for seed in both], "score")
        estimate, n = weighted_means([(1.0, differences)], beside=beside), len(both)
    else:
        estimate, n = welch([*mine.values()], [*theirs.values()], arm, against)
    mixed = of_two_kinds([share_solved(arm), share_solved(against)])
    exactly = not paired and all(known)  # then what varies is the test split alone
    low, high = estimate.interval() if (n >= POINTS or exactly) and not mixed else (math.nan, math.nan)
    shares = told_by_shares(arm, against)
    p = (shares or estimate).p(0.0) if n >= ENOUGH or exactly else math.nan
    least, most = possible_difference(facts_of(arm))
    return Difference(estimate.effect, max(low, least), min(high, most), n, paired, p, by_shares=shares is not None)


def _told(arms: Sequence[Arm]) -> tuple[Arm, ...]:
    """With it said of each difference whether it is told from nothing, by Holm's procedure over all of them."""
    p_values = [side.difference.p for arm in arms for side in arm.sides if side.difference]
    levels = dict(zip((p for p in p_values if p == p), holm_levels([p for p in p_values if p == p]), strict=True))

    def judged(side: Side) -> Side:
        found = side.difference
        if found is None or found.p != found.p:
            return side
        return side._replace(difference=found._replace(told=found.p < 1 - levels[found.p]))

    return tuple(arm._replace(sides=tuple(map(judged, arm.sides))) for arm in arms)


def _merged(runs: Sequence[Run], columns: Sequence[str], arms: Sequence[Arm]) -> Results:
    trials = [
        trial._replace(
            id=f"{side.run}/{trial.id}", labels=dict(zip(columns, arm.labels, strict=True)) | {RUN: side.run}
        )
        for arm in arms
        for side in arm.sides
        for trial in side.trials
    ]
    order = {run.letter: place for place, run in enumerate(runs)}
    trials.sort(key=lambda trial: order[trial.labels[RUN]])
    document = {"name": "", "columns": [*columns, RUN], "compare": RUN, "measures": [], "figures": []}
    return Results(document, trials)
