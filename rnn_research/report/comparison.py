"""What a claim's test measures: an estimate over settings, with the runs that failed, and what speaks against its being
an answer. The rules are in docs/statistics.md; their numbers stand here and in ``statistics``."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnn_research.experiment.claims import FAMILIES
from rnn_research.experiment.measures import solves
from rnn_research.report.failures import count_failures, failed, filled, has_worst
from rnn_research.report.results import (
    Results,
    TrialResult,
    by_labels,
    facts_of,
    group_by,
    has_ended,
    is_share,
    keep,
    of_metric,
    settings_text,
    solved,
    steps_to_solve,
)
from rnn_research.report.split import split_sample
from rnn_research.report.statistics import (
    ENOUGH,
    Estimate,
    Means,
    Part,
    Sums,
    improvement,
    log_rank,
    weighted_means,
    weighted_shares,
)

FLOOR = 0.5  # skill: below it, where no run solved it, nobody has learned a task that can be solved
CEILING = 0.98  # skill: above it everybody has

Values = dict[str, np.ndarray]  # of the runs of a setting, by arm; of a ``Level`` under ""


class Setting(NamedTuple):
    """The runs of one setting of the other axes.

    Attributes:
      name: for people.
      family: see ``Compare.families``.
      arms: the runs by arm; all under "" for a ``Level``.
      by_share: whether it is the share of runs that solved the task that is compared, in the place of their skill.
      place: log2 of what it has in the column ``Compare.along``; 0 without.
    """

    name: str
    family: str
    arms: dict[str, list[TrialResult]]
    by_share: bool
    place: float = 0.0


class Unjudged(NamedTuple):
    """Why there is nothing to judge, and whether more seeds would change that."""

    reason: str
    by_seeds: bool = False


class Comparison(NamedTuple):
    """A test against a limit, measured.

    Attributes:
      measure: what is compared, which is the share of runs that solved the task if in every setting some run did.
      estimate: with every run that ended; those that failed have the value that ``failures.filled`` gives them.
      finished: of the runs that have the measure; the same object where none failed, None where an arm has no such run.
      alone: the estimate in each setting by itself, and its name.
      runs: of the arm and setting that has the fewest; 0 where no seed changes any.
      split: what the test split adds, an estimate of 0; None where it adds nothing or is not known.
      unanswered: why this is no answer whatever the estimate says: arms at the floor or the ceiling; else empty.
      notes: what is to be said beside the interval.
      trials: those that were compared.
    """

    measure: str
    estimate: Estimate
    finished: Estimate | None
    alone: tuple[tuple[str, Estimate], ...]
    runs: int
    split: Means | None
    unanswered: str
    notes: tuple[str, ...]
    trials: tuple[TrialResult, ...]


def limit_of(test: Mapping[str, Any]) -> float:
    """What the effect is compared with; of a ratio its logarithm, as the effect is one."""
    limit = test["margin" if test["kind"] == "Compare" else "value"]
    return math.log10(limit) if test.get("ratio") else limit


def compare(results: Results, test: Mapping[str, Any]) -> Comparison | Unjudged:
    """Measure a ``Compare`` or a ``Level``."""
    settings = _settings(results, test)
    trials = [trial for setting in settings for of_arm in setting.arms.values() for trial in of_arm]
    values = [_values(results, test, setting, None) for setting in settings]
    some = bool(settings) and all(len(of_arm) for of_setting in values for of_arm in of_setting.values())
    finished = _estimate(results, test, settings, values) if some else None
    above = finished is not None and finished.effect > limit_of(test)
    told = finished is not None or has_worst(results, test["measure"])
    weights = _weights(test, settings)
    ended = values
    if told:  # of a slope, more of the arm in a setting below the middle is less of what is found
        pairs = zip(settings, weights, strict=True)
        ended = [_values(results, test, setting, above == (weight >= 0)) for setting, weight in pairs]
    if reason := _nothing_to_judge(results, test, settings, ended):
        failures = count_failures(trials, test)
        said = f"{subject(test)}: {reason.reason}" + (f"; {failures}" if failures else "")
        return reason._replace(reason=said)
    estimate = _estimate(results, test, settings, ended)
    alike = all(np.array_equal(of[arm], before[arm]) for of, before in zip(ended, values, strict=True) for arm in of)
    by_itself = {**test, "families": "", "along": ""}
    alone = [
        (setting.name, _estimate(results, by_itself, [setting], [of_setting]))
        for setting, of_setting in zip(settings, ended, strict=True)
    ]
    by_share = all(setting.by_share for setting in settings)
    idle = _idle(results, test, settings)
    told_nothing = _at_ends(idle, settings)
    few = 0 < 2 * len(idle) <= len(settings)
    said = [told_nothing if few else "", _no_split(test, settings), count_failures(trials, test)]
    return Comparison(
        "solved" if by_share else test["measure"],
        estimate,
        estimate if alike else finished,
        tuple(alone),
        _fewest(settings, ended),
        _split_alone(test, settings),
        told_nothing if 2 * len(idle) > len(settings) else "",
        (*_notes(test, settings, ended), *filter(None, said)),
        tuple(trials),
    )


def _settings(results: Results, test: Mapping[str, Any]) -> list[Setting]:
    wanted = [trial for trial in keep(results.reported, test["where"]) if has_ended(trial)]
    compared, column, families = test["kind"] == "Compare", test.get("column", ""), test.get("families", "")
    apart = [name for name in results.document["columns"] if not compared or name != column]
    found = []
    for labels, trials in by_labels(wanted, apart).items():
        arms = {"": trials}
        if compared:
            of_arm = group_by(trials, lambda trial: str(trial.labels[column]))
            arms = {name: of_arm.get(name, []) for name in (test["arm"], test["against"])}
        family = str(dict(zip(apart, labels, strict=True)).get(families, "")).partition("(")[0]
        runs = [trial for of_arm in arms.values() for trial in of_arm]
        by_share = compared and test["measure"] == "skill" and any(solved(trial) == 1 for trial in runs)
        along = test.get("along", "")
        place = math.log2(float(dict(zip(apart, labels, strict=True))[along])) if along else 0.0
        found.append(Setting(settings_text(apart, labels), family, arms, by_share, place))
    return found


def _values(results: Results, test: Mapping[str, Any], setting: Setting, above: bool | None) -> Values:
    """The finite values of a setting's runs; where it is said which side was found, those of runs that failed too."""
    trials = [trial for of_arm in setting.arms.values() for trial in of_arm]
    measure = "solved" if setting.by_share else test["measure"]
    values = {trial.id: results.value(trial, measure) for trial in trials}
    if measure != "score" and has_worst(results, measure):
        values |= {trial.id: math.nan for trial in trials if failed(trial, measure)}  # what ``filled`` makes of it
    if above is not None:
        values = filled(results, trials, test, values, above)
    if test.get("ratio"):
        values = {name: math.log10(value) if value > 0 else math.nan for name, value in values.items()}
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
) -> Unjudged | None:
    if not settings:
        return Unjudged("there are no runs")
    if test.get("ratio"):
        trials = [trial for setting in settings for of_arm in setting.arms.values() for trial in of_arm]
        nothing = sum(results.value(trial, test["measure"]) <= 0 for trial in trials)
        if nothing:
            return Unjudged(f"not above 0 in {nothing} of {len(trials)} runs, so there is no ratio")
    for setting in settings:
        if broken := [arm for arm, trials in setting.arms.items() if trials and all(map(_broken, trials))]:
            of = " ".join(filter(None, (broken[0], setting.name and f"in {setting.name}")))
            return Unjudged(f"every run{of and f' of {of}'} ended with an error, which says nothing of what is claimed")
    for setting, of_setting in zip(settings, values, strict=True):
        if not all(map(len, of_setting.values())):
            return Unjudged(f"there are no runs that have it{f' in {setting.name}' if setting.name else ''}")
    fixed = all(trial.seed is None for setting in settings for trials in setting.arms.values() for trial in trials)
    if fixed and not _split_alone(test, settings):
        effect = _estimate(results, test, settings, values).effect
        return Unjudged(f"{number(test, effect)}, deterministic, so nothing to test")
    fewest = _fewest(settings, values)
    if fewest < ENOUGH and not fixed:
        return Unjudged(f"n = {fewest}; a verdict takes {ENOUGH} seeds", by_seeds=True)
    families = len({setting.family for setting in settings})
    if test.get("families") and families < FAMILIES:
        return Unjudged(f"{families} families; a claim about families in general takes {FAMILIES}")
    if test.get("along") and len({setting.place for setting in settings}) < 2:
        return Unjudged(f"one value of {test['along']}; a slope takes two")
    return None


def _broken(trial: TrialResult) -> bool:
    """Whether a run ended with an error, as a bug or too little memory; one that diverged has shown something."""
    return trial.state == "failed"


def _weights(test: Mapping[str, Any], settings: Sequence[Setting]) -> list[float]:
    """Of each setting's effect in the estimate: all alike; of a slope by least squares (x − x̄) / Σ (x − x̄)²."""
    if not test.get("along") or not settings:
        return [1 / len(settings) for _ in settings]
    about = np.array([setting.place for setting in settings])
    about -= about.mean()
    return (about / max(float(about @ about), 1e-300)).tolist()


def _estimate(
    results: Results, test: Mapping[str, Any], settings: Sequence[Setting], values: Sequence[Values]
) -> Estimate:
    """The mean over settings of arm minus other, or of the measure itself, or the slope of it; of families, the mean
    over theirs."""
    if test.get("families"):
        of_family = group_by(zip(settings, values, strict=True), lambda pair: pair[0].family)
        effects = [np.mean([_effect(of_setting) for _, of_setting in pairs]) for pairs in of_family.values()]
        return weighted_means([(1.0, np.array(effects))])._replace(skew=0.0)  # of five numbers, none can be told
    means: list[Part] = []
    shares: list[Part] = []
    beside = _split_sample(test, settings)
    known = 0.0
    for setting, of_setting, weight in zip(settings, values, _weights(test, settings), strict=True):
        share = setting.by_share or is_share(results, test["measure"])
        for sign, (arm, of_arm) in zip((1, -1), of_setting.items(), strict=False):
            kinds = None if share else _kinds(results, test["measure"], facts_of(setting.arms[arm]), of_arm)
            if all(trial.seed is None for trial in setting.arms[arm]):
                known += sign * weight * float(np.mean(of_arm))
            elif kinds is None:
                (shares if share else means).append((sign * weight, of_arm))
            else:
                higher, lower = float(np.mean(of_arm[kinds])), float(np.mean(of_arm[~kinds]))
                known += sign * weight * lower
                shares.append((sign * weight * (higher - lower), kinds.astype(float)))
                means.append((sign * weight, of_arm - np.where(kinds, higher, lower)))
    scored = weighted_means(means, known, beside)
    if not shares:
        return scored
    return Sums((scored, weighted_shares(shares))) if means or known or beside else weighted_shares(shares)


def _kinds(results: Results, measure: str, facts: Mapping[str, Any], values: np.ndarray) -> np.ndarray | None:
    """Which of the values solve the task, if some do and some do not: their mean is then that of those that do not, and
    the share of those that do times how far the two are apart; None elsewhere."""
    if "solved" not in facts or (measure != "skill" and not of_metric(results, measure, facts)):
        return None
    base = facts["baseline"][facts["metric"]]
    scores = base + values * (facts["perfect"] - base) if measure == "skill" else values
    found = np.array([solves(score, facts) for score in scores], bool)
    return found if 0 < found.sum() < len(found) else None


def _split_sample(test: Mapping[str, Any], settings: Sequence[Setting]) -> list[Part]:
    """What the test splits add, in those settings whose scores are compared; shares are of runs, not of examples."""
    weighted = zip(settings, _weights(test, settings), strict=True)
    scored = [(setting, weight) for setting, weight in weighted if not setting.by_share]
    arms = [pair for one, weight in scored for pair in zip((weight, -weight), one.arms.values(), strict=False)]
    return split_sample(arms, test["measure"])


def _split_alone(test: Mapping[str, Any], settings: Sequence[Setting]) -> Means | None:
    sample = [] if test.get("families") else _split_sample(test, settings)
    found = weighted_means([], beside=sample)
    return found if found.error else None


def _effect(values: Values) -> float:
    means = [float(np.mean(of_arm)) for of_arm in values.values()]
    return means[0] - means[1]


def _notes(test: Mapping[str, Any], settings: Sequence[Setting], values: Sequence[Values]) -> Iterator[str]:
    """What is to be said beside the interval."""
    fixed = {
        arm for setting in settings for arm, trials in setting.arms.items() if all(t.seed is None for t in trials)
    } - {""}
    if fixed:
        yield f"{' and '.join(sorted(fixed))} deterministic"
    if test["kind"] != "Compare":
        return
    first, second = test["arm"], test["against"]
    if test.get("along"):
        return
    better = improvement([(of_setting[first], of_setting[second]) for of_setting in values])
    yield f"P({first} > {second}) = {better:.2f}"
    solvable = [setting for setting in settings if setting.by_share]
    if not solvable:
        return
    where = "" if len(solvable) == len(settings) else f"in {len(solvable)} of {len(settings)} settings "
    yield f"{where}some run solved the task: there the share of runs that did is compared"
    runs = [[trial for setting in solvable for trial in setting.arms[arm]] for arm in (first, second)]
    counts = [
        f"{sum(solved(trial) == 1 for trial in of_arm)} of {len(of_arm)} {arm}"
        for arm, of_arm in zip((first, second), runs, strict=True)
    ]
    yield f"solved by {', '.join(counts)}"
    if len(solvable) == 1:  # steps of unlike tasks are not to be pooled
        yield f"steps to solve: log-rank p = {log_rank(*(list(map(steps_to_solve, of_arm)) for of_arm in runs)):.2g}"


def _no_split(test: Mapping[str, Any], settings: Sequence[Setting]) -> str:
    """That scores are compared whose test split kept no parts, or too few."""
    by_share = all(setting.by_share for setting in settings)
    if test["measure"] not in ("score", "skill") or by_share or test.get("families") or _split_sample(test, settings):
        return ""
    return "as if the test split were all there is"


def _idle(results: Results, test: Mapping[str, Any], settings: Sequence[Setting]) -> list[str]:
    """For each setting that tells nothing, where its arms are: the better one has hardly learned, or both know all."""
    if test["kind"] != "Compare":
        return []
    if test["measure"] not in ("skill", "solved", "score"):
        return _all_alike(results, test, settings)
    idle: list[str] = []
    for setting in settings:
        skills = [
            float(np.nanmean([0.0 if failed(t, "skill") else t.skill for t in of_arm]))
            for of_arm in setting.arms.values()
        ]
        runs = [trial for of_arm in setting.arms.values() for trial in of_arm]
        unsolved = all("solved" in trial.facts for trial in runs) and not any(solved(trial) == 1 for trial in runs)
        nothing = all(failed(trial, "skill") or trial.skill == 0 for trial in runs)
        if (unsolved and max(skills) < FLOOR) or nothing:
            idle.append("the floor")
        elif min(skills) > CEILING:
            idle.append("the ceiling")
    return idle


def _all_alike(results: Results, test: Mapping[str, Any], settings: Sequence[Setting]) -> list[str]:
    """The same of a measure that says which runs have the task's metric above a value: none, or all of them."""
    idle: list[str] = []
    for setting in settings:
        runs = [trial for of_arm in setting.arms.values() for trial in of_arm]
        reached = {value for trial in runs if not math.isnan(value := results.value(trial, test["measure"]))}
        if is_share(results, test["measure"]) and of_metric(results, test["measure"], facts_of(runs)):
            idle += ["the floor"] if reached == {0.0} else ["the ceiling"] if reached == {1.0} else []
    return idle


def _at_ends(idle: Sequence[str], settings: Sequence[Setting]) -> str:
    """What is said of the settings that tell nothing, beside those that do; the claim is not answered where they are
    most."""
    if not idle:
        return ""
    where = f" in {len(idle)} of {len(settings)} settings" if len(settings) > 1 else ""
    return f"the arms are at {' or '.join(sorted(set(idle)))}{where}"


def subject(test: Mapping[str, Any]) -> str:
    """The measure, and the runs it is of."""
    if test["kind"] == "Compare":
        along = f" with each doubling of {test['along']}" if test.get("along") else ""
        return f"{test['measure']} of {test['arm']} {'/' if test.get('ratio') else '−'} {test['against']}{along}"
    where = ", ".join("/".join(map(str, patterns)) for patterns in test["where"].values())
    return f"{test['measure']} of {where}" if where else test["measure"]


def number(test: Mapping[str, Any], value: float, digits: int = 3) -> str:
    """Three digits, with a sign where it is a difference."""
    if test.get("ratio"):
        return f"{10**value:#.{digits}g}"
    return f"{value:{'+' if test['kind'] == 'Compare' else ''}#.{digits}g}"


def digits_beside(limit: float, values: Sequence[float]) -> int:
    """How many digits show each value on the side of the limit that it lies on: three, or as many as it takes, at most
    six."""

    def side(value: float) -> float:
        return float(np.sign(value - limit))

    def told(digits: int) -> bool:
        return all(side(float(f"{one:.{digits}g}")) == side(one) for one in values if math.isfinite(one))

    return next(filter(told, range(3, 6)), 6)
