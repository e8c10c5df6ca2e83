"""Estimates with intervals, and the tests that the intervals are. docs/statistics.md says which is used where and what
each of them covers, as ``benchmarks.coverage`` measured it.

A mean, a difference and an average over settings are one thing: a weighted sum of the means of independent samples
(``weighted_means``). Shares of runs are another (``weighted_shares``). Both answer ``interval(level)`` and
``p(value)``, and p is below 1 − level exactly where the value lies outside the interval; but of runs that are all
alike, whose interval has no width, p is never below that of the sign test.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from scipy import special

LEVEL = 0.95
POINTS = 5  # with fewer runs there is no interval: the points are all there is
ENOUGH = 8  # runs of an arm that a verdict takes
ALIKE = 1e-7  # of a value: two that differ by less do so by the rounding of single precision
POWER = 0.8  # with which ``runs_needed`` would find what was measured

Part = tuple[float, np.ndarray]  # weight, and the sample whose mean it weighs


class Estimate(Protocol):
    """What is estimated, with what is not known about it.

    Attributes:
      effect: the estimate.
      n: values that it rests on.
    """

    @property
    def effect(self) -> float: ...
    @property
    def n(self) -> int: ...
    def interval(self, level: float = LEVEL) -> tuple[float, float]: ...
    def p(self, value: float) -> float:
        """Two-sided, against "it is ``value``"."""
        ...


class Means(NamedTuple):
    """A weighted sum of means, ``Σ wᵢ x̄ᵢ``, and what is not known about it.

    Two intervals are taken and what either holds is kept: Student's (Welch's, for two means), which two arms of one
    shape want, and Hall's (1992), which skewed scores want. With T = (estimate − truth) / error, his transformed
    T + γT²/3 + γ²T³/27 + γ/6 is nearly Student's t; he has it for one mean, and the expansion is the same for sums, as
    the covariance of the estimate with its variance is the estimate's third cumulant there too.

    Attributes:
      effect: the sum, with whatever is known exactly.
      error: standard error; NaN where nobody knows it.
      df: degrees of freedom, by Satterthwaite (1946).
      skew: γ, the third cumulant of the estimate in units of its error.
      n: values.
      alike: whether no two values of a sample differ, so that what varies is the test split.
      grain: what rounding may make of it: a value that is as near as this is the estimate itself.
    """

    effect: float
    error: float
    df: float
    skew: float
    n: int
    alike: bool = False
    grain: float = 0.0

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Of that level; without width where nothing varies, NaN where nobody knows what does."""
        if not self.error or math.isnan(self.error):
            return self.effect + self.error, self.effect + self.error
        reach = student_quantile((1 + level) / 2, self.df)
        up, down = max(reach, self._inverse(reach)), min(-reach, self._inverse(-reach))
        return self.effect - self.error * up, self.effect - self.error * down

    def p(self, value: float) -> float:
        """Two-sided. Where nothing varies, 1 of the value itself; of another that all are on one side of it by chance,
        as in the sign test; 0 where nothing is random."""
        if math.isnan(self.error):
            return 1.0
        if not self.error:
            alike = math.isclose(self.effect, value, rel_tol=1e-9, abs_tol=self.grain)
            return 1.0 if alike else 2.0 ** (1 - min(self.n, 60)) if self.n else 0.0
        t = (self.effect - value) / self.error
        transformed = t + self.skew * t**2 / 3 + self.skew**2 * t**3 / 27 + self.skew / 6
        if t * transformed < 0:  # between the estimate and where Hall's interval is centred
            return 1.0
        p = float(2 * special.stdtr(self.df, -min(abs(t), abs(transformed))))
        return max(p, 2.0 ** (1 - min(self.n, 60))) if self.alike and self.n else p

    def _inverse(self, reach: float) -> float:
        """T, of what it is transformed into."""
        if abs(self.skew) < 1e-6:
            return reach
        return (math.cbrt(1 + self.skew * (reach - self.skew / 6)) - 1) * 3 / self.skew


class Shares(NamedTuple):
    """A weighted sum of shares, ``Σ wᵢ kᵢ/nᵢ``, with an interval by Newcombe's rule (1998; for sums Zou and Donner
    2008): the distances of each share from its own limits, put together by squares. Those limits are exact here, where
    he has Wilson's, with which it covers 0.85 at worst.

    Attributes:
      effect: the sum.
      counts: weight, successes and runs of each.
      n: runs.
    """

    effect: float
    counts: tuple[tuple[float, int, int], ...]
    n: int

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Of that level; of one share it is the exact one."""
        down = up = 0.0
        for weight, successes, runs in self.counts:
            low, high = exact(successes, runs, level)
            below, above = successes / runs - low, high - successes / runs
            below, above = (below, above) if weight > 0 else (above, below)
            down, up = down + (weight * below) ** 2, up + (weight * above) ** 2
        return self.effect - math.sqrt(down), self.effect + math.sqrt(up)

    def p(self, value: float) -> float:
        """1 − the level at which the interval ends at the value."""
        return _inverted(self, value)


class Sums(NamedTuple):
    """A sum of independent estimates, some of them means and some shares; its interval by Newcombe's rule on theirs.

    Attributes:
      parts: what is added.
    """

    parts: tuple["Means | Shares", ...]

    @property
    def effect(self) -> float:
        return sum(part.effect for part in self.parts)

    @property
    def n(self) -> int:
        return sum(part.n for part in self.parts)

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Of that level."""
        ends = [(part.effect, *part.interval(level)) for part in self.parts]
        down = math.hypot(*(effect - low for effect, low, _ in ends))
        return self.effect - down, self.effect + math.hypot(*(high - effect for effect, _, high in ends))

    def p(self, value: float) -> float:
        """1 − the level at which the interval ends at the value."""
        return _inverted(self, value)


def _inverted(found: Estimate, value: float) -> float:
    """The p whose interval ends at a value."""

    def beyond(level: float) -> float:
        low, high = found.interval(level)
        return low - value if value < found.effect else value - high

    least, most = 1e-9, 1 - 1e-9
    if beyond(least) <= 0:  # exact limits leave the estimate some room at any level
        return 1.0
    if beyond(most) > 0:
        return 1 - most
    from scipy.optimize import brentq  # takes a tenth of a second

    level: Any = brentq(beyond, least, most)
    return 1 - level


class Summary(NamedTuple):
    """Scores of the runs of an arm.

    Attributes:
      n: finite scores.
      mean, iqm: mean, and mean of the middle half (interquartile mean).
      low, high: 95% interval of the mean; NaN with fewer than ``POINTS`` scores.
    """

    n: int
    mean: float
    iqm: float
    low: float
    high: float


NO_RUNS = Summary(0, math.nan, math.nan, math.nan, math.nan)


def weighted_means(parts: Sequence[Part], known: float = 0.0, beside: Sequence[Part] = ()) -> Means:
    """``known + Σ wᵢ x̄ᵢ`` over independent samples; of a sample of a single value nobody knows the spread.

    Args:
      parts: weights and samples, none of them empty.
      known: what nothing random is in.
      beside: samples of mean 0 that are no runs, but vary too; of their skewness nothing is made, as they may be few
        and of unlike sizes.
    """
    variances, cumulants = [0.0], [0.0]
    effect = known + sum(weight * float(np.mean(sample)) for weight, sample in parts)
    degrees = [0.0]
    size = max((abs(weight) * _spread(sample) for weight, sample in (*parts, *beside)), default=0.0)
    size = math.ldexp(1.0, math.frexp(size)[1] - 1) if size else 1.0  # a power of two rounds no digit
    for weight, sample in (*parts, *beside):
        n = len(sample)
        if n > 1 and _spread(sample):
            variances.append(float(np.var(sample * (weight / size), ddof=1)) / n)
            degrees.append(variances[-1] ** 2 / (n - 1))
    for weight, sample in parts:
        n = len(sample)
        if n > 1 and _spread(sample):
            third = float(np.mean(((sample - np.mean(sample)) * (weight / size)) ** 3))
            cumulants.append(third / n**2 * (n / (n - 1)) ** 1.5)
    runs, variance = sum(len(sample) for _, sample in parts), sum(variances)
    if any(len(sample) == 1 for _, sample in parts):
        return Means(effect, math.nan, 0.0, 0.0, runs)
    if not variance:
        sizes = [abs(weight) * float(np.max(np.abs(sample))) for weight, sample in parts]
        return Means(effect, 0.0, 0.0, 0.0, runs, grain=ALIKE * (abs(known) + sum(sizes)))
    skew, alike = sum(cumulants) / variance**1.5, not any(_spread(sample) for _, sample in parts)
    return Means(effect, size * math.sqrt(variance), variance**2 / sum(degrees), skew, runs, alike)


def _spread(sample: np.ndarray) -> float:
    """From the least value to the greatest; 0 where they are the same but for rounding."""
    spread = float(np.ptp(sample))
    return spread if spread > ALIKE * float(np.max(np.abs(sample))) else 0.0


def weighted_shares(parts: Sequence[Part]) -> Shares:
    """``Σ wᵢ kᵢ/nᵢ`` over samples of zeros and ones, none of them empty."""
    counts = tuple((weight, int(np.sum(sample)), len(sample)) for weight, sample in parts)
    return Shares(sum(weight * k / n for weight, k, n in counts), counts, sum(n for _, _, n in counts))


def student_quantile(p: float, df: float) -> float:
    """Of Student's t."""
    return float(special.stdtrit(df, p))


def interquartile_mean(values: np.ndarray) -> float:
    """The mean without the lowest and the highest quarter of the values, ``[n]``."""
    cut = len(values) // 4
    return float(np.mean(np.sort(values)[cut : len(values) - cut]))


def exact(successes: int, runs: int, level: float = LEVEL) -> tuple[float, float]:
    """The interval of a share by Clopper and Pearson (1934), which covers at least as often as it says."""
    beyond = (1 - level) / 2
    low = special.betaincinv(successes, runs - successes + 1, beyond) if successes else 0.0
    high = special.betaincinv(successes + 1, runs - successes, 1 - beyond) if successes < runs else 1.0
    return float(low), float(high)


def summarise(values: Sequence[float], share: bool = False) -> Summary:
    """Mean, interquartile mean and interval of the mean; scores that are not finite are left out.

    Args:
      share: whether the values are zeros and ones; the interval is then exact, whatever their number.
    """
    if not share:
        return summarise_sum([(1.0, values, False)])
    finite = _finite(values)
    if not len(finite):
        return NO_RUNS
    found = weighted_shares([(1.0, finite)])
    return Summary(len(finite), found.effect, interquartile_mean(finite), *found.interval())


def summarise_sum(signed: Sequence[tuple[float, Sequence[float], bool]], beside: Sequence[Part] = ()) -> Summary:
    """Of ``Σ wᵢ x̄ᵢ`` over the finite values of samples: an arm's scores, or those of one minus those of another.

    Its n is that of the smallest sample in which anything is random, its IQM the same sum of theirs.

    Args:
      signed: weights and samples, and whether a sample is known exactly, as no seed changes it.
      beside: what else is random, with mean 0: the test split.
    """
    samples = [(weight, _finite(values), known) for weight, values, known in signed]
    if not all(len(sample) for _, sample, _ in samples):
        return NO_RUNS
    random = [(weight, sample) for weight, sample, known in samples if not known]
    exactly = sum(weight * float(np.mean(sample)) for weight, sample, known in samples if known)
    found = weighted_means(random, exactly, beside)
    n = min((len(sample) for _, sample in random), default=1)
    told = n >= POINTS or (beside and not random)
    low, high = found.interval() if told else (np.nan, np.nan)
    iqm = sum(weight * interquartile_mean(sample) for weight, sample, _ in samples)
    return Summary(n, found.effect, iqm, low, high)


def difference(
    arm: Sequence[float],
    against: Sequence[float],
    known: tuple[bool, bool] = (False, False),
    beside: Sequence[Part] = (),
) -> Summary:
    """``arm − against`` of the means of finite values, with Welch's interval; see ``summarise_sum``."""
    return summarise_sum([(1.0, arm, known[0]), (-1.0, against, known[1])], beside)


def _finite(values: Sequence[float]) -> np.ndarray:
    return np.asarray([value for value in values if np.isfinite(value)], float)


def improvement(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> float:
    """How probable it is that a run of the first arm has the greater value than one of the second, a tie for half;
    averaged over settings (Agarwal et al. 2021)."""

    def greater(a: np.ndarray, b: np.ndarray) -> float:
        ties = np.isclose(a[:, None], b, rtol=ALIKE, atol=0.0)
        return float(np.where(ties, 0.5, a[:, None] > b).mean())

    return float(np.mean([greater(a, b) for a, b in pairs]))


def log_rank(first: Sequence[tuple[float, bool]], second: Sequence[tuple[float, bool]]) -> float:
    """p of "both take as many steps", by the log-rank test.

    Args:
      first, second: of each run a step, and whether it was there then, or only seen until then; infinite where it was
        seen as long as any other, and never there.
    """

    from scipy import stats  # takes half a second

    last = max((step for step, _ in (*first, *second) if math.isfinite(step)), default=0.0)

    def times(runs: Sequence[tuple[float, bool]]) -> stats.CensoredData:
        seen = [(min(step, last), there) for step, there in runs]
        return stats.CensoredData(
            uncensored=[step for step, there in seen if there], right=[step for step, there in seen if not there]
        )

    with np.errstate(invalid="ignore"):  # nothing that could differ
        found = float(stats.logrank(times(first), times(second)).pvalue)
    return 1.0 if math.isnan(found) else found


def runs_needed(found: Estimate, value: float, level: float, runs: int, fixed: float = 0.0) -> float:
    """Of each arm, for an interval of that level to leave the value out with probability ``POWER``, if all is as
    measured and the error falls with the root of the runs; infinite where no number of them would.

    Args:
      fixed: how far the interval would reach of itself, with any number of runs, as the test split varies.
    """
    low, high = found.interval(level)
    gap, reach = abs(found.effect - value), found.effect - low if value < found.effect else high - found.effect
    if math.isnan(reach):
        return math.inf
    more = 1 + float(special.ndtri(POWER) / special.ndtri((1 + level) / 2))
    room = gap**2 - (fixed * more) ** 2
    return math.ceil(runs * max(reach**2 - fixed**2, 0.0) * more**2 / room) if room > 0 else math.inf


def holm_levels(p_values: Sequence[float], error: float = 1 - LEVEL) -> list[float]:
    """The level of each interval by Holm's step-down procedure (1979): the smallest p at 1 − error/m, the next at
    1 − error/(m − 1) as long as all before were below theirs, and the rest at the level where it stopped."""
    levels = np.empty(len(p_values))
    alpha, rejected = error, True
    for rank, index in enumerate(np.argsort(p_values, kind="stable")):
        if rejected:
            alpha = error / (len(p_values) - rank)
        levels[index] = 1 - alpha
        rejected = rejected and p_values[index] < alpha
    return levels.tolist()
