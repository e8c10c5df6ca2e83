"""Summaries, tests and corrections against hand-computed cases and scipy."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from rnn_research.report.statistics import holm, interval, margin_test, paired_difference, pairs, summarise


def test_summary_by_hand():
    summary = summarise([1.0, 2.0, 3.0, 4.0, 100.0, math.nan])
    assert summary.n == 5
    assert summary.mean == 22.0
    assert summary.iqm == 3.0  # the middle of five: a quarter of the runs is cut on each side
    assert summary.low < 22 < summary.high


def test_iqm_of_eight_is_the_mean_of_the_middle_four():
    assert summarise([0, 1, 2, 3, 4, 5, 6, 900]).iqm == 3.5


def test_interval_is_scipys_bca():
    values = np.random.default_rng(1).gamma(2.0, size=12)
    low, high = interval([values])
    reference = stats.bootstrap((values,), np.mean, method="BCa", n_resamples=9999, rng=np.random.default_rng(0))
    assert (low, high) == pytest.approx(tuple(reference.confidence_interval))


def test_interval_covers_about_as_often_as_it_says():
    rng = np.random.default_rng(2)
    covered = 0
    for _ in range(60):
        low, high = interval([rng.normal(size=40)])
        covered += low < 0 < high
    assert 51 <= covered <= 60


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0, 3.0, 4.0]])
def test_fewer_than_five_runs_have_no_interval(values):
    summary = summarise(values)
    assert summary.n == len(values)
    assert math.isnan(summary.low)
    assert math.isnan(summary.high)


def test_runs_without_spread_have_an_interval_without_width():
    assert summarise([0.5] * 5)[1:] == (0.5, 0.5, 0.5, 0.5)


def test_paired_difference_uses_the_seeds_both_have():
    difference = paired_difference({0: 1.0, 1: 5.0, 2: 7.0}, {1: 2.0, 2: 3.0, 9: 0.0})
    assert difference.n == 2
    assert difference.mean == 3.5


def test_pairing_narrows_the_interval():
    common = np.random.default_rng(3).normal(size=8)
    noise = 0.1 * np.random.default_rng(4).normal(size=8)
    paired = paired_difference(dict(enumerate(common + 1 + noise)), dict(enumerate(common)))
    spread = summarise(list(common))
    assert paired.high - paired.low < 0.3 * (spread.high - spread.low)


def test_margin_test_counts_sign_flips():
    differences = np.array([0.9, 1.1, 0.4, -0.2, 0.7, 1.3])
    for margin in (0.0, 0.3):
        shifted = differences - margin
        flips = np.array([np.dot(signs, shifted) for signs in itertools.product((1, -1), repeat=6)])
        exact = 2 * min((flips >= shifted.sum() - 1e-12).mean(), (flips <= shifted.sum() + 1e-12).mean())
        result = margin_test([differences], margin)
        assert result.p == pytest.approx(min(1.0, exact))
        assert result.effect == pytest.approx(differences.mean())
        assert result.n == 6


def test_a_value_without_a_seed_stands_beside_every_seed():
    runs, fixed = {3: 1.0, 1: 5.0, 2: 7.0}, {None: 2.0}
    assert pairs(runs, fixed) == {1: 3.0, 2: 5.0, 3: -1.0}
    assert pairs(fixed, runs) == {1: -3.0, 2: -5.0, 3: 1.0}
    assert pairs(fixed, {None: 0.5}) == {None: 1.5}
    assert pairs(fixed, {}) == {} == pairs({}, fixed)


def test_what_is_known_shifts_the_margin_and_counts_in_no_n():
    differences = np.array([0.9, 1.1, 0.4, -0.2, 0.7, 1.3])
    found = margin_test([differences], 0.3, known=[0.1, 0.7])
    # The mean of the three is 0.3 where that of the runs is 3 · 0.3 − 0.8.
    alone = margin_test([differences], 0.1)
    assert (found.n, found.p) == (6, pytest.approx(alone.p))
    assert found.effect == pytest.approx((differences.mean() + 0.8) / 3)
    assert (found.low, found.high) == pytest.approx(((alone.low + 0.8) / 3, (alone.high + 0.8) / 3), rel=1e-6)


def test_margin_test_weighs_strata_alike():
    few, many = np.full(5, 1.0) + np.arange(5) * 0.01, np.zeros(20) + np.arange(20) * 0.001
    result = margin_test([few, many], 0.0)
    assert result.effect == pytest.approx((few.mean() + many.mean()) / 2)
    assert result.low < result.effect < result.high


def test_margin_test_seldom_errs_when_the_margin_is_the_truth():
    rng = np.random.default_rng(5)
    p = [margin_test([0.2 + rng.normal(size=7), 0.2 + rng.normal(size=7)], 0.2).p for _ in range(60)]
    assert np.mean(np.array(p) < 0.05) <= 0.15


def test_holm_by_hand():
    # Sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1, never decreasing.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.9]) == pytest.approx([1.0, 1.0])
    assert holm([]) == []
