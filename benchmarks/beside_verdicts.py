"""What tables mark and compare beside the verdicts, on made-up runs: the best of a setting in bold, runs side by side
(paired by seed, or all runs of both by Welch), and the slope of a difference. Called by ``benchmarks.coverage``.

Scores go through the report's own functions, so that what is measured is what is printed.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from benchmarks.whole_experiments import compare
from rnn_research.report.best import best_arms
from rnn_research.report.comparison import Comparison
from rnn_research.report.comparison import compare as measured
from rnn_research.report.results import Results, TrialResult
from rnn_research.report.side_by_side import difference
from rnn_research.report.statistics import LEVEL

SIZES = (8, 10, 16, 20, 32)
FACTS = {"metric": "skill", "better": "higher", "perfect": 10.0, "baseline": {"skill": 0.0}}
DOCUMENT = {"columns": ["cell", "size"], "compare": "cell", "measures": []}
TRUE_SLOPE = 0.1


def trials(scores: Any, first_seed: int = 0, solved: float | None = None, **labels: object) -> list[TrialResult]:
    facts = FACTS if solved is None else FACTS | {"solved": solved}
    return [
        TrialResult(f"{labels} {seed}", "main", dict(labels), seed, {}, "done", "", facts, score, score, [], [])
        for seed, score in enumerate(map(float, scores), first_seed)
    ]


def rows(draws: int) -> Iterator[tuple[str, list[str]]]:
    """Rows: what is marked or found, and the share of draws in which it is, by n."""
    for name, share in cases().items():
        yield name, [f"{np.mean(_repeat(share, n, draws)):.3f}" for n in SIZES]


def cases() -> dict[str, Callable[[np.random.Generator, int], bool]]:
    """A draw of n runs of each arm, and whether it happens."""
    return {
        "bold: four arms alike, some arm left out": lambda rng, n: len(bold(rng, n, (0, 0, 0, 0))) not in (0, 4),
        "bold: the best of four, one spread above, is marked": lambda rng, n: 3 in bold(rng, n, (0, 0, 0, 1)),
        "bold: and it alone": lambda rng, n: bold(rng, n, (0, 0, 0, 1)) == {3},
        "bold: best and second alike, one of them left out": lambda rng, n: not {2, 3} <= bold(rng, n, (-2, -2, 0, 0)),
        "side by side, paired by seed: the interval holds the truth": lambda rng, n: holds(rng, n, paired=True),
        "side by side, other seeds: the interval holds the truth": lambda rng, n: holds(rng, n, paired=False),
        "side by side, paired, exponential changes": lambda rng, n: holds(rng, n, paired=True, skewed=True),
        "side by side, paired: alike, told apart": lambda rng, n: told(rng, n, 0.0, paired=True),
        "side by side, other seeds: alike, told apart": lambda rng, n: told(rng, n, 0.0, paired=False),
        "side by side, paired: half a spread, told apart": lambda rng, n: told(rng, n, 0.5, paired=True),
        "side by side, other seeds: half a spread, told apart": lambda rng, n: told(rng, n, 0.5, paired=False),
        "side by side, other seeds: .5 and .5 solve it, told apart": lambda rng, n: kinds(rng, n),
        "slope over five sizes: the interval holds the truth": lambda rng, n: slope(rng, n)[0],
        "slope over five sizes: told from the truth": lambda rng, n: slope(rng, n)[1],
    }


def bold(rng: np.random.Generator, n: int, means: Sequence[float]) -> set[int]:
    """The arms that are marked; as it is a claim of all arms together, with none it is said that all are alike."""
    arms = {index: trials(mean + rng.normal(size=n), cell=index, size=1) for index, mean in enumerate(means)}
    found = best_arms(Results(DOCUMENT, [one for of_arm in arms.values() for one in of_arm]), arms)
    return found or set(arms)


def pair(rng: np.random.Generator, n: int, change: float, paired: bool, skewed: bool = False):
    """Two runs of one arm: the same seeds have much in common, or other seeds nothing."""
    before = rng.normal(size=n)
    noise = (rng.exponential(size=n) - 1 if skewed else rng.normal(size=n)) * 0.3
    after = before + noise if paired else rng.normal(size=n)
    first_seed = 0 if paired else n
    found = difference(trials(after + change, first_seed, cell="a", size=1), trials(before, cell="a", size=1))
    assert found is not None and found.paired == paired
    return found


def holds(rng: np.random.Generator, n: int, paired: bool, skewed: bool = False) -> bool:
    found = pair(rng, n, 0.5, paired, skewed)
    return found.low <= 0.5 <= found.high


def told(rng: np.random.Generator, n: int, change: float, paired: bool) -> bool:
    return pair(rng, n, change, paired).p < 1 - LEVEL


def kinds(rng: np.random.Generator, n: int) -> bool:
    arms = [np.where(rng.random(n) < 0.5, 0.97, 0.2) for _ in range(2)]
    sides = [trials(arm, seed * n, 0.9, cell="a", size=1) for seed, arm in enumerate(arms)]
    found = difference(sides[1], sides[0])
    return found is not None and found.p < 1 - LEVEL


def slope(rng: np.random.Generator, n: int) -> tuple[bool, bool]:
    """Of a difference that grows by ``TRUE_SLOPE`` with each doubling, among arms whose spread differs by size."""
    drawn: list[TrialResult] = []
    for step, size in enumerate((20, 40, 80, 160, 320)):
        spread = 0.1 * 1.5**step
        drawn += trials(spread * rng.normal(size=n), cell="elman", size=size)
        drawn += trials(TRUE_SLOPE * step + spread * rng.normal(size=n), cell="lstm", size=size)
    test = compare("lstm", "elman", TRUE_SLOPE) | {"along": "size", "measure": "score"}
    found = measured(Results(DOCUMENT, drawn), test)
    assert isinstance(found, Comparison)
    low, high = found.estimate.interval()
    return low <= TRUE_SLOPE <= high, found.estimate.p(TRUE_SLOPE) < 1 - LEVEL


def _repeat(share: Callable[[np.random.Generator, int], bool], n: int, draws: int) -> list[bool]:
    rng = np.random.default_rng(0)
    return [share(rng, n) for _ in range(draws)]
