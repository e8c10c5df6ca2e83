"""Estimates, intervals, tests and corrections against scipy, published figures and hand-computed cases."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from rnn_research.report.statistics import (
    Sums,
    difference,
    exact,
    holm_levels,
    improvement,
    interquartile_mean,
    log_rank,
    runs_needed,
    summarise,
    weighted_means,
    weighted_shares,
)

SYMMETRIC = [np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), np.array([0.0, 5.0, 10.0, 2.0, 8.0])]
SKEWED = np.array([0.2, 0.3, 0.35, 0.5, 0.8, 1.1, 2.9, 7.0])


def shares(*counts):
    """Weighted shares, of ``(weight, successes, runs)``."""
    return weighted_shares([(weight, np.array([1.0] * k + [0.0] * (n - k))) for weight, k, n in counts])


def test_summary_by_hand():
    summary = summarise([1.0, 2.0, 3.0, 4.0, 100.0, math.nan])
    assert summary.n == 5
    assert summary.mean == 22.0
    assert summary.iqm == 3.0  # the middle of five: a quarter of the runs is cut on each side
    assert summary.low < 22 < summary.high


def test_iqm_of_eight_is_the_mean_of_the_middle_four():
    assert summarise([0, 1, 2, 3, 4, 5, 6, 900]).iqm == 3.5


@pytest.mark.parametrize("level", [0.9, 0.95, 0.995])
def test_the_interval_of_symmetric_scores_is_students(level):
    values = SYMMETRIC[0]
    found = weighted_means([(1.0, values)])
    assert found.interval(level) == pytest.approx(stats.t.interval(level, 5, values.mean(), stats.sem(values)))
    reference: Any = stats.ttest_1samp(values, 2.0)
    assert found.p(2.0) == pytest.approx(reference.pvalue)


def test_the_difference_of_two_symmetric_arms_is_welchs():
    reference: Any = stats.ttest_ind(*SYMMETRIC, equal_var=False)
    welch = difference(*map(list, SYMMETRIC))
    found = weighted_means([(1.0, SYMMETRIC[0]), (-1.0, SYMMETRIC[1])])
    # Both are mirror images of themselves but for the second's 0.2: 0, 2, 5, 8, 10.
    assert found.skew == pytest.approx(0, abs=1e-12)
    assert found.p(0.0) == pytest.approx(reference.pvalue)
    assert found.interval() == pytest.approx(tuple(reference.confidence_interval(0.95)))
    assert welch[1:2] + welch[3:] == pytest.approx((found.effect, *found.interval()))


def test_skewed_scores_have_what_halls_transformation_and_student_hold_together():
    """Hall (1992), written out from the paper: of g, the sample's skewness, and its inverse by bisection."""
    n, mean, s = len(SKEWED), SKEWED.mean(), SKEWED.std(ddof=1)
    g = np.mean((SKEWED - mean) ** 3) / SKEWED.std() ** 3

    def transformed(truth):
        t = (mean - truth) / s  # in units of the scores' spread, as the paper has it
        return math.sqrt(n) * (t + g * t**2 / 3 + g**2 * t**3 / 27 + g / (6 * n))

    def solve(target):
        low, high = mean - 50 * s, mean + 50 * s  # transformed falls with the truth
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (middle, high) if transformed(middle) > target else (low, middle)
        return low

    reach = stats.t.ppf(0.975, n - 1)
    found = weighted_means([(1.0, SKEWED)])
    student = stats.t.interval(0.95, n - 1, mean, stats.sem(SKEWED))
    assert solve(-reach) > student[1] and solve(reach) > student[0]
    assert found.interval() == pytest.approx((student[0], solve(-reach)))


def test_a_mirrored_sample_has_a_mirrored_interval():
    low, high = weighted_means([(1.0, SKEWED)]).interval()
    assert weighted_means([(-1.0, SKEWED)]).interval() == pytest.approx((-high, -low))
    assert weighted_means([(1.0, -SKEWED)]).interval() == pytest.approx((-high, -low))


@pytest.mark.parametrize("level", [0.8, 0.95, 0.999])
@pytest.mark.parametrize(
    "found",
    [
        weighted_means([(1.0, SKEWED)]),
        weighted_means([(0.5, SKEWED), (-0.5, SYMMETRIC[1]), (0.5, SYMMETRIC[0])]),
        shares((1.0, 3, 8), (-1.0, 7, 9)),
        shares((0.5, 3, 8), (-0.5, 7, 9), (0.5, 20, 20), (-0.5, 11, 20)),
    ],
)
def test_the_interval_is_the_test(found, level):
    """p is 1 − level at both ends of the interval, less beyond them, more within."""
    for end, outwards in zip(found.interval(level), (-1, 1), strict=True):
        assert found.p(end) == pytest.approx(1 - level, rel=1e-4)
        assert found.p(end + outwards * 0.01) < 1 - level < found.p(end - outwards * 0.01)


def test_skewed_scores_are_covered_as_often_as_it_says():
    """Exponential scores: Student's interval of 8 covers the mean in 89% of 4,000 samples, this in 94%."""
    draws = np.random.default_rng(0).exponential(size=(4000, 8))
    ends = np.array([weighted_means([(1.0, draw)]).interval() for draw in draws])
    assert np.mean((ends[:, 0] <= 1) & (ends[:, 1] >= 1)) > 0.93


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0, 3.0, 4.0]])
def test_fewer_than_five_runs_have_no_interval(values):
    summary = summarise(values)
    assert summary.n == len(values)
    assert math.isnan(summary.low)
    assert math.isnan(summary.high)


def test_runs_without_spread_have_an_interval_without_width_and_the_sign_tests_p():
    assert summarise([0.5] * 5)[1:] == (0.5, 0.5, 0.5, 0.5)
    alike = weighted_means([(1.0, np.full(8, 0.5)), (-1.0, np.full(8, 0.25))])
    assert alike.p(0.25) == 1.0
    assert alike.p(0.0) == pytest.approx(2 / 2**16)


def test_an_arm_that_no_seed_changes_is_known_exactly():
    runs = list(SYMMETRIC[0])
    found, alone = difference(runs, [2.0], (False, True)), summarise(runs)
    assert (found.n, found.mean) == (6, alone.mean - 2)
    assert (found.low, found.high) == pytest.approx((alone.low - 2, alone.high - 2))
    assert difference([2.0], runs, (True, False)).mean == 2 - alone.mean
    assert math.isnan(difference([2.0], [1.0], (True, True)).low)


def test_of_an_arm_of_one_run_nobody_knows_the_spread():
    """One that is left of those that failed is not known exactly: there is no interval and no test."""
    found = difference(list(SYMMETRIC[0]), [2.0])
    assert (found.n, found.mean) == (1, SYMMETRIC[0].mean() - 2)
    assert math.isnan(found.low)
    means = weighted_means([(1.0, SYMMETRIC[0]), (-1.0, np.array([2.0]))])
    assert all(map(math.isnan, means.interval())) and means.p(0.0) == 1.0


def test_settings_weigh_alike():
    few, many = np.full(5, 1.0) + np.arange(5) * 0.01, np.zeros(20) + np.arange(20) * 0.001
    found = weighted_means([(0.5, few), (0.5, many)])
    assert found.effect == pytest.approx((few.mean() + many.mean()) / 2)
    assert found.error == pytest.approx(math.hypot(stats.sem(few), stats.sem(many)) / 2)


def test_shares_have_the_published_exact_intervals():
    """Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 5."""
    published = {
        (81, 263): (0.2527, 0.3676),
        (15, 148): (0.0578, 0.1617),
        (0, 20): (0.0, 0.1684),
        (1, 29): (0.0009, 0.1776),
    }
    for (successes, runs), interval in published.items():
        assert exact(successes, runs) == pytest.approx(interval, abs=5e-5)
        assert shares((1.0, successes, runs)).interval() == pytest.approx(interval, abs=5e-5)


def test_the_difference_of_shares_is_newcombes_rule_on_exact_limits():
    (low, high), (below, above) = exact(9, 10), exact(3, 12)
    found = shares((1.0, 9, 10), (-1.0, 3, 12))
    effect = 0.9 - 0.25
    assert found.interval() == pytest.approx(
        (effect - math.hypot(0.9 - low, above - 0.25), effect + math.hypot(high - 0.9, 0.25 - below))
    )


@pytest.mark.parametrize("n", [8, 16])
def test_differences_of_shares_are_covered_whatever_they_are(n):
    """By enumeration of all that two arms of n runs can come to."""
    table = [[shares((1.0, a, n), (-1.0, b, n)).interval() for b in range(n + 1)] for a in range(n + 1)]
    low, high = np.moveaxis(np.array(table), -1, 0)
    shown = np.arange(n + 1)
    for p in (0.02, 0.1, 0.35, 0.5, 0.8, 0.98):
        for q in (0.03, 0.2, 0.5, 0.65, 0.95):
            chance = np.outer(stats.binom.pmf(shown, n, p), stats.binom.pmf(shown, n, q))
            assert np.sum(chance * ((low <= p - q) & (p - q <= high))) > 0.93


def test_what_is_known_exactly_adds_no_width():
    """Beside shares, a constant moves the interval and leaves its width."""
    share, known = shares((1.0, 9, 10)), weighted_means([], -0.25)
    low, high = share.interval()
    assert known.interval() == (-0.25, -0.25)
    assert known.p(-0.25) == 1.0 and known.p(0.0) == 0.0
    both = Sums((known, share))
    assert both.interval() == pytest.approx((low - 0.25, high - 0.25))
    assert both.p(low - 0.25) == pytest.approx(0.05)


def test_improvement_counts_pairs():
    assert improvement([(np.array([3.0, 1.0]), np.array([2.0, 1.0]))]) == pytest.approx((1 + 1 + 0 + 0.5) / 4)
    always, never = (np.array([2.0]), np.array([1.0])), (np.array([0.0]), np.array([1.0]))
    assert improvement([always, never, always]) == pytest.approx(2 / 3)


def test_log_rank_by_hand():
    """Four runs that solve it at 1, 2, 3 and 4 against four of which one does, at 5: expected deaths of the first arm
    4/8 + 3/7 + 2/6 + 1/5, the variance by the hypergeometric distribution."""
    expected = [4 / 8, 3 / 7, 2 / 6, 1 / 5, 0]
    variance = sum(e * (1 - e) for e in expected)
    z = (4 - sum(expected)) / math.sqrt(variance)
    never = [(6, False)] * 3
    first = [(step, True) for step in (1, 2, 3, 4)]
    assert log_rank(first, [(5, True), *never]) == pytest.approx(2 * stats.norm.sf(z))
    assert log_rank(never, never) == 1.0
    assert log_rank([(3, True)] * 2, [(3, True)] * 2) == 1.0
    # Runs that were seen until step 100 only say nothing of those that solve it later.
    assert log_rank([(100, False)] * 8, [(500, True)] * 8) == 1.0


def test_log_rank_of_runs_that_never_get_there():
    """Of a run that failed at 2 it is known that it is not there at 6, either: it stays at risk as long as any."""
    first = [(1, True), (3, True), (5, True)]
    assert log_rank(first, [(4, True), (math.inf, False)]) == log_rank(first, [(4, True), (5, False)])
    assert log_rank(first, [(4, True), (math.inf, False)]) != log_rank(first, [(4, True), (2, False)])


@pytest.mark.parametrize("size", [1e-300, 1e-170, 1e-110, 1.0, 1e100, 1e104, 1e300, 1e307])
def test_scores_of_any_size_have_the_interval_of_their_digits(size):
    found, plain = weighted_means([(0.5, SKEWED * size)]), weighted_means([(0.5, SKEWED)])
    assert np.allclose(np.array(found.interval()) / size, plain.interval(), rtol=1e-9)
    one_of_eight = weighted_means([(1.0, np.array([1.0] * 7 + [size]))])
    assert all(map(math.isfinite, one_of_eight.interval()))


def test_runs_that_differ_by_rounding_are_alike():
    alike = np.array([0.99] * 7 + [np.nextafter(0.99, 1)])
    assert weighted_means([(1.0, alike)]).p(0.9) == 2.0**-7
    single = np.array([0.99] * 7 + [float(np.nextafter(np.float32(0.99), np.float32(1)))])
    assert weighted_means([(1.0, single)]).p(0.9) == 2.0**-7
    assert weighted_means([(1.0, np.array([0.99] * 7 + [0.9901]))]).p(0.9) < 1e-9


def test_runs_needed_find_the_effect_as_often_as_they_say():
    """Of normal scores, half a spread above the value: at least 80% of samples of that size leave it out."""
    rng = np.random.default_rng(7)
    scores = stats.norm.ppf((np.arange(16) + 0.5) / 16)
    found = weighted_means([(1.0, scores / scores.std(ddof=1))])
    wanted = int(runs_needed(found, -0.5, 0.95, 16))
    draws = rng.normal(size=(2000, wanted))
    tests: Any = stats.ttest_1samp(draws, -0.5, axis=1)
    assert 0.78 < np.mean(tests.pvalue < 0.05) < 0.9
    assert math.isinf(runs_needed(found, found.effect, 0.95, 16))


def test_holm_by_hand():
    # The least is below 0.05/4, the next below 0.05/3; 0.03 is not below 0.05/2, where it stops.
    assert holm_levels([0.01, 0.04, 0.03, 0.005]) == pytest.approx([1 - 0.05 / 3, 0.975, 0.975, 0.9875])
    assert holm_levels([0.6, 0.9]) == pytest.approx([0.975, 0.975])
    assert holm_levels([0.001, 0.002], 0.01) == pytest.approx([0.995, 0.99])
    assert holm_levels([]) == []


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 8, 11, 32])
def test_the_interquartile_mean_and_the_probability_of_improvement_are_scipys(n):
    rng = np.random.default_rng(n)
    a, b = rng.integers(0, 6, n).astype(float), rng.integers(0, 6, n + 2).astype(float)  # with ties
    assert interquartile_mean(a) == pytest.approx(float(stats.trim_mean(a, 0.25)), abs=1e-12)
    expected: Any = stats.mannwhitneyu(a, b)
    assert improvement([(a, b)]) == pytest.approx(float(expected.statistic) / (n * (n + 2)), abs=1e-12)
