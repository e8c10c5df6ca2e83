"""MNIST-1D: that the data are those that figures were published for; each distortion against SciPy or a loop."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.special import log_softmax, softmax

from rnn_research.data import mnist_1d
from rnn_research.data.mnist_1d import distorted, drawn, resampled, smoothed, templates


def test_logistic_regression_does_what_is_published_for_it():
    """The authors' notebook, after 6,000 updates by Adam at 1e-2 on batches of 100 in the order of the data: a loss of
    1.535 on the last batch and of 1.672 in the test, 37.2% right in training and 31.5% in the test. The loss is convex:
    where the weights began is forgotten by then, so that these figures depend on the data and their order alone."""
    splits = mnist_1d.mnist_1d()
    train, test = (np.pad(splits[name].values, ((0, 0), (0, 1)), constant_values=1) for name in ("train", "test"))
    labels, weights = splits["train"].labels, np.zeros((41, 10))
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(6001):
        rows = np.arange(100) + step * 100 % 4000
        errors = softmax(train[rows] @ weights, axis=1) - np.eye(10)[labels[rows]]
        loss = -log_softmax(train[rows] @ weights, axis=1)[np.arange(100), labels[rows]].mean()
        gradient = train[rows].T @ errors / 100
        first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2
        before = 1 - np.array([0.9, 0.999]) ** (step + 1)
        weights = weights - 0.01 * (first / before[0]) / (np.sqrt(second / before[1]) + 1e-8)
    scores = test @ weights
    assert loss == pytest.approx(1.535, abs=0.0015)
    assert -log_softmax(scores, axis=1)[np.arange(1000), splits["test"].labels].mean() == pytest.approx(
        1.672, abs=0.0015
    )
    assert np.mean((train @ weights).argmax(axis=1) == labels) == pytest.approx(0.372, abs=0.002)
    assert np.mean(scores.argmax(axis=1) == splits["test"].labels) == pytest.approx(0.315, abs=0.002)


def test_splits_have_their_sizes_and_scale():
    splits = mnist_1d.mnist_1d()
    assert {name: part.values.shape for name, part in splits.items()} == {
        "train": (4000, 40),
        "valid": (1000, 40),
        "test": (1000, 40),
    }
    both = np.concatenate([splits["train"].values, splits["test"].values])
    assert both.mean() == pytest.approx(0, abs=1e-12) and both.std() == pytest.approx(1)
    labels = np.concatenate([splits["train"].labels, splits["test"].labels])
    assert np.bincount(labels).tolist() == [500] * 10
    assert np.bincount(splits["valid"].labels).tolist() == [100] * 10
    assert splits["valid"].values.std() == pytest.approx(1, abs=0.03)
    assert not np.isin(splits["valid"].values[:, 0], both[:, 0]).any()


def test_templates_begin_at_nothing_and_have_one_deviation():
    shapes = templates()
    assert shapes.shape == (10, 12) and not shapes[:, 0].any()
    np.testing.assert_allclose(shapes.std(axis=1), 1 / 6)
    assert np.abs(shapes[:, -1]).max() < 1e-12  # and end there


def test_smoothing_is_scipys_gaussian_filter():
    noise = np.random.default_rng(0).normal(size=72)
    np.testing.assert_allclose(smoothed(noise), gaussian_filter(noise, 2), rtol=1e-12, atol=1e-15)


def test_resampling_is_linear_between_neighbours():
    series = np.array([0.0, 1.0, 4.0])
    np.testing.assert_allclose(resampled(series, 5), [0, 0.5, 1, 2.5, 4])


def test_a_series_is_its_template_moved_scaled_and_sheared(monkeypatch):
    """Without noise, where the shape can be seen: a loop over the points."""
    monkeypatch.setattr(mnist_1d, "CORRELATED", 0.0)
    monkeypatch.setattr(mnist_1d, "INDEPENDENT", 0.0)
    template = templates()[3]
    found = distorted(template, np.random.RandomState(5))
    draws = np.random.RandomState(5)
    padded = [*(template + 1e-8), *[0.0] * (36 + int(draws.rand() * 25))]
    scale, moved = 1 + 0.4 * (draws.rand() - 0.5), draws.choice(48)
    draws.randn(144)
    slope = 0.75 * (draws.rand() - 0.5)

    def at(series, place):
        low = min(int(place), len(series) - 2)
        return series[low] + (place - low) * (series[low + 1] - series[low])

    long = [scale * at(padded, k * (len(padded) - 1) / 71) for k in range(72)]
    long = [long[(k - moved) % 72] - slope * (k / 71 - 0.5) for k in range(72)]
    np.testing.assert_allclose(found, [at(long, k * 71 / 39) for k in range(40)], rtol=1e-9, atol=1e-12)


def test_a_seed_draws_the_same_series_again():
    np.testing.assert_array_equal(drawn(7, 20).values, drawn(7, 20).values)
    assert not np.array_equal(drawn(7, 20).values, drawn(8, 20).values)
