"""Means with intervals, paired differences, tests against a margin; scipy does the resampling.

Seeds are few and their scores rarely normal, hence the bootstrap and permutation tests. With fewer than
``ENOUGH`` runs there is no interval and no test: the points are all there is.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

ENOUGH = 5
LEVEL = 0.95
RESAMPLES = 9999


class Summary(NamedTuple):
    """Scores of the runs of an arm.

    Attributes:
      n: finite scores.
      mean, iqm: mean, and mean of the middle half (interquartile mean).
      low, high: 95% bootstrap interval of the mean; NaN with fewer than ``ENOUGH`` scores.
    """

    n: int
    mean: float
    iqm: float
    low: float
    high: float


class MarginTest(NamedTuple):
    """Whether a mean paired difference is above or below a margin.

    Attributes:
      effect: the mean difference.
      low, high: its 95% bootstrap interval, resampled within strata.
      p: two-sided p-value against "the mean difference equals the margin".
      n: pairs, or runs; what is known without any does not count.
    """

    effect: float
    low: float
    high: float
    p: float
    n: int


def summarise(values: Sequence[float]) -> Summary:
    """Mean, interquartile mean and interval of the mean; scores that are not finite are left out."""
    finite = np.asarray([v for v in values if np.isfinite(v)], float)
    if not len(finite):
        return Summary(0, np.nan, np.nan, np.nan, np.nan)
    low, high = interval([finite])
    return Summary(len(finite), float(finite.mean()), float(stats.trim_mean(finite, 0.25)), low, high)


def interval(strata: Sequence[np.ndarray], known: Sequence[float] = ()) -> tuple[float, float]:
    """95% bootstrap interval of the mean over strata of their means, and of means that are ``known`` exactly.

    One stratum is resampled by the bias-corrected and accelerated method (BCa), several by percentiles. The
    generator's seed is fixed, so the same scores give the same interval.
    """
    if min(map(len, strata)) < ENOUGH:
        return np.nan, np.nan
    if all(np.ptp(values) == 0 for values in strata):  # no spread to resample
        mean = float(np.mean([*(values[0] for values in strata), *known]))
        return mean, mean

    def mean_of_means(*samples, axis=-1):
        means = [np.mean(sample, axis=axis) for sample in samples]
        return np.mean(means + [np.full_like(means[0], mean) for mean in known], axis=0)

    result = stats.bootstrap(
        tuple(strata),
        mean_of_means,
        n_resamples=RESAMPLES,
        confidence_level=LEVEL,
        method="BCa" if len(strata) == 1 else "percentile",
        vectorized=True,
        rng=np.random.default_rng(0),
    ).confidence_interval
    return float(result.low), float(result.high)


def pairs(arm: Mapping[int | None, float], against: Mapping[int | None, float]) -> dict[int | None, float]:
    """``arm − against`` for each seed that both have a value for.

    The value under None is of a learner that is deterministic: it stands beside every seed of the other, so there are
    as many pairs as the other has runs, and one, under None, where both are.
    """
    if None in arm and None not in against:
        arm = dict.fromkeys(against, arm[None])
    if None in against and None not in arm:
        against = dict.fromkeys(arm, against[None])
    both = set(arm) & set(against)
    seeds = [None] if None in both else sorted(seed for seed in both if seed is not None)
    return {seed: arm[seed] - against[seed] for seed in seeds}


def paired_difference(arm: Mapping[int | None, float], against: Mapping[int | None, float]) -> Summary:
    """Summary of ``arm − against`` over ``pairs``."""
    return summarise(list(pairs(arm, against).values()))


def margin_test(strata: Sequence[np.ndarray], margin: float, known: Sequence[float] = ()) -> MarginTest:
    """Test the mean of paired differences against a margin, by flipping signs.

    If the mean difference equals the margin and differences are symmetric about it, the sign of each
    ``difference − margin`` is a fair coin. Strata (tasks) weigh alike in the effect and the interval.

    Args:
      strata: paired differences ``[seeds]`` of each task.
      margin: what they are compared with.
      known: differences of more strata, known exactly since nothing in them is random: they enter the mean as they
        are, and count in neither n nor p.
    """
    differences = np.concatenate([np.asarray(values, float) for values in strata])
    effect = float(np.mean([*(float(np.mean(values)) for values in strata), *known]))
    low, high = interval([np.asarray(values, float) for values in strata], known)
    weights = np.concatenate([np.full(len(values), 1 / len(values)) for values in strata])

    def statistic(x, y, axis=-1):
        return np.sum((x - y) * weights, axis=axis)

    # The mean of all is the margin where that of the random strata makes up for what the known ones are off it.
    shifted = differences - (margin + sum(margin - value for value in known) / len(strata))
    # Exchanging the members of a pair (shifted, 0) flips the sign of its difference.
    p = stats.permutation_test(
        (shifted, np.zeros_like(shifted)),
        statistic,
        permutation_type="samples",
        vectorized=True,
        n_resamples=RESAMPLES,
        alternative="two-sided",
        rng=np.random.default_rng(0),
    ).pvalue
    return MarginTest(effect, low, high, float(p), len(differences))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction (1979): p-values that keep the family's error rate."""
    order = np.argsort(p_values)
    adjusted, running = np.empty(len(p_values)), 0.0
    for rank, index in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = running
    return adjusted.tolist()
