"""Buckets of like lengths: the best cut points, turns that are the same for all, and every sequence equally often."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.data import batching
from rnn_research.data.buckets import (
    PERIOD,
    TOGETHER,
    by_length,
    cut_points,
    cuts_of_shares,
    draw,
    make_buckets,
    share_out,
)

LENGTHS = np.random.default_rng(0).geometric(0.2, 300)


def steps_computed(lengths, times):
    return np.array(times)[np.searchsorted(times, lengths)].sum()


@pytest.mark.parametrize("least", [1, 20])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_no_other_cut_points_have_less_padding(count, least):
    def allowed(times):
        return (np.bincount(np.searchsorted(times, LENGTHS), minlength=len(times)) >= least).all()

    *shorter, longest = np.unique(LENGTHS)
    ways = [(*inner, longest) for size in range(count) for inner in itertools.combinations(shorter, size)]
    best = min(steps_computed(LENGTHS, times) for times in ways if allowed(times))
    found = cut_points(LENGTHS, count, least)
    assert len(found) <= count and allowed(found)
    assert steps_computed(LENGTHS, found) == best


def test_few_sequences_are_in_one_bucket():
    assert cut_points(np.array([3, 1, 7]), 4, least=64) == (7,)
    assert cut_points(np.array([5, 5, 5]), 4) == (5,)
    with pytest.raises(ValueError, match="0 sequences"):
        make_buckets(np.array([], int), 2)


@pytest.fixture(scope="module")
def drawn():
    """``(seed, steps) -> `` the buckets and the sequences of those updates, five each."""
    buckets = make_buckets(LENGTHS, 3, least=20)
    rows = jax.jit(jax.vmap(lambda seed, step: draw(buckets, jax.random.key(seed), step, 5), (None, 0)))
    return buckets, lambda seed, steps: buckets.order[np.asarray(rows(seed, jnp.asarray(steps)))]


def test_an_update_is_in_one_bucket_whatever_the_key(drawn):
    buckets, rows = drawn
    steps = np.arange(60)
    of = [np.searchsorted(buckets.times, LENGTHS[rows(seed, steps)]) for seed in (0, 1)]
    assert (of[0] == of[0][:, :1]).all()
    np.testing.assert_array_equal(of[0], of[1])
    assert set(of[0].ravel()) == {0, 1, 2}
    assert not np.array_equal(rows(0, steps), rows(1, steps))


def test_each_bucket_is_walked_through_epoch_after_epoch(drawn):
    """Over the end of a period of turns too."""
    buckets, rows = drawn
    steps = np.arange(PERIOD + 300)
    found = rows(3, steps)
    bucket = np.searchsorted(buckets.times, LENGTHS[found[:, 0]])
    for number, size in enumerate(np.diff(buckets.first)):
        walk = found[bucket == number].ravel()
        epochs = walk[: len(walk) // size * size].reshape(-1, size)
        assert len(epochs) > 2
        own = np.sort(buckets.order[buckets.first[number] : buckets.first[number + 1]])
        assert (np.sort(epochs, axis=1) == own).all()


def test_all_sequences_come_equally_often(drawn):
    buckets, rows = drawn
    times = np.bincount(rows(0, np.arange(PERIOD)).ravel(), minlength=len(LENGTHS))
    expected = 5 * PERIOD / len(LENGTHS)
    assert abs(times / expected - 1).max() < 0.05
    computed = np.array(buckets.times)[buckets.turns].mean()
    assert buckets.mean_time == pytest.approx(computed)
    assert computed == pytest.approx(steps_computed(LENGTHS, buckets.times) / len(LENGTHS), rel=1e-2)


def test_held_out_sequences_are_sorted_and_all_there(monkeypatch):
    monkeypatch.setattr(batching, "LARGEST", 64)
    rows, weights = by_length(LENGTHS, 150)
    assert rows.shape == weights.shape == (3, 50)
    rows, weights = by_length(LENGTHS, 149)
    assert (np.diff(LENGTHS[rows.ravel()]) >= 0).all()
    assert weights.sum() == 149
    np.testing.assert_array_equal(np.sort(rows[weights > 0]), np.arange(149))


def test_sequences_drawn_together_are_shared_out_by_length():
    lengths = np.random.default_rng(1).geometric(0.1, 5 * TOGETHER)
    rows = np.asarray(jax.vmap(lambda step: share_out(jnp.asarray(lengths), step))(jnp.arange(3 * TOGETHER)))
    np.testing.assert_array_equal(np.sort(rows[:TOGETHER], axis=None), np.arange(len(lengths)))
    np.testing.assert_array_equal(rows[:TOGETHER], rows[TOGETHER : 2 * TOGETHER])
    shares = lengths[rows[:TOGETHER]]
    by_share = shares[np.argsort(shares.sum(axis=1))]
    assert (by_share[1:].min(axis=1) >= by_share[:-1].max(axis=1)).all()
    halves = shares.max(axis=1) > np.median(lengths)
    assert np.count_nonzero(np.diff(halves)) > TOGETHER / 2  # long ones and short ones take turns


def test_cuts_of_shares_hold_the_longest_of_each():
    lengths = np.random.default_rng(2).geometric(0.1, 30 * TOGETHER * 4)
    times, mean = cuts_of_shares(lengths, 3, 4)
    ordered = np.sort(lengths.reshape(30, -1), axis=1).reshape(30, TOGETHER, 4)
    computed = steps_computed(ordered.max(axis=2), times)
    assert times[-1] == lengths.max() and mean == pytest.approx(computed / (30 * TOGETHER))
