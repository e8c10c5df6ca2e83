"""How often the intervals cover, and how often the verdicts are false: python -m benchmarks.coverage [--draws=2000]

On made-up scores (normal, skewed, of two kinds, unlike from task to task) and on real ones: 200 seeds of each of some
arms, kept in benchmarks/populations.json (``benchmarks.populations`` trains them anew), of which n are drawn without
replacement, the same seeds for both arms. What a population's mean is, is known; what is printed is the share of draws
whose interval holds it, and the share of draws that end in a verdict although the truth is on the limit. The tables are
in docs/statistics.md.
"""

import argparse
import functools
import json
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from benchmarks import beside_verdicts, whole_experiments
from rnn_research.experiment.looks import PLANNED
from rnn_research.report.statistics import LEVEL, weighted_means, weighted_shares

SIZES = (5, 8, 10, 16, 20, 32)
POPULATIONS = Path(__file__).with_name("populations.json")
SETTINGS = 6  # of an experiment whose tasks are unlike
Draw = Callable[[np.random.Generator, int], np.ndarray]


class Population(NamedTuple):
    """Scores to draw from, and their mean."""

    draw: Draw
    mean: float


def two_kinds(share: float) -> Population:
    """Skills of runs of which some solve the task."""

    def draw(rng: np.random.Generator, n: int) -> np.ndarray:
        return np.where(rng.random(n) < share, 0.95, 0.10) + 0.03 * rng.normal(size=n)

    return Population(draw, share * 0.95 + (1 - share) * 0.10)


MADE_UP = {
    "normal": Population(lambda rng, n: rng.normal(size=n), 0.0),
    "log-normal, σ = 0.5": Population(lambda rng, n: rng.lognormal(0, 0.5, n), math.exp(0.125)),
    "exponential": Population(lambda rng, n: rng.exponential(size=n), 1.0),
    "log-normal, σ = 1": Population(lambda rng, n: rng.lognormal(0, 1.0, n), math.exp(0.5)),
    "half solve it": two_kinds(0.5),
    "nine of ten solve it": two_kinds(0.9),
}


def real() -> dict[str, dict[str, Any]]:
    """Arms of real runs: skills of 200 seeds, and the task's threshold as a skill."""
    return json.loads(POPULATIONS.read_text())


def finite(values: np.ndarray) -> Population:
    """Real scores, drawn without replacement."""
    return Population(lambda rng, n: rng.choice(values, n, replace=False), float(values.mean()))


# Intervals of a mean ------------------------------------------------------------------------------------------------


def student(sample: np.ndarray) -> tuple[float, float]:
    return tuple(stats.t.interval(LEVEL, len(sample) - 1, sample.mean(), stats.sem(sample)))


def bca(sample: np.ndarray) -> tuple[float, float]:
    found = stats.bootstrap((sample,), np.mean, n_resamples=999, method="BCa", rng=np.random.default_rng(0))
    return found.confidence_interval


def ours(sample: np.ndarray) -> tuple[float, float]:
    return weighted_means([(1.0, sample)]).interval()


INTERVALS = {"Student": student, "BCa": bca, "ours": ours}


def coverage(population: Population, interval: Callable, n: int, draws: int, seed: int = 0) -> float:
    """The share of draws whose interval holds the mean; samples without any spread have none and are left out."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(draws):
        sample = population.draw(rng, n)
        if np.ptp(sample) > 0:
            low, high = interval(sample)
            found.append(low <= population.mean <= high)
    return float(np.mean(found)) if found else math.nan


def intervals(draws: int) -> Iterator[tuple[str, list[str]]]:
    """Rows: a population and a method, coverage by n."""
    populations = dict(MADE_UP)
    for name, arm in real().items():
        scores = np.array(arm["values"])
        if set(scores) <= {0.0, 1.0}:  # shares of runs
            continue
        solved = scores >= arm["solved"] if arm["solved"] is not None else np.zeros(len(scores), bool)
        if 0 < solved.sum() < len(scores):  # where the table prints an interval, all runs of the sample are of one kind
            populations[f"{name}, those that solve it"] = finite(scores[solved])
            populations[f"{name}, those that do not"] = finite(scores[~solved])
        else:
            populations[name] = finite(scores)
    for name, population in populations.items():
        for method, interval in INTERVALS.items():
            times = draws // 10 if method == "BCa" else draws
            yield f"{name} · {method}", [f"{coverage(population, interval, n, times):.3f}" for n in SIZES]


# Shares of runs -----------------------------------------------------------------------------------------------------


def shares(draws: int) -> Iterator[tuple[str, list[str]]]:
    """Rows: the coverage of a share's interval, and of the difference of two."""

    def covered(pair: tuple[float, ...], n: int) -> str:
        rng = np.random.default_rng(0)
        truth = pair[0] - sum(pair[1:])
        found = [share_interval(tuple(int(rng.binomial(n, p)) for p in pair), n, truth) for _ in range(draws)]
        return f"{np.mean(found):.3f}"

    for pair in ((0.5,), (0.9,), (0.99,), (0.5, 0.5), (0.9, 0.5), (0.95, 0.05), (0.99, 0.9)):
        name = " − ".join(f"{p:g}" for p in pair)
        method = "exact" if len(pair) == 1 else "Newcombe's rule"
        yield f"{name} · {method}", [covered(pair, n) for n in SIZES]


@functools.cache
def share_interval(counts: tuple[int, ...], n: int, truth: float) -> bool:
    """Whether it holds the truth."""
    samples = [np.array([1.0] * k + [0.0] * (n - k)) for k in counts]
    low, high = weighted_shares(list(zip((1.0, -1.0), samples, strict=False))).interval()
    return bool(low <= truth <= high)


# Comparisons of two arms --------------------------------------------------------------------------------------------

Pair = tuple[np.ndarray, np.ndarray]


class Arms(NamedTuple):
    """Two arms in one or several settings.

    Attributes:
      draw: samples of both in every setting.
      effect: how much the first is better, on average over settings.
      share: whether the samples are zeros and ones.
    """

    draw: Callable[[np.random.Generator, int], list[Pair]]
    effect: float
    share: bool = False


def shifted(population: Population, by: float) -> Arms:
    return Arms(lambda rng, n: [(population.draw(rng, n) + by, population.draw(rng, n))], by)


def unlike(by: float) -> Arms:
    """Six settings whose effects and spreads differ; ``by`` on average."""
    effects = by + np.linspace(-0.5, 0.5, SETTINGS)
    spreads = np.geomspace(0.02, 0.3, SETTINGS)

    def draw(rng: np.random.Generator, n: int) -> list[Pair]:
        settings = zip(effects, spreads, strict=True)
        return [(effect + spread * rng.normal(size=n), spread * rng.normal(size=n)) for effect, spread in settings]

    return Arms(draw, by)


def solving(first: float, second: float) -> Arms:
    def draw(rng: np.random.Generator, n: int) -> list[Pair]:
        return [(1.0 * (rng.random(n) < first), 1.0 * (rng.random(n) < second))]

    return Arms(draw, first - second, share=True)


def of_real(a: np.ndarray, b: np.ndarray, share: bool = False) -> Arms:
    """The same seeds of both, as in an experiment."""

    def draw(rng: np.random.Generator, n: int) -> list[Pair]:
        seeds = rng.choice(len(a), n, replace=False)
        return [(a[seeds], b[seeds])]

    return Arms(draw, float(a.mean() - b.mean()), share)


def p_value(samples: Sequence[Pair], margin: float, share: bool) -> tuple[float, float]:
    """Of the test that verdicts use, and the effect."""
    parts = [(sign / len(samples), values) for pair in samples for sign, values in zip((1, -1), pair, strict=True)]
    found = weighted_shares(parts) if share else weighted_means(parts)
    return found.p(margin), found.effect


def sign_flips(samples: Sequence[Pair], margin: float) -> float:
    """The former test: signs of paired differences, flipped."""
    differences = np.concatenate([a - b for a, b in samples]) - margin
    flips = np.random.default_rng(0).choice((-1.0, 1.0), size=(999, len(differences)))
    return (1 + np.sum(np.abs(flips @ differences) >= abs(differences.sum()) - 1e-12)) / 1000


def rejected(arms: Arms, margin: float, n: int, draws: int) -> float:
    """The share of draws in which the effect is told from the margin."""
    rng = np.random.default_rng(0)
    return float(np.mean([p_value(arms.draw(rng, n), margin, arms.share)[0] < 1 - LEVEL for _ in range(draws)]))


def comparisons(draws: int) -> Iterator[tuple[str, list[str]]]:
    """Rows: false verdicts with the truth on the margin, and power."""
    sizes = SIZES[1:]
    cases = {f"{name}, truth on the margin": (shifted(p, 0.2), 0.2) for name, p in list(MADE_UP.items())[:4]}
    cases |= {
        "normal, one spread above": (shifted(MADE_UP["normal"], 1.0), 0.0),
        "log-normal (σ = 1) against normal of its mean": (
            Arms(lambda rng, n: [(rng.lognormal(0, 1, n), math.exp(0.5) + rng.normal(size=n))], 0.0),
            0.0,
        ),
        "unlike tasks, truth on the margin": (unlike(0.1), 0.1),
        "unlike tasks, 0.1 above": (unlike(0.2), 0.1),
        "solved .5 and .5": (solving(0.5, 0.5), 0.0),
        "solved .9 and .9": (solving(0.9, 0.9), 0.0),
        "solved .9 and .5": (solving(0.9, 0.5), 0.0),
        "solved .7 and .5, margin .2": (solving(0.7, 0.5), 0.2),
        "solved .95 and .85, margin .1": (solving(0.95, 0.85), 0.1),
    }
    for name, (arms, margin) in (cases | dict(real_cases())).items():
        times = max(draws // 4, 100) if arms.share and not margin else draws
        yield name, [f"{rejected(arms, margin, n, times):.3f}" for n in sizes]
    rng = np.random.default_rng(0)
    for name, arms, margin in (
        ("unlike tasks, truth on the margin · sign flips", unlike(0.1), 0.1),
        ("unlike tasks, 0.1 above · sign flips", unlike(0.2), 0.1),
    ):
        found = [np.mean([sign_flips(arms.draw(rng, n), margin) < 1 - LEVEL for _ in range(draws // 4)]) for n in sizes]
        yield name, [f"{share:.3f}" for share in found]


def real_cases() -> Iterator[tuple[str, tuple[Arms, float]]]:
    """Pairs of arms of one task, with the truth on the margin; where runs are of two kinds their shares."""
    arms = real()
    tasks: dict[str, list[str]] = {}
    for name in arms:
        tasks.setdefault(name.rpartition(" ")[0].strip(","), []).append(name)
    for task, names in tasks.items():
        for first, second in zip(names[1:], names, strict=False):
            a, b = arms[first], arms[second]
            found = [np.array(arm["values"]) for arm in (a, b)]
            if a["solved"] is not None:
                kinds = [1.0 * (scores >= a["solved"]) for scores in found]
                if any(0 < kind.mean() < 1 for kind in kinds):
                    case = of_real(kinds[0], kinds[1], share=True)
                    yield f"{task}: share solved, {last(first)} − {last(second)}", (case, case.effect)
                    continue
            case = of_real(found[0], found[1])
            yield f"{task}: skill, {last(first)} − {last(second)}", (case, case.effect)


def last(name: str) -> str:
    return name.rpartition(" ")[2]


# Looks --------------------------------------------------------------------------------------------------------------


def looks(draws: int) -> Iterator[tuple[str, list[str]]]:
    """Rows: the share of experiments with a verdict after looks at 8, 16 and 32 seeds; at once, and as planned."""
    cases = {
        "normal, truth on the margin": (shifted(MADE_UP["normal"], 0.2), 0.2),
        "unlike tasks, truth on the margin": (unlike(0.1), 0.1),
        "normal, 0.8 of a spread above": (shifted(MADE_UP["normal"], 0.8), 0.0),
    }
    for name, (arms, margin) in (cases | dict(real_cases())).items():
        naive, planned, seeds = [], [], []
        rng = np.random.default_rng(0)
        for _ in range(draws // 4 if arms.share else draws):
            whole = arms.draw(rng, PLANNED[-1].seeds)
            p_values = [
                p_value([(a[: look.seeds], b[: look.seeds]) for a, b in whole], margin, arms.share)[0]
                for look in PLANNED
            ]
            naive.append(min(p_values) < 1 - LEVEL)
            decided = [look.seeds for look, p in zip(PLANNED, p_values, strict=True) if p < look.error]
            planned.append(bool(decided))
            seeds.append(decided[0] if decided else PLANNED[-1].seeds)
        yield name, [f"{np.mean(naive):.3f}", f"{np.mean(planned):.3f}", f"{np.mean(seeds):.0f}"]


def experiments(draws: int) -> Iterator[tuple[str, list[str]]]:
    """Rows: a whole experiment, as the report judges it."""
    return whole_experiments.rows(real(), draws)


def beside(draws: int) -> Iterator[tuple[str, list[str]]]:
    """Rows: what tables print beside the verdicts."""
    return beside_verdicts.rows(max(draws // 2, 20))


def table(title: str, headings: Sequence[object], rows: Iterator[tuple[str, list[str]]]) -> None:
    """Print it as Markdown, row by row as they come."""
    print(
        f"\n{title}\n\n| |{'|'.join(f' {heading} ' for heading in headings)}|\n|---|{'---|' * len(headings)}",
        flush=True,
    )
    for name, cells in rows:
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=2000, help="of each population and n")
    draws = parser.parse_args().draws
    table("Coverage of 95% intervals of a mean, by n", SIZES, intervals(draws))
    table("Coverage of 95% intervals of shares of runs, by n", SIZES, shares(draws))
    table(
        "Verdicts at 5%, by n: false ones where the truth is on the margin, else power",
        SIZES[1:],
        comparisons(draws),
    )
    table("Looks at 8, 16 and 32 seeds: share of verdicts", ("at 5% each", "as planned", "seeds, mean"), looks(draws))
    table(
        "What is printed beside the verdicts: share of draws, by n",
        beside_verdicts.SIZES,
        beside(draws),
    )
    headings = (*whole_experiments.SIZES, "looks")
    table("Experiments of three primary claims with a false verdict, by n", headings, experiments(draws))


if __name__ == "__main__":
    main()
