"""The answers to an experiment's claims: supported, contradicted or undecided."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from rnn_research.report.results import Results, TrialResult, by_labels, by_seed, keep
from rnn_research.report.statistics import ENOUGH, LEVEL, MarginTest, holm, margin_test, pairs

Answer = Literal["supported", "contradicted", "undecided"]


class Verdict(NamedTuple):
    """A claim with its answer and what was measured."""

    source: str
    text: str
    answer: Answer
    evidence: list[str]


class Measured(NamedTuple):
    """What runs say of a claim, and which of them are deterministic."""

    test: MarginTest
    note: str


def judge(results: Results) -> list[Verdict]:
    """Answer every claim of the experiment; p-values are Holm-corrected over all its comparisons.

    A claim is supported if all its tests are, contradicted if one is.
    """
    claims = results.document["claims"]
    tests = [test for claim in claims for test in claim["tests"]]
    measured = [_measure(results, test) for test in tests]
    compared = [index for index, m in enumerate(measured) if isinstance(m, Measured)]
    corrected = holm([measured[index].test.p for index in compared])
    p_values = dict(zip(compared, corrected, strict=True))
    answers = iter(
        _answer(test, m, p_values.get(index, 1.0)) for index, (test, m) in enumerate(zip(tests, measured, strict=True))
    )
    return [_verdict(claim, [next(answers) for _ in claim["tests"]]) for claim in claims]


def _verdict(claim: dict[str, Any], answers: Sequence[tuple[Answer, str]]) -> Verdict:
    found = {answer for answer, _ in answers}
    overall: Answer = "supported" if found == {"supported"} else "undecided"
    if "contradicted" in found:
        overall = "contradicted"
    return Verdict(claim["source"], claim["text"], overall, [evidence for _, evidence in answers])


def _measure(results: Results, test: dict[str, Any]) -> Any:
    """A ``Measured``, a list of parameter ratios, or a sentence that says why there is nothing to judge."""
    if test["kind"] != "Level" and test["column"] not in results.document["columns"]:
        return f"no runs with an axis {test['column']!r}"
    if test["kind"] == "ParameterRatio":
        facts = [t.facts for t in results.reported if str(t.labels[test["column"]]) == test["arm"]]
        ratios = {fact["cell_parameters"] / fact["elman_parameters"] for fact in facts if "elman_parameters" in fact}
        return sorted(ratios) or f"no runs of {test['arm']}"
    wanted = keep(results.reported, test["where"])
    compared = test["kind"] == "Compare"
    apart = [name for name in results.document["columns"] if not compared or name != test["column"]]
    measure = _differences if compared else _levels
    found = [measure(results, trials, test) for trials in by_labels(wanted, apart).values()]
    known = [values[None] for values in found if None in values]
    strata = [np.array(list(values.values()), float) for values in found if None not in values]
    if known and not strata:
        return f"{_subject(test)}: {_number(test, float(np.mean(known)))}, deterministic: nothing to test"
    fewest = min(map(len, strata), default=0)
    if fewest < ENOUGH:
        what = f"pairs of {test['arm']} and {test['against']}" if compared else f"runs with a {test['measure']}"
        return f"{fewest} {what}; a verdict takes {ENOUGH} seeds"
    note = _deterministic_arms(wanted, test) if compared else f" and {len(known)} deterministic" if known else ""
    return Measured(margin_test(strata, test["margin" if compared else "value"], known), note)


def _levels(results: Results, trials: Sequence[TrialResult], test: dict[str, Any]) -> dict[int | None, float]:
    """The measure of every run that has one, by seed."""
    return by_seed(trials, lambda trial: results.value(trial, test["measure"]))


def _differences(results: Results, trials: Sequence[TrialResult], test: dict[str, Any]) -> dict[int | None, float]:
    """The arm's measure minus the other's, by seed."""
    arm, against = (
        _levels(results, [trial for trial in trials if str(trial.labels[test["column"]]) == name], test)
        for name in (test["arm"], test["against"])
    )
    return pairs(arm, against)


def _deterministic_arms(trials: Sequence[TrialResult], test: dict[str, Any]) -> str:
    """Which of the two arms no seed changes: the runs of the other are what n counts."""
    fixed = {str(trial.labels[test["column"]]) for trial in trials if trial.seed is None}
    arms = [name for name in (test["arm"], test["against"]) if name in fixed]
    return f", {' and '.join(arms)} deterministic" if arms else ""


def _answer(test: dict[str, Any], measured: Any, p: float) -> tuple[Answer, str]:
    if isinstance(measured, str):
        return "undecided", measured
    if isinstance(measured, list):
        found = ", ".join(f"{ratio:.4g}" for ratio in measured)
        right = np.allclose(measured, test["value"], rtol=1e-9, atol=0)
        evidence = f"{test['arm']}: {found} times the Elman cell of equal width, claimed {test['value']:g} (counted)"
        return "supported" if right else "contradicted", evidence
    compared = test["kind"] == "Compare"
    above = compared or test["side"] == "above"
    limit = test["margin" if compared else "value"]
    answer: Answer = "undecided"
    tested: MarginTest = measured.test
    if p < 1 - LEVEL:
        answer = "supported" if (tested.effect > limit) == above else "contradicted"
    effect, low, high = (_number(test, value) for value in (tested.effect, tested.low, tested.high))
    evidence = (
        f"{_subject(test)}: {effect} [{low}, {high}], "
        f"claimed {'more' if above else 'less'} than {limit:{'+' if compared else ''}g}; "
        f"n = {tested.n}{' pairs' if compared else ''}{measured.note}, p = {p:.2g}"
    )
    return answer, evidence


def _number(test: dict[str, Any], value: float) -> str:
    return f"{value:{'+' if test['kind'] == 'Compare' else ''}#.3g}"


def _subject(test: dict[str, Any]) -> str:
    """The measure, and the runs it is of."""
    if test["kind"] == "Compare":
        return f"{test['measure']} of {test['arm']} − {test['against']}"
    where = ", ".join("/".join(map(str, patterns)) for patterns in test["where"].values())
    return f"{test['measure']} of {where}" if where else test["measure"]
