"""The answers to an experiment's claims: supported, contradicted or undecided."""

import math
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from rnn_research.report.results import Results, TrialResult, by_labels, keep
from rnn_research.report.statistics import ENOUGH, LEVEL, MarginTest, holm, margin_test

Answer = Literal["supported", "contradicted", "undecided"]


class Verdict(NamedTuple):
    """A claim with its answer and what was measured."""

    source: str
    text: str
    answer: Answer
    evidence: list[str]


def judge(results: Results) -> list[Verdict]:
    """Answer every claim of the experiment; p-values are Holm-corrected over all its comparisons.

    A claim is supported if all its tests are, contradicted if one is.
    """
    claims = results.document["claims"]
    tests = [test for claim in claims for test in claim["tests"]]
    measured = [_measure(results, test) for test in tests]
    compared = [index for index, m in enumerate(measured) if isinstance(m, MarginTest)]
    corrected = holm([measured[index].p for index in compared])
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
    """A ``MarginTest``, a list of parameter ratios, or a sentence that says why there is nothing to judge."""
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
    strata = [measure(results, trials, test) for trials in by_labels(wanted, apart).values()]
    fewest = min(map(len, strata), default=0)
    if fewest < ENOUGH:
        what = f"pairs of {test['arm']} and {test['against']}" if compared else f"runs with a {test['measure']}"
        return f"{fewest} {what}; a verdict takes {ENOUGH} seeds"
    return margin_test(strata, test["margin" if compared else "value"])


def _levels(results: Results, trials: Sequence[TrialResult], test: dict[str, Any]) -> np.ndarray:
    """The measure of every run that has one."""
    values = [results.value(trial, test["measure"]) for trial in trials]
    return np.array([value for value in values if math.isfinite(value)])


def _differences(results: Results, trials: Sequence[TrialResult], test: dict[str, Any]) -> np.ndarray:
    """The arm's measure minus the other's, for each seed that has both."""
    arm, against = (
        {t.seed: results.value(t, test["measure"]) for t in trials if str(t.labels[test["column"]]) == name}
        for name in (test["arm"], test["against"])
    )
    found = np.array([arm[seed] - against[seed] for seed in sorted(set(arm) & set(against))], float)
    return found[np.isfinite(found)]


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
    if p < 1 - LEVEL:
        answer = "supported" if (measured.effect > limit) == above else "contradicted"
    what = f"{test['measure']} of {test['arm']} − {test['against']}" if compared else _place(test)
    sign = "+" if compared else ""
    evidence = (
        f"{what}: {measured.effect:{sign}#.3g} [{measured.low:{sign}#.3g}, {measured.high:{sign}#.3g}], "
        f"claimed {'more' if above else 'less'} than {limit:{sign}g}; "
        f"n = {measured.n}{' pairs' if compared else ''}, p = {p:.2g}"
    )
    return answer, evidence


def _place(test: dict[str, Any]) -> str:
    """A level's measure and the runs it is of."""
    where = ", ".join("/".join(map(str, patterns)) for patterns in test["where"].values())
    return f"{test['measure']} of {where}" if where else test["measure"]
