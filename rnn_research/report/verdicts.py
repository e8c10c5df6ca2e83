"""The answers to an experiment's claims; docs/statistics.md says in words what they mean."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from rnn_research.experiment.looks import ERROR, PLANNED, error_of, last, seeds_of, taken
from rnn_research.report.budget import at_this_budget, minutes
from rnn_research.report.comparison import Comparison, Unjudged, compare, digits_beside, limit_of, number, subject
from rnn_research.report.remarks import unfinished, without_runs
from rnn_research.report.results import (
    Results,
    by_labels,
    facts_of,
    group_by,
    has_ended,
    is_score,
    keep,
    possible,
    possible_measure,
)
from rnn_research.report.statistics import LEVEL, holm_levels, runs_needed

Answer = Literal["supported", "contradicted", "equivalent", "mixed", "undecided", "not answered"]
# What a claim is called whose tests have different answers: the first of these that one of them has. One test that
# fails is enough, whatever the others may come to.
WEAKEST: tuple[Answer, ...] = ("contradicted", "equivalent", "mixed", "not answered", "undecided", "supported")
MOST_RUNS = 1000  # of an arm that are named as what it would take


class Measured(NamedTuple):
    """A test of a claim in numbers, as they were claimed: ratios as ratios.

    Attributes:
      subject: the measure, and the runs that it is of.
      kind: what the numbers are.
      low, high: the interval, at ``level``; NaN where there is none.
      limit: what was claimed, and ``above`` whether it is to be more than that or less.
      runs: of the arm that has the fewest; 0 where no seed changes any.
      wanted: runs of an arm that would decide it; infinite where no number would, 0 where it is decided or nobody can
        say.
    """

    subject: str
    answer: Answer
    effect: float
    low: float
    high: float
    level: float
    limit: float
    above: bool
    kind: Literal["difference", "ratio", "level"]
    runs: int
    wanted: float = 0


class Verdict(NamedTuple):
    """A claim with its answer and what was measured.

    Attributes:
      evidence: a line for each test.
      open: whether it is undecided and more seeds may decide it, which they do not where there is nothing to judge, nor
        where the test split is too small.
      measured: a record for each test; None for one without an estimate.
    """

    source: str
    text: str
    answer: Answer
    evidence: list[str]
    primary: bool = True
    open: bool = False
    measured: tuple[Measured | None, ...] = ()


class Counted(NamedTuple):
    """What was counted, exactly as claimed or not."""

    right: bool
    evidence: str


Found = Comparison | Counted | Unjudged


def parted(evidence: str, one: Measured | None) -> tuple[str, list[str]]:
    """Of a line of evidence what was measured, and what else it says; what is measured has the names of arms in it, and
    those may hold anything."""
    subject = one.subject if one else ""
    first, *others = evidence.removeprefix(subject).split("; ")
    return subject + first, others


def judge(results: Results) -> list[Verdict]:
    """Answer every claim of the experiment.

    The interval is the test. Its level is 95%, or, of the primary claims, what Holm's procedure gives each so that all
    of them together are wrong in at most one of twenty experiments; less where the error was spent over several looks
    at growing numbers of seeds (``experiment.json`` keeps them): each number has what its own look may spend.
    """
    claims = [
        claim | {"tests": [_of_score(results, one) for one in claim["tests"]]} for claim in results.document["claims"]
    ]
    looks = taken(results.document)
    seeds = results.document.get("seeds", last(looks))
    error = error_of(looks, seeds)
    found = [[_measure(results, test) for test in claim["tests"]] for claim in claims]
    if error is None:
        looked = f"{seeds} seeds are none of its looks, which were at {seeds_of(looks)}"
        reason = f"{looked}: a verdict would be one look more"
        found = [[_unless_known(one, Unjudged(reason, by_seeds=True)) for one in of_claim] for of_claim in found]
        error = ERROR
    compared = [
        index
        for index, claim in enumerate(claims)
        if claim.get("primary", True) and any(isinstance(one, Comparison) for one in found[index])
    ]
    p_values = [_claim_p(claims[index]["tests"], found[index]) for index in compared]
    levels = dict.fromkeys(range(len(claims)), 1 - error) | dict(
        zip(compared, holm_levels(p_values, error), strict=True)
    )
    return [_verdict(results, claim, found[index], levels[index]) for index, claim in enumerate(claims)]


def _unless_known(found: Found, instead: Unjudged) -> Found:
    """The other in the place of what more seeds would change."""
    return instead if isinstance(found, Comparison) and found.runs else found


def _of_score(results: Results, test: Mapping[str, Any]) -> Mapping[str, Any]:
    """The test, of the score where that is what its measure is: of scores it is known what the test split adds, and
    whether curves still rise."""
    if test["kind"] == "ParameterRatio" or test.get("ratio"):
        return test
    metrics = {trial.facts["metric"] for trial in keep(results.reported, test["where"]) if trial.facts}
    of_score = metrics and all(is_score(results, test["measure"], {"metric": metric}) for metric in metrics)
    return {**test, "measure": "score"} if of_score else test


def _measure(results: Results, test: Mapping[str, Any]) -> Found:
    """What a test measured."""
    if test["kind"] != "Level" and test["column"] not in results.document["columns"]:
        return Unjudged(f"no runs with an axis {test['column']!r}")
    if test["kind"] == "ParameterRatio":
        return _ratio(results, test)
    if results.measures.get(test["measure"], {}).get("split") == "facts":
        return _fact(results, test) if test["kind"] == "Level" else _facts(results, test)
    return compare(results, test)


def _ratio(results: Results, test: Mapping[str, Any]) -> Found:
    facts = [trial.facts for trial in results.reported if str(trial.labels[test["column"]]) == test["arm"]]
    counts = [(fact["cell_parameters"], fact["elman_parameters"]) for fact in facts if "elman_parameters" in fact]
    ratios = sorted({parameters / of_elman for parameters, of_elman in counts})
    if not ratios:
        return Unjudged(f"no runs of {test['arm']}")
    counted = ", ".join(f"{ratio:.4g}" for ratio in ratios)
    return Counted(
        np.allclose(ratios, test["value"], rtol=1e-9, atol=0),
        f"{test['arm']}: {counted} times the Elman cell of equal width, claimed {test['value']:g} (counted)",
    )


def _fact(results: Results, test: Mapping[str, Any]) -> Found:
    """A level of what is counted before any training: it holds of every run or it does not."""
    trials = keep(results.reported, test["where"])
    found = sorted({value for trial in trials if math.isfinite(value := results.value(trial, test["measure"]))})
    if not found:
        return Unjudged(f"{subject(test)}: there are no runs that have it")
    above = test["side"] == "above"
    right = all((value > test["value"]) == above and value != test["value"] for value in found)
    counted = ", ".join(f"{value:g}" for value in found)
    side = "more" if above else "less"
    return Counted(right, f"{subject(test)}: {counted}, claimed {side} than {test['value']:g} (counted)")


def _facts(results: Results, test: Mapping[str, Any]) -> Found:
    """A comparison of what is counted before any training: it holds of all runs of both arms, in every setting, or it
    does not."""
    apart = [name for name in results.document["columns"] if name != test["column"]]
    holds: list[bool] = []
    lines: list[str] = []
    for trials in by_labels(keep(results.reported, test["where"]), apart).values():
        of_arm = group_by(trials, lambda trial: str(trial.labels[test["column"]]))
        first, second = (
            [value for trial in of_arm.get(arm, []) if math.isfinite(value := results.value(trial, test["measure"]))]
            for arm in (test["arm"], test["against"])
        )
        if not first or not second:
            return Unjudged(f"{subject(test)}: there are no runs that have it")
        least, most = min(first), max(second)
        holds.append(least > test["margin"] * most if test.get("ratio") else least - most > test["margin"])
        lines.append(f"{least:.4g} and {most:.4g}")
    counted = ", ".join(dict.fromkeys(lines))
    return Counted(all(holds), f"{subject(test)}: {counted}, claimed more than {_limit(test)} (counted)")


def _claim_p(tests: Sequence[Mapping[str, Any]], found: Sequence[Found]) -> float:
    """The p that Holm's procedure ranks a claim by: if its tests all point its way that of the weakest, as all must
    hold; else that of the strongest against it, times their number, as one is enough."""
    measured = [(test, one) for test, one in zip(tests, found, strict=True) if isinstance(one, Comparison)]
    p_values = [_p(test, one) for test, one in measured]
    sides = [_as_claimed(test, one.estimate.effect) for test, one in measured]
    against = [p for p, as_claimed in zip(p_values, sides, strict=True) if not as_claimed]
    return min(1.0, min(against) * len(measured)) if against else max(p_values)


def _p(test: Mapping[str, Any], found: Comparison) -> float:
    """Against the limit; with the runs that failed and without them, the weaker of both, 1 where they disagree. Where
    an arm has but one run that finished, these say a side and no more."""
    limit, p = limit_of(test), found.estimate.p(limit_of(test))
    if found.finished is None or found.finished is found.estimate:
        return p
    if (found.estimate.effect > limit) != (found.finished.effect > limit):
        return 1.0
    return p if math.isnan(found.finished.interval()[0]) else max(p, found.finished.p(limit))


def _as_claimed(test: Mapping[str, Any], effect: float) -> bool:
    """Whether an effect lies on the side of the limit that the claim says."""
    above = test["kind"] == "Compare" or test["side"] == "above"
    return (effect > limit_of(test)) == above


def _verdict(results: Results, claim: Mapping[str, Any], found: Sequence[Found], level: float) -> Verdict:
    compared = sum(isinstance(one, Comparison) for one in found)
    answers = [_answer(results, test, one, level, compared) for test, one in zip(claim["tests"], found, strict=True)]
    given = {answer for answer, _, _ in answers}
    overall: Answer = next(answer for answer in WEAKEST if answer in given)
    evidence = [line for _, line, _ in answers]
    measured = tuple(one for _, _, one in answers)
    still = overall == "undecided" and any(
        answer == "undecided" and _seeds_may_decide(test, one)
        for (answer, _, _), test, one in zip(answers, claim["tests"], found, strict=True)
    )
    return Verdict(claim["source"], claim["text"], overall, evidence, claim.get("primary", True), still, measured)


def _to_come(results: Results, test: Mapping[str, Any]) -> str:
    """What is still to come of the runs that a ``Compare`` or a ``Level`` is about; empty if nothing. An answer before
    that would be a look at fewer seeds than were planned; one stopped at a chance verdict would be false too often."""
    arms = (test["arm"], test["against"]) if test["kind"] == "Compare" else ()
    about = [
        one for one in keep(results.reported, test["where"]) if not arms or str(one.labels[test["column"]]) in arms
    ]
    coming = sum(not has_ended(trial) for trial in about)
    said = [f"{coming} of its {len(about)} runs are to come"] if coming else without_runs(results)
    return said[0] if said else ""


def _answer(
    results: Results, test: Mapping[str, Any], found: Found, level: float, tests: int
) -> tuple[Answer, str, Measured | None]:
    if isinstance(found, Unjudged):
        return ("undecided" if found.by_seeds or unfinished(results) else "not answered"), found.reason, None
    if isinstance(found, Counted):
        return ("supported" if found.right else "contradicted"), found.evidence, None
    coming = _to_come(results, test)
    answer = "undecided" if coming else decide(test, found, level, tests)
    below, beyond = opposed(test, found, level)
    level = level if _as_claimed(test, found.estimate.effect) else 1 - (1 - level) / tests
    above = test["kind"] == "Compare" or test["side"] == "above"
    low, high = _shown_interval(results, test, found, level)
    scope = f"over {found.estimate.n} families in general" if test.get("families") else ""
    if len(found.alone) > 1 and not scope:
        scope = f"on these {len(found.alone)} settings"
    shown = {**test, "measure": found.measure}
    parts = [
        f"{subject(shown)}: {_interval(test, found.estimate.effect, low, high)}{_at(level)}, "
        f"claimed {'more' if above else 'less'} than {_limit(test)}",
        " ".join(filter(None, [f"n = {found.runs}" if found.runs else "no seed changes it", scope])),
        *found.notes,
    ]
    if found.finished is not None and found.finished is not found.estimate:
        ends = found.finished.interval(level)
        parts.append(f"without those that failed {_interval(test, found.finished.effect, *ends)}")
    if answer == "not answered":
        parts.append(found.unanswered)
    if answer == "mixed":
        parts.append("below the opposite margin: " + ", ".join(below) if below else "")
        parts.append("above the margin: " + ", ".join(beyond) if beyond else "")
    parts.append(coming)
    wanted = _wanted(test, found, level) if answer == "undecided" and not coming else 0.0
    if answer == "undecided" and not coming:
        parts.append(_would_take(results, found, wanted))
    parts.append(at_this_budget(results, test, found))
    measured = _measured(shown, answer, found, (low, high, level), wanted)
    return answer, "; ".join(filter(None, parts)), measured


def _shown_interval(results: Results, test: Mapping[str, Any], found: Comparison, level: float) -> tuple[float, float]:
    """Of that level, of a mean, or the difference of two, as far as there can be one."""
    low, high = found.estimate.interval(level)
    if test.get("families") or test.get("along") or test.get("ratio") or math.isnan(low):
        return low, high
    facts, measure = facts_of(found.trials), test["measure"]
    least, most = possible(facts, "skill") if measure == "skill" else possible_measure(results, measure, facts)
    if test["kind"] == "Compare":
        least, most = least - most, most - least
    return min(max(low, least), found.estimate.effect), max(min(high, most), found.estimate.effect)


def _measured(
    test: Mapping[str, Any], answer: Answer, found: Comparison, interval: tuple[float, float, float], wanted: float
) -> Measured:
    ratio, compared = bool(test.get("ratio")), test["kind"] == "Compare"
    low, high, level = interval
    values = (found.estimate.effect, low, high, limit_of(test))
    effect, low, high, limit = (10**value for value in values) if ratio else values
    kind = "ratio" if ratio else "difference" if compared else "level"
    above = compared or test["side"] == "above"
    return Measured(subject(test), answer, effect, low, high, level, limit, above, kind, found.runs, wanted)


def decide(test: Mapping[str, Any], found: Comparison, level: float, tests: int = 1) -> Answer:
    """The answer to one test of a claim, from the interval of that level.

    Args:
      tests: of the claim: one that fails contradicts it, so each may do so with its part of the error only.
    """
    if found.unanswered:
        return "not answered"
    below, above = opposed(test, found, level)
    as_claimed = _as_claimed(test, found.estimate.effect)
    if _p(test, found) >= (1 - level) / (1 if as_claimed else tests):
        return "mixed" if below and above else "undecided"
    if below if found.estimate.effect > limit_of(test) else above:
        return "mixed"
    if as_claimed:
        return "supported"
    low, high = found.estimate.interval(1 - (1 - level) / tests)
    # Ten times is a size that is claimed; two arms within it of each other are not alike.
    margin = limit_of(test) if test["kind"] == "Compare" and not test.get("ratio") else 0.0
    return "equivalent" if margin > 0 and -margin < low and high < margin else "contradicted"


def opposed(test: Mapping[str, Any], found: Comparison, level: float) -> tuple[list[str], list[str]]:
    """The settings whose own interval, at a level for all of them together, lies below −margin; above the margin."""
    if test["kind"] != "Compare" or len(found.alone) < 2 or test.get("along"):
        return [], []
    margin, each = abs(limit_of(test)), 1 - (1 - level) / len(found.alone)
    ends = [(name, one.effect, *one.interval(each)) for name, one in found.alone]

    def shown(name: str, effect: float, low: float, high: float) -> str:
        return f"{name} {_interval(test, effect, low, high)}"

    return [shown(*one) for one in ends if one[3] < -margin], [shown(*one) for one in ends if one[2] > margin]


def _wanted(test: Mapping[str, Any], found: Comparison, level: float) -> float:
    """How many runs of an arm would decide, if what was measured is so; infinite where the test split is too small, 0
    where nobody can say."""
    if test.get("families") or not found.runs:
        return 0.0
    alone = found.split.interval(level)[1] if found.split else 0.0
    return runs_needed(found.estimate, limit_of(test), level, found.runs, alone)


def _would_take(results: Results, found: Comparison, wanted: float) -> str:
    """How many seeds would decide, and the minutes of them."""
    if math.isinf(wanted) and found.split:
        return "would take a larger test split, if all is as measured"
    if not found.runs < wanted <= MOST_RUNS:
        return f"would take more than {MOST_RUNS} seeds" if wanted > MOST_RUNS else ""
    more = minutes(results, found.trials) * (wanted / found.runs - 1)
    cost = "" if math.isnan(more) else f", {max(1, round(more))} min more"
    return f"would take about {wanted:.0f} seeds{cost}"


def _seeds_may_decide(test: Mapping[str, Any], found: Found) -> bool:
    """Whether an undecided test may be answered at a later look: not where the test split alone reaches as far as the
    limit, at the level of the last of them, wherever in the reach of the runs the truth lies; nor where no seed changes
    anything."""
    if not isinstance(found, Comparison):
        return isinstance(found, Unjudged) and found.by_seeds
    level = 1 - PLANNED[-1].error
    alone = found.split.interval(level)[1] if found.split else 0.0
    reach = max(abs(end - found.estimate.effect) for end in found.estimate.interval(level))
    of_runs = math.sqrt(max(reach**2 - alone**2, 0.0))
    return found.runs > 0 and abs(found.estimate.effect - limit_of(test)) + of_runs > alone


def _limit(test: Mapping[str, Any]) -> str:
    """What is claimed, as it was written."""
    if test["kind"] == "Level":
        return f"{test['value']:g}"
    return f"{test['margin']:g} times" if test.get("ratio") else f"{test['margin']:+g}"


def _interval(test: Mapping[str, Any], effect: float, low: float, high: float) -> str:
    digits = digits_beside(limit_of(test), (low, high))
    if math.isnan(low):
        return number(test, effect)
    return f"{number(test, effect, digits)} [{number(test, low, digits)}, {number(test, high, digits)}]"


def _at(level: float) -> str:
    return "" if math.isclose(level, LEVEL) else f" at {100 * level:.3g}%"
