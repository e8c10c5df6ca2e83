"""The answers to an experiment's claims: supported, contradicted or undecided."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from rnn_research.report.failures import count_failures, filled, with_failed_skills
from rnn_research.report.results import Results, TrialResult, by_labels, by_seed, keep
from rnn_research.report.statistics import ENOUGH, LEVEL, MarginTest, holm, margin_test, pairs

Answer = Literal["supported", "contradicted", "undecided"]


class Measured(NamedTuple):
    """A test against a margin.

    Attributes:
      finished: of the runs that have the measure.
      all_ended: with those that failed and have none, as ``failures.filled`` counts them; the same where there is none.
      failed: how many failed, for people; empty where none did.
      deterministic: what of it no seed changes and is not counted, for people; empty where all is random.
    """

    finished: MarginTest
    all_ended: MarginTest
    failed: str
    deterministic: str

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
    values = [_values(results, trials, test["measure"]) for trials in settings]
    samples, failed = _samples(test, settings, values), count_failures(wanted, test)
    if samples.known and not samples.random:
        return f"{_subject(test)}: {_number(test, float(np.mean(samples.known)))}, deterministic: nothing to test"
    fewest = min(map(len, samples.random), default=0)
    if fewest < ENOUGH:
        what = f"pairs of {test['arm']} and {test['against']}" if compared else f"runs with a {test['measure']}"
        return "; ".join(filter(None, [f"{fewest} {what}; a verdict takes {ENOUGH} seeds", failed]))
    finished = all_ended = margin_test(samples.random, _limit(test), samples.known)
    above = finished.effect > _limit(test)
    counted = _samples(
        test,
        settings,
        [filled(results, trials, test, found, above) for trials, found in zip(settings, values, strict=True)],
    )
    if counted.sizes != samples.sizes:
        all_ended = margin_test(counted.random, _limit(test), counted.known)
    return Measured(finished, all_ended, failed, _deterministic(test, wanted, samples))


def _values(results: Results, trials: Sequence[TrialResult], measure: str) -> dict[str, float]:
    """The measure of every run of a setting, by its id."""
    values = {trial.id: results.value(trial, measure) for trial in trials}
    return with_failed_skills(trials, values) if measure == "skill" else values


class Samples(NamedTuple):
    """What is tested, by setting: ``random`` ``[seeds]`` each, and ``known`` where no seed changes it."""

    random: list[np.ndarray]
    known: list[float]

    @property
    def sizes(self) -> list[int]:
        return [*map(len, self.random), len(self.known)]


def _samples(
    test: dict[str, Any], settings: Sequence[Sequence[TrialResult]], values: Sequence[dict[str, float]]
) -> Samples:
    """The measure of every run that has one; for ``Compare`` arm minus other, for each seed that has both."""
    found = [_by_seed(test, trials, of_trial) for trials, of_trial in zip(settings, values, strict=True)]
    return Samples(
        [np.array(list(of_seed.values()), float) for of_seed in found if None not in of_seed],
        [of_seed[None] for of_seed in found if None in of_seed],
    )


def _by_seed(test: dict[str, Any], trials: Sequence[TrialResult], values: dict[str, float]) -> dict[int | None, float]:
    if test["kind"] == "Level":
        return by_seed(trials, lambda trial: values[trial.id])
    arm, against = (
        by_seed([t for t in trials if str(t.labels[test["column"]]) == name], lambda trial: values[trial.id])
        for name in (test["arm"], test["against"])
    )
    return pairs(arm, against)


def _deterministic(test: dict[str, Any], trials: Sequence[TrialResult], samples: Samples) -> str:
    """Which of two arms no seed changes, so that the runs of the other are what n counts; how many levels are known."""
    if test["kind"] != "Compare":
        return f" and {len(samples.known)} deterministic" if samples.known else ""
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
    compared, limit, effect = test["kind"] == "Compare", _limit(test), measured.finished
    above = compared or test["side"] == "above"
    answer: Answer = "undecided"
    if p < 1 - LEVEL:
        answer = "supported" if (effect.effect > limit) == above else "contradicted"
    sign = "+" if compared else ""
    evidence = (
        f"{_subject(test)}: {_interval(test, effect)}, "
        f"claimed {'more' if above else 'less'} than {limit:{sign}g}; "
        f"n = {effect.n}{' pairs' if compared else ''}{measured.deterministic}, p = {p:.2g}"
    )
    if measured.all_ended is not effect:
        evidence += f"; {_interval(test, measured.all_ended)}, n = {measured.all_ended.n}, with those that failed"
    return answer, evidence + (f"; {measured.failed}" if measured.failed else "")


def _interval(test: dict[str, Any], found: MarginTest) -> str:
    effect, low, high = (_number(test, value) for value in (found.effect, found.low, found.high))
    return f"{effect} [{low}, {high}]"


def _number(test: dict[str, Any], value: float) -> str:
    return f"{value:{'+' if test['kind'] == 'Compare' else ''}#.3g}"


def _subject(test: dict[str, Any]) -> str:
    """The measure, and the runs it is of."""
    if test["kind"] == "Compare":
        return f"{test['measure']} of {test['arm']} − {test['against']}"
    where = ", ".join("/".join(map(str, patterns)) for patterns in test["where"].values())
    return f"{test['measure']} of {where}" if where else test["measure"]
