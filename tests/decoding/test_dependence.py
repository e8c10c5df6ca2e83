"""What tokens say of others further on, against chains of which it is known."""

import numpy as np
import pytest

from rnn_research.decoding.dependence import information


def entropy(p):
    return float(-np.sum(p * np.log2(p)))


def test_of_a_chain_it_is_what_the_powers_of_its_transitions_say():
    """Two states that change with probability 0.1: I(d) = 1 − H((1 + 0.8^d) / 2), in 200 texts of 500."""
    flips = np.random.default_rng(0).random((200, 500)) < 0.1
    ids = np.cumsum(flips, axis=1) % 2
    for distance in (1, 2, 5, 20):
        same = (1 + 0.8**distance) / 2
        wanted = 1 - entropy(np.array([same, 1 - same]))
        assert information(ids, distance) == pytest.approx(wanted, abs=0.01)
    assert information(ids, 100) == pytest.approx(0, abs=1e-3)


def test_of_independent_tokens_it_is_nothing_though_pairs_are_few():
    """Of 60 tokens and 10,000 pairs, what is counted is 0.25 bits too much, as Miller's formula says."""
    ids = np.random.default_rng(1).integers(0, 60, (20, 510))
    spread = np.sqrt(2) * 59 / (2 * 10_000 * np.log(2))
    for distance in (1, 10):
        assert abs(information(ids, distance)) < 4 * spread < 0.1 * 59**2 / (2 * 10_000 * np.log(2))


def test_rare_tokens_are_one():
    """A token says which comes next; of two kept apart, with all others as one, 3 classes of 1/4, 1/4 and 1/2."""
    order = np.random.default_rng(2).permutation(np.repeat(np.arange(4), 25_000))
    ids = np.stack([order, order], axis=1)
    assert information(ids, 1) == pytest.approx(2, abs=1e-3)
    assert information(ids, 1, types=2) == pytest.approx(1.5, abs=1e-3)
