"""What a claim's test measures: an estimate over settings, with the runs that failed, and what speaks against its being
an answer. The rules are in docs/statistics.md; their numbers stand here and in ``statistics``."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnn_research.report.failures import count_failures, failed, filled
from rnn_research.report.results import (
    Results,
    TrialResult,
    by_labels,
    group_by,
    keep,
    settings_text,
    solved,
    steps_to_solve,
)
from rnn_research.report.statistics import (
    ENOUGH,
    Estimate,
    Sums,
    improvement,
    log_rank,
    weighted_means,
    weighted_shares,
)

FAMILIES = 5  # that a claim about families in general takes
FLOOR = 0.5  # skill: below it nobody has learned a task that can be solved
CEILING = 0.98  # skill: above it everybody has

Values = dict[str, np.ndarray]  # of the runs of a setting, by arm; of a ``Level`` under ""


class Setting(NamedTuple):
    """The runs of one setting of the other axes.

    Attributes:
      name: for people.
      family: see ``Compare.families``.
      arms: the runs by arm; all under "" for a ``Level``.
      two_kinds: whether some but not all runs of an arm solved the task.
    """

    name: str
    family: str
    arms: dict[str, list[TrialResult]]
    two_kinds: bool


class Comparison(NamedTuple):
    """A test against a limit, measured.

    Attributes:
      measure: what is compared, which is the share that solved the task if in every setting runs of an arm are of two
        kinds.
      estimate: with every run that ended; those that failed have the value that ``failures.filled`` gives them.
      finished: of the runs that have the measure; the same object where none failed.
      alone: the estimate in each setting by itself, and its name.
      runs: of the arm and setting that has the fewest.
      unanswered: why this is no answer whatever the estimate says: arms at the floor or the ceiling; else empty.
      notes: what is to be said beside the interval.
      trials: those that were compared.
    """

    measure: str
    estimate: Estimate
    finished: Estimate
    alone: tuple[tuple[str, Estimate], ...]
    runs: int
    unanswered: str
    notes: tuple[str, ...]
    trials: tuple[TrialResult, ...]


def limit_of(test: Mapping[str, Any]) -> float:
    """What the effect is compared with."""
    return test["margin" if test["kind"] == "Compare" else "value"]


def compare(results: Results, test: Mapping[str, Any]) -> Comparison | str:
    """Measure a ``Compare`` or a ``Level``; a sentence where there is nothing to judge."""
    settings = _settings(results, test)
    trials = [trial for setting in settings for of_arm in setting.arms.values() for trial in of_arm]
    values = [_values(results, test, setting, None) for setting in settings]
    if reason := _nothing_to_judge(results, test, settings, values):
        failures = count_failures(trials, test)
        return f"{subject(test)}: {reason}" + (f"; {failures}" if failures else "")
    estimate = finished = _estimate(results, test, settings, values)
    above = finished.effect > limit_of(test)
    ended = [_values(results, test, setting, above) for setting in settings]
    if any(len(of[arm]) > len(before[arm]) for of, before in zip(ended, values, strict=True) for arm in of):
        estimate = _estimate(results, test, settings, ended)
    by_itself = {**test, "families": ""}
    alone = [
        (setting.name, _estimate(results, by_itself, [setting], [of_setting]))
        for setting, of_setting in zip(settings, ended, strict=True)
    ]
    in_two = [setting.two_kinds and test["measure"] == "skill" for setting in settings]
    return Comparison(
        "solved" if all(in_two) else test["measure"],
        estimate,
        finished,
        tuple(alone),
        _fewest(settings, ended),
        _unanswered(test, settings),
        (*_notes(test, settings, ended, in_two), *filter(None, [count_failures(trials, test)])),
        tuple(trials),
    )


def _settings(results: Results, test: Mapping[str, Any]) -> list[Setting]:
    wanted = keep(results.reported, test["where"])
    compared, column, families = test["kind"] == "Compare", test.get("column", ""), test.get("families", "")
    apart = [name for name in results.document["columns"] if not compared or name != column]
    found = []
    for labels, trials in by_labels(wanted, apart).items():
        arms = {"": trials}
        if compared:
            of_arm = group_by(trials, lambda trial: str(trial.labels[column]))
            arms = {name: of_arm.get(name, []) for name in (test["arm"], test["against"])}
        family = str(dict(zip(apart, labels, strict=True)).get(families, "")).partition("(")[0]
        found.append(Setting(settings_text(apart, labels), family, arms, _two_kinds(results, arms)))
    return found


def _two_kinds(results: Results, arms: Mapping[str, Sequence[TrialResult]]) -> bool:
    shares = [np.mean([results.value(trial, "solved") for trial in trials]) for trials in arms.values() if trials]
    return any(0 < share < 1 for share in shares)


def measure_in(setting: Setting, test: Mapping[str, Any]) -> str:
    """What is compared in a setting: the skill, unless runs of an arm are of two kinds."""
    return "solved" if test["measure"] == "skill" and setting.two_kinds else test["measure"]


def _values(results: Results, test: Mapping[str, Any], setting: Setting, above: bool | None) -> Values:
    """The finite values of a setting's runs; where it is said which side was found, those of runs that failed too."""
    trials = [trial for of_arm in setting.arms.values() for trial in of_arm]
    measure = measure_in(setting, test)
    values = {trial.id: results.value(trial, measure) for trial in trials}
    if measure == "skill":  # a run that failed has none but what ``filled`` makes of it
        values |= {trial.id: math.nan for trial in trials if failed(trial, measure)}
    if above is not None:
        values = filled(results, trials, test, values, above)
    return {
        arm: np.array([values[trial.id] for trial in of_arm if math.isfinite(values[trial.id])])
        for arm, of_arm in setting.arms.items()
    }


def _fewest(settings: Sequence[Setting], values: Sequence[Values]) -> int:
    """Runs of the arm that has the fewest, of those that a seed tells apart."""
    return min(
        (
            len(of_setting[arm])
            for setting, of_setting in zip(settings, values, strict=True)
            for arm, trials in setting.arms.items()
            if not trials or any(trial.seed is not None for trial in trials)
        ),
        default=0,
    )


def _nothing_to_judge(
    results: Results, test: Mapping[str, Any], settings: Sequence[Setting], values: Sequence[Values]
) -> str:
    """Why; empty where there is."""
    if not settings or not all(len(of_arm) for of_setting in values for of_arm in of_setting.values()):
        return "there are no runs that have it in every setting"
    if all(trial.seed is None for setting in settings for trials in setting.arms.values() for trial in trials):
        effect = _estimate(results, test, settings, values).effect
        return f"{number(test, effect)}, deterministic, so nothing to test"
    fewest = _fewest(settings, values)
    if fewest < ENOUGH:
        return f"n = {fewest}; a verdict takes {ENOUGH} seeds"
    families = len({setting.family for setting in settings})
    if test.get("families") and families < FAMILIES:
        return f"{families} families; a claim about families in general takes {FAMILIES}"
    return ""


def is_share(results: Results, measure: str) -> bool:
    """Whether a measure is 0 or 1 for every run."""
    return measure in ("finished", "solved") or results.measures.get(measure, {}).get("above") is not None


def _estimate(
    results: Results, test: Mapping[str, Any], settings: Sequence[Setting], values: Sequence[Values]
) -> Estimate:
    """The mean over settings of arm minus other, or of the measure itself; of families, the mean over theirs."""
    if test.get("families"):
        of_family = group_by(zip(settings, values, strict=True), lambda pair: pair[0].family)
        means = [np.mean([_effect(of_setting) for _, of_setting in pairs]) for pairs in of_family.values()]
        return weighted_means([(1.0, np.array(means))])
    means, shares = [], []
    for setting, of_setting in zip(settings, values, strict=True):
        parts = [(sign / len(values), of_arm) for sign, of_arm in zip((1, -1), of_setting.values(), strict=False)]
        kind = shares if is_share(results, measure_in(setting, test)) else means
        kind += parts
    if not shares:
        return weighted_means(means)
    return Sums((weighted_means(means), weighted_shares(shares))) if means else weighted_shares(shares)


def _effect(values: Values) -> float:
    means = [float(np.mean(of_arm)) for of_arm in values.values()]
    return means[0] - means[1]


def _notes(
    test: Mapping[str, Any], settings: Sequence[Setting], values: Sequence[Values], in_two: Sequence[bool]
) -> Iterator[str]:
    """What is to be said beside the interval.

    Args:
      in_two: of each setting, whether it is the share of runs that solved it that is compared.
    """
    fixed = {
        arm for setting in settings for arm, trials in setting.arms.items() if all(t.seed is None for t in trials)
    } - {""}
    if fixed:
        yield f"{' and '.join(sorted(fixed))} deterministic"
    if test["kind"] != "Compare":
        return
    first, second = test["arm"], test["against"]
    better = improvement([(of_setting[first], of_setting[second]) for of_setting in values])
    yield f"P({first} > {second}) = {better:.2f}"
    if any(in_two):
        where = f"in {sum(in_two)} of {len(in_two)} settings " if not all(in_two) else ""
        yield f"{where}some runs of an arm solve the task and some do not: there the share that does is compared"
        yield from _solved([setting for setting, two in zip(settings, in_two, strict=True) if two], first, second)


def _solved(settings: Sequence[Setting], first: str, second: str) -> Iterator[str]:
    """How many runs of both arms solved it, and whether they took as many steps."""
    runs = [[trial for setting in settings for trial in setting.arms[arm]] for arm in (first, second)]
    counts = [
        f"{sum(solved(trial) == 1 for trial in of_arm)} of {len(of_arm)} {arm}"
        for arm, of_arm in zip((first, second), runs, strict=True)
    ]
    yield f"solved by {', '.join(counts)}"
    steps = [[steps_to_solve(trial) for trial in of_arm] for of_arm in runs]
    end = max(float(row["step"]) for of_arm in runs for trial in of_arm for row in trial.rows)
    yield f"steps to solve: log-rank p = {log_rank(steps[0], steps[1], end):.2g}"


def _unanswered(test: Mapping[str, Any], settings: Sequence[Setting]) -> str:
    """Whether in most settings the better arm has hardly learned, or both know all, so that nothing can be told."""
    if test["kind"] != "Compare" or test["measure"] not in ("skill", "solved", "score"):
        return ""
    idle: list[str] = []
    for setting in settings:
        skills = [
            float(np.nanmean([0.0 if failed(t, "skill") else t.skill for t in of_arm]))
            for of_arm in setting.arms.values()
        ]
        can_be_solved = all("solved" in t.facts for of_arm in setting.arms.values() for t in of_arm)
        if can_be_solved and max(skills) < FLOOR:
            idle.append("the floor")
        elif min(skills) > CEILING:
            idle.append("the ceiling")
    if len(idle) * 2 <= len(settings):
        return ""
    where = f" in {len(idle)} of {len(settings)} settings" if len(settings) > 1 else ""
    return f"the arms are at {' or '.join(sorted(set(idle)))}{where}"


def subject(test: Mapping[str, Any]) -> str:
    """The measure, and the runs it is of."""
    if test["kind"] == "Compare":
        return f"{test['measure']} of {test['arm']} − {test['against']}"
    where = ", ".join("/".join(map(str, patterns)) for patterns in test["where"].values())
    return f"{test['measure']} of {where}" if where else test["measure"]


def number(test: Mapping[str, Any], value: float) -> str:
    """Three digits, with a sign where it is a difference."""
    return f"{value:{'+' if test['kind'] == 'Compare' else ''}#.3g}"
