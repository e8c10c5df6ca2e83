"""MNIST-1D (Greydanus and Kobak 2024): ten templates of 12 points, distorted at random into series of 40."""

import hashlib
from functools import lru_cache
from typing import NamedTuple

import numpy as np

TIME = 40  # points of a series
EXAMPLES = 5000
TRAINED = 4000  # of them, the rest are the test
# Heights of the digits 0 to 9, one stroke read from left to right; published with the data set's program.
TEMPLATES = (
    (5, 6, 6.5, 6.75, 7, 7, 7, 7, 6.75, 6.5, 6, 5),
    (5, 3, 3, 3.4, 3.8, 4.2, 4.6, 5, 5.4, 5.8, 5, 5),
    (5, 6, 6.5, 6.5, 6, 5.25, 4.75, 4, 3.5, 3.5, 4, 5),
    (5, 6, 6.5, 6.5, 6, 5, 5, 6, 6.5, 6.5, 6, 5),
    (5, 4.4, 3.8, 3.2, 2.6, 2.6, 5, 5, 5, 5, 5, 5),
    (5, 3, 3, 3, 3, 5, 6, 6.5, 6.5, 6, 4.5, 5),
    (5, 4, 3.5, 3.25, 3, 3, 3, 3, 3.25, 3.5, 4, 5),
    (5, 7, 7, 6.6, 6.2, 5.8, 5.4, 5, 4.6, 4.2, 5, 5),
    (5, 4, 3.5, 3.5, 4, 5, 5, 4, 3.5, 3.5, 4, 5),
    (5, 4, 3.5, 3.5, 4, 5, 5, 5, 5, 4.7, 4.3, 5),
)
PADDING = (36, 60)  # points added after the template, least and most
LONG = 72  # points of the series while it is distorted
SCALE, TRANSLATION, SHEAR = 0.4, 48, 0.75
CORRELATED, INDEPENDENT = 0.25, 0.02  # deviations of the two noises; the first then smoothed
SMOOTHING = 2  # deviation of the Gaussian that smooths it, in points


class Series(NamedTuple):
    """``values [n, 40]`` float64, ``labels [n]``."""

    values: np.ndarray
    labels: np.ndarray


@lru_cache(maxsize=1)
def mnist_1d() -> dict[str, Series]:
    """Splits of 4,000, 1,000 and 1,000; all three scaled by the mean and the deviation of train and test together.

    Train and test come from the published seed, 42, with the published order of draws; valid, which the published data
    do not have, from seed 43.
    """
    published, more = drawn(42, EXAMPLES), drawn(43, EXAMPLES - TRAINED)
    mean, deviation = published.values.mean(), published.values.std()

    def scaled(series: Series, rows: slice) -> Series:
        return Series((series.values[rows] - mean) / deviation, series.labels[rows])

    return {
        "train": scaled(published, slice(TRAINED)),
        "valid": scaled(more, slice(None)),
        "test": scaled(published, slice(TRAINED, None)),
    }


def digest(splits: dict[str, Series]) -> str:
    """Of all values and labels."""
    found = hashlib.sha256()
    for series in splits.values():
        found.update(series.values.tobytes() + series.labels.tobytes())
    return found.hexdigest()[:16]


def drawn(seed: int, examples: int) -> Series:
    """As many series of each digit, in a random order, not scaled."""
    draws = np.random.RandomState(seed)  # the generator whose stream never changes
    labels = np.repeat(np.arange(len(TEMPLATES)), examples // len(TEMPLATES))
    values = np.stack([distorted(template, draws) for template in templates()[labels]])
    order = draws.permutation(len(labels))
    return Series(values[order], labels[order])


def templates() -> np.ndarray:
    """``[10, 12]``: of deviation 1/6 each, beginning at 0."""
    heights = np.asarray(TEMPLATES, np.float64)
    heights = heights - heights.mean(axis=1, keepdims=True)
    heights = heights / heights.std(axis=1, keepdims=True)
    return (heights - heights[:, :1]) / 6


def distorted(template: np.ndarray, draws: np.random.RandomState) -> np.ndarray:
    """A template ``[12]`` as a series ``[40]``: padded with blanks and stretched to 72 points, scaled, moved in a
    circle; where it is blank, smooth noise; everywhere noise and a slope; then 40 points of it.

    The order of the draws is part of the data's definition.
    """
    least, most = PADDING
    blanks = least + int(draws.rand() * (most - least + 1))
    # What is added keeps zeros of the template apart from blanks.
    series = resampled(np.concatenate([template + 1e-8, np.zeros(blanks)]), LONG)
    series = series * (1 + SCALE * (draws.rand() - 0.5))
    series = np.roll(series, draws.choice(TRANSLATION))
    noise = smoothed(CORRELATED * draws.randn(LONG))
    series = np.where(series != 0, series, noise) + INDEPENDENT * draws.randn(LONG)
    slope = SHEAR * (draws.rand() - 0.5)
    return resampled(series - slope * np.linspace(-0.5, 0.5, LONG), TIME)


def resampled(series: np.ndarray, points: int) -> np.ndarray:
    """At so many points, evenly from its first to its last, linearly between neighbours."""
    return np.interp(np.linspace(0, 1, points), np.linspace(0, 1, len(series)), series)


def smoothed(noise: np.ndarray) -> np.ndarray:
    """Convolved with a Gaussian cut off at four deviations; beyond its ends the series goes on as in a mirror."""
    reach = 4 * SMOOTHING
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / SMOOTHING) ** 2)
    return np.convolve(np.pad(noise, reach, mode="symmetric"), weights / weights.sum(), mode="valid")
