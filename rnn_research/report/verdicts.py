"""The answers to an experiment's claims: supported, contradicted or undecided."""

import math
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any, Literal, NamedTuple

import numpy as np

from rnn_research.report.results import Results, TrialResult, by_labels
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
    if test["column"] not in results.document["columns"]:
        return f"no runs with an axis {test['column']!r}"
    if test["kind"] == "ParameterRatio":
        facts = [t.facts for t in results.reported if t.facts and t.labels[test["column"]] == test["arm"]]
        ratios = {fact["cell_parameters"] / fact["elman_parameters"] for fact in facts}
        return sorted(ratios) or f"no runs of {test['arm']}"
    wanted = [trial for trial in results.reported if _matches(trial, test["where"])]
    others = [name for name in results.document["columns"] if name != test["column"]]
    strata = [_skill_differences(trials, test) for trials in by_labels(wanted, others).values()]
    fewest = min(map(len, strata), default=0)
    if fewest < ENOUGH:
        return f"{fewest} pairs of {test['arm']} and {test['against']}; a verdict takes {ENOUGH} seeds"
    return margin_test(strata, test["margin"])


def _matches(trial: TrialResult, where: dict[str, Sequence[str]]) -> bool:
    return all(
        any(fnmatchcase(str(trial.labels[column]), pattern) for pattern in patterns)
        for column, patterns in where.items()
        if column in trial.labels
    )


def _skill_differences(trials: Sequence[TrialResult], test: dict[str, Any]) -> np.ndarray:
    """Skill of the arm minus skill of the other, for each seed that both have ended."""
    arm, against = (
        {t.seed: t.skill for t in trials if t.labels[test["column"]] == name and not math.isnan(t.skill)}
        for name in (test["arm"], test["against"])
    )
    return np.array([arm[seed] - against[seed] for seed in sorted(set(arm) & set(against))])


def _answer(test: dict[str, Any], measured: Any, p: float) -> tuple[Answer, str]:
    if isinstance(measured, str):
        return "undecided", measured
    if isinstance(measured, list):
        found = ", ".join(f"{ratio:.4g}" for ratio in measured)
        right = np.allclose(measured, test["value"], rtol=1e-9, atol=0)
        evidence = f"{test['arm']}: {found} times the Elman cell of equal width, claimed {test['value']:g} (counted)"
        return "supported" if right else "contradicted", evidence
    answer: Answer = "undecided"
    if p < 1 - LEVEL:
        answer = "supported" if measured.effect > test["margin"] else "contradicted"
    evidence = (
        f"skill of {test['arm']} − {test['against']}: {measured.effect:+.3f} "
        f"[{measured.low:+.3f}, {measured.high:+.3f}], claimed more than {test['margin']:+g}; "
        f"n = {measured.n} pairs, p = {p:.2g}"
    )
    return answer, evidence
