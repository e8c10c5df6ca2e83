"""How often a whole experiment ends in a false verdict: the report's own judgement, with its choice between skills and
shares of runs, Holm's levels over three primary claims, and planned looks. Called by ``benchmarks.coverage``.

Two or three tasks, three arms, scores of real runs (``benchmarks/populations.json``) or made-up ones. The margin of
each claim is the truth, so every answer that says more or less than that is false.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from rnn_research.exhibits import TEST_PARTS
from rnn_research.experiment.looks import PLANNED
from rnn_research.report.results import Results, TrialResult
from rnn_research.report.verdicts import Verdict, judge

ARMS = ("elman", "lstm", "gru")
FALSE = ("supported", "contradicted", "equivalent")
SIZES = (8, 10, 16, 20, 32)
PARTS = 40  # of a test split
Populations = Mapping[str, Mapping[str, Any]]


def rows(populations: Populations, draws: int) -> Iterator[tuple[str, list[str]]]:
    """Rows: an experiment, the share of draws with a false verdict by n, and with looks at 8, 16 and 32 seeds."""
    for name, experiment in experiments(populations).items():
        yield name, [f"{share:.3f}" for share in false_verdicts(*experiment, draws)]


def experiments(populations: Populations) -> dict[str, tuple[Populations, dict[tuple[str, str], float]]]:
    """What there is to draw from, and the truth of each claim."""
    arms = {f"{task}, {arm}": populations[f"{task}, {arm}"] for task in ("adding", "temporal_order") for arm in ARMS}
    arms |= {f"characters, {arm}": populations[f"characters, {arm}"] for arm in ARMS[:2]}
    arms["characters, gru"] = populations["characters, lstm"]  # that was not trained
    alike = {name: arms[f"{name.partition(',')[0]}, lstm"] for name in arms}
    found = {"real tasks, real arms": arms, "real tasks, all arms LSTMs": alike, "skills alone": made_up(skewed=False)}
    found["skills, some skewed, and shares"] = made_up(skewed=True)
    with_parts = {name: dict(arm) | {"parts": True} for name, arm in made_up(skewed=False).items()}
    found["skills alone, on a test split of 40 parts"] = with_parts
    return {name: (drawn_from, truths(drawn_from)) for name, drawn_from in found.items()}


def made_up(skewed: bool) -> Populations:
    """Normal skills in all tasks; or normal ones, exponential ones, and runs of two kinds."""
    rng, found = np.random.default_rng(1), {}
    for index, arm in enumerate(ARMS):
        found[f"normal, {arm}"] = {"values": rng.normal(0.5 + 0.1 * index, 0.05, 4000), "solved": None}
        if skewed:
            found[f"exponential, {arm}"] = {"values": 0.3 + 0.1 * index + rng.exponential(0.1, 4000), "solved": None}
            kinds = np.where(rng.random(4000) < 0.3 + 0.3 * index, 0.97, 0.2) + rng.normal(0, 0.01, 4000)
            found[f"two kinds, {arm}"] = {"values": kinds, "solved": 0.9}
        else:
            found[f"wider, {arm}"] = {"values": rng.normal(0.3 + 0.1 * index, 0.02 * 3**index, 4000), "solved": None}
    return found


def truths(populations: Populations) -> dict[tuple[str, str], float]:
    """Of every pair of arms: shares of runs of a task that some run solves, else skills, averaged over tasks."""
    tasks = list(dict.fromkeys(name.partition(",")[0] for name in populations))

    def truth(task: str, pair: tuple[str, str]) -> float:
        first, second = (np.array(populations[f"{task}, {arm}"]["values"]) for arm in pair)
        solved = populations[f"{task}, {pair[0]}"]["solved"]
        if solved is not None and (first >= solved).any() | (second >= solved).any():
            first, second = first >= solved, second >= solved
        return float(first.mean() - second.mean())

    pairs = [(after, before) for before, after in itertools.combinations(ARMS, 2)]
    return {pair: float(np.mean([truth(task, pair) for task in tasks])) for pair in pairs}


def false_verdicts(populations: Populations, claims: Mapping[tuple[str, str], float], draws: int) -> list[float]:
    """The share of draws with a false verdict: at each of ``SIZES``, and with planned looks."""
    rng, found = np.random.default_rng(0), np.zeros((draws, len(SIZES) + 1), bool)
    for draw in range(draws):
        most = max(SIZES)
        drawn = {name: rng.choice(len(arm["values"]), most, replace=False) for name, arm in populations.items()}
        trials = list(trials_of(populations, drawn, rng))
        for column, n in enumerate(SIZES):
            found[draw, column] = is_false(verdicts(trials, claims, n, []))
        for number, look in enumerate(PLANNED):
            answers = verdicts(trials, claims, look.seeds, PLANNED[: number + 1])
            found[draw, -1] |= is_false(answers)
            if not any(answer.open for answer in answers):
                break
    return found.mean(axis=0).tolist()


def is_false(answers: Sequence[Verdict]) -> bool:
    return any(answer.answer in FALSE for answer in answers)


def trials_of(
    populations: Populations, drawn: Mapping[str, np.ndarray], rng: np.random.Generator
) -> Iterator[TrialResult]:
    """Runs of the seeds that were drawn. Of a test split what is hard for all arms is drawn with it, what is hard for
    an arm, and what is hard for a run."""
    shared = {name.partition(",")[0]: rng.normal(0, 0.2, PARTS) for name in populations}
    for name, arm in populations.items():
        task, _, cell = name.partition(", ")
        hard = shared[task] + rng.normal(0, 0.1, PARTS)
        facts = {"metric": "skill", "better": "higher", "perfect": 1.0, "baseline": {"skill": 0.0}}
        facts |= {} if arm["solved"] is None else {"solved": arm["solved"]}
        for seed, index in enumerate(drawn[name]):
            score, labels, exhibits = arm["values"][index], {"task": task, "cell": cell}, []
            if arm.get("parts"):
                parts = score + hard + rng.normal(0, 0.1, PARTS)
                score, exhibits = float(parts.mean()), [{"name": TEST_PARTS, "y": parts.tolist()}]
            yield TrialResult(f"{name} {seed}", "main", labels, seed, {}, "done", "", facts, score, score, [], exhibits)


def verdicts(
    trials: Sequence[TrialResult], claims: Mapping[tuple[str, str], float], n: int, looks: Sequence[Any]
) -> list[Verdict]:
    """The report's answers to the claims with the first n seeds."""
    document = {
        "columns": ["task", "cell"],
        "compare": "cell",
        "measures": [],
        "looks": [look._asdict() for look in looks],
        "claims": [
            {"source": "", "text": "", "primary": True, "tests": [compare(*pair, margin)]}
            for pair, margin in claims.items()
        ],
    }
    return judge(Results(document, [trial for trial in trials if trial.seed is not None and trial.seed < n]))


def compare(arm: str, against: str, margin: float) -> dict[str, Any]:
    test = {"kind": "Compare", "column": "cell", "measure": "skill", "where": {}, "families": ""}
    return test | {"arm": arm, "against": against, "margin": margin}
