"""The keyed shuffle: a permutation in every epoch, a function of key and position, and close to uniform."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.data.batching import batch_indices, shuffled

SIZES = [1, 2, 7, 100, 1197]

jitted = jax.jit(shuffled, static_argnums=1)


def walk(examples, seed, epochs=1, start=0):
    position = start + jnp.arange(epochs * examples)
    return np.asarray(jitted(position, examples, jax.random.key(seed)))


@pytest.mark.parametrize("examples", SIZES)
def test_every_epoch_is_a_permutation(examples):
    for seed in range(3):
        for epoch in walk(examples, seed, epochs=5).reshape(5, examples):
            np.testing.assert_array_equal(np.sort(epoch), np.arange(examples))


@pytest.mark.parametrize("examples", [7, 100, 1197])
def test_epochs_and_keys_have_orders_of_their_own(examples):
    orders = np.concatenate([walk(examples, seed, epochs=4).reshape(4, examples) for seed in range(3)])
    assert len({order.tobytes() for order in orders}) == len(orders)
    if examples > 7:  # two unlike orders agree in one place on average
        for a in range(len(orders)):
            agreements = [np.sum(orders[a] == orders[b]) for b in range(a)] + [np.sum(orders[a] == np.arange(examples))]
            assert max(agreements) < 10


@pytest.mark.parametrize("examples", SIZES)
@pytest.mark.parametrize("size", [1, 3, 32])
def test_any_division_into_batches_gives_the_same_walk(examples, size):
    key = jax.random.key(9)
    batch = jax.jit(lambda index: batch_indices(examples, key, "train", index, size))
    count = min(2 * examples // size + 1, 60)
    rows, weights = zip(*(batch(index) for index in range(count)), strict=True)
    np.testing.assert_array_equal(np.concatenate(rows), shuffled(jnp.arange(count * size), examples, key))
    assert np.all(np.concatenate(weights) == 1)


def test_a_late_batch_needs_nothing_of_those_before():
    far = 10**6
    np.testing.assert_array_equal(walk(1197, 0, epochs=2, start=far * 1197)[1197:], walk(1197, 0, 1, (far + 1) * 1197))


@pytest.mark.parametrize("split", ["valid", "test"])
def test_valid_and_test_are_read_once_in_order_whatever_the_key(split):
    rows, weights = zip(*(batch_indices(10, jax.random.key(i), split, i, 4) for i in range(4)), strict=True)
    rows, weights = np.concatenate(rows), np.concatenate(weights)
    np.testing.assert_array_equal(rows[weights > 0], np.arange(10))
    np.testing.assert_array_equal(weights, [1] * 10 + [0] * 6)
    assert rows.min() >= 0 and rows.max() < 10  # rows of weight 0 can be read too


def chi_squared(counts):
    expected = counts.sum() / counts.size
    return np.sum((counts - expected) ** 2) / expected


def permutations(examples, keys, epoch=0):
    """One permutation a key, ``[keys, examples]``."""
    position = epoch * examples + jnp.arange(examples)
    run = jax.jit(jax.vmap(lambda seed: shuffled(position, examples, jax.random.key(seed))))
    return np.asarray(run(jnp.arange(keys)))


@pytest.mark.parametrize("examples", [2, 7, 20])
@pytest.mark.parametrize("epoch", [0, 1, 1000])
def test_a_row_is_as_likely_in_any_place(examples, epoch):
    orders = permutations(examples, 4000, epoch)
    counts = np.stack([np.bincount(orders[:, place], minlength=examples) for place in range(examples)])
    freedom = (examples - 1) ** 2
    assert abs(chi_squared(counts) - freedom) < 5 * np.sqrt(2 * freedom)


def test_rows_do_not_linger_in_their_own_places():
    """A permutation has one fixed point on average, with variance one; too few rounds leave more."""
    keys = 2000
    fixed = np.sum(permutations(1197, keys) == np.arange(1197))
    assert abs(fixed - keys) < 5 * np.sqrt(keys)


def test_all_orders_of_four_rows_are_as_likely():
    orders, counts = np.unique(permutations(4, 9600), axis=0, return_counts=True)
    assert len(orders) == 24
    assert abs(chi_squared(counts) - 23) < 5 * np.sqrt(2 * 23)


def test_places_of_two_rows_and_of_two_epochs_are_unrelated():
    examples, keys = 10, 20000
    first, second = permutations(examples, keys), permutations(examples, keys, epoch=1)
    followers = np.zeros((examples, examples))
    np.add.at(followers, (first[:, :-1].ravel(), first[:, 1:].ravel()), 1)
    off_diagonal = followers[~np.eye(examples, dtype=bool)]
    assert chi_squared(off_diagonal) < 90 + 5 * np.sqrt(2 * 90)
    pairs = np.bincount(first[:, 0] * examples + second[:, 0], minlength=examples**2)
    assert abs(chi_squared(pairs) - 99) < 5 * np.sqrt(2 * 99)
