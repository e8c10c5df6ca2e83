"""The answers to an experiment's claims: supported, contradicted or undecided."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from rnn_research.report.failures import count_failures, filled
from rnn_research.report.results import Results, TrialResult, by_labels, keep
from rnn_research.report.statistics import ENOUGH, LEVEL, MarginTest, holm, margin_test

Answer = Literal["supported", "contradicted", "undecided"]


class Measured(NamedTuple):
    """A test against a margin.

    Attributes:
      finished: of the runs that have the measure.
      all_ended: with those that failed and have none, as ``failures.filled`` counts them; the same where there is none.
      failed: how many failed, for people; empty where none did.
    """

    finished: MarginTest
    all_ended: MarginTest
    failed: str

    def p(self, limit: float) -> float:
        """Of both at once: that of the weaker; 1 where they lie on different sides of the limit."""
        sides = {test.effect > limit for test in (self.finished, self.all_ended)}
        return max(self.finished.p, self.all_ended.p) if len(sides) == 1 else 1.0


class Verdict(NamedTuple):
    """A claim with its answer and what was measured."""

    source: str
    text: str
    answer: Answer
    evidence: list[str]


def judge(results: Results) -> list[Verdict]:
    """Answer every claim of the experiment; p-values are Holm-corrected over all its comparisons.

    A claim is supported if all its tests are, contradicted if one is. Runs that failed are counted: an answer stands
    only if it is the same with them.
    """
    claims = results.document["claims"]
    tests = [test for claim in claims for test in claim["tests"]]
    measured = [_measure(results, test) for test in tests]
    compared = [(index, m) for index, m in enumerate(measured) if isinstance(m, Measured)]
    corrected = holm([m.p(_limit(tests[index])) for index, m in compared])
    p_values = {index: p for (index, _), p in zip(compared, corrected, strict=True)}
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


def _limit(test: dict[str, Any]) -> float:
    """What the effect is compared with."""
    return test["margin" if test["kind"] == "Compare" else "value"]


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
    if compared:
        wanted = [trial for trial in wanted if str(trial.labels[test["column"]]) in (test["arm"], test["against"])]
    apart = [name for name in results.document["columns"] if not compared or name != test["column"]]
    settings = list(by_labels(wanted, apart).values())
    strata = [_samples(test, trials, _values(results, trials, test["measure"])) for trials in settings]
    failed = count_failures(wanted, test)
    fewest = min(map(len, strata), default=0)
    if fewest < ENOUGH:
        what = f"pairs of {test['arm']} and {test['against']}" if compared else f"runs with a {test['measure']}"
        return "; ".join(filter(None, [f"{fewest} {what}; a verdict takes {ENOUGH} seeds", failed]))
    finished = all_ended = margin_test(strata, _limit(test))
    above = finished.effect > _limit(test)
    counted = [
        _samples(test, trials, filled(results, trials, test, _values(results, trials, test["measure"]), above))
        for trials in settings
    ]
    if list(map(len, counted)) != list(map(len, strata)):
        all_ended = margin_test(counted, _limit(test))
    return Measured(finished, all_ended, failed)


def _values(results: Results, trials: Sequence[TrialResult], measure: str) -> dict[str, float]:
    """The measure of every run, by its id."""
    return {trial.id: results.value(trial, measure) for trial in trials}


def _samples(test: dict[str, Any], trials: Sequence[TrialResult], values: dict[str, float]) -> np.ndarray:
    """What is tested, of the runs of a setting: the measure of every run that has one; for ``Compare`` the arm's minus
    the other's, for each seed that has both."""
    if test["kind"] == "Level":
        found = [values[trial.id] for trial in trials]
    else:
        arm, against = (
            {t.seed: values[t.id] for t in trials if str(t.labels[test["column"]]) == name}
            for name in (test["arm"], test["against"])
        )
        found = [arm[seed] - against[seed] for seed in sorted(set(arm) & set(against))]
    array = np.array(found, float)
    return array[np.isfinite(array)]


def _answer(test: dict[str, Any], measured: Any, p: float) -> tuple[Answer, str]:
    if isinstance(measured, str):
        return "undecided", measured
    if isinstance(measured, list):
        found = ", ".join(f"{ratio:.4g}" for ratio in measured)
        right = np.allclose(measured, test["value"], rtol=1e-9, atol=0)
        evidence = f"{test['arm']}: {found} times the Elman cell of equal width, claimed {test['value']:g} (counted)"
        return "supported" if right else "contradicted", evidence
    compared, limit, effect = test["kind"] == "Compare", _limit(test), measured.finished
    above = compared or test["side"] == "above"
    answer: Answer = "undecided"
    if p < 1 - LEVEL:
        answer = "supported" if (effect.effect > limit) == above else "contradicted"
    what = f"{test['measure']} of {test['arm']} − {test['against']}" if compared else _place(test)
    sign = "+" if compared else ""
    evidence = (
        f"{what}: {_interval(effect, sign)}, claimed {'more' if above else 'less'} than {limit:{sign}g}; "
        f"n = {effect.n}{' pairs' if compared else ''}, p = {p:.2g}"
    )
    if measured.all_ended is not effect:
        evidence += f"; {_interval(measured.all_ended, sign)}, n = {measured.all_ended.n}, with those that failed"
    return answer, evidence + (f"; {measured.failed}" if measured.failed else "")


def _interval(test: MarginTest, sign: str) -> str:
    return f"{test.effect:{sign}#.3g} [{test.low:{sign}#.3g}, {test.high:{sign}#.3g}]"


def _place(test: dict[str, Any]) -> str:
    """A level's measure and the runs it is of."""
    where = ", ".join("/".join(map(str, patterns)) for patterns in test["where"].values())
    return f"{test['measure']} of {where}" if where else test["measure"]
