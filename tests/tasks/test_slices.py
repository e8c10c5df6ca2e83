"""Means by slice against loops over the terms."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.tasks.slices import curve_by, means_by, of_lengths, sliced, thirds


@pytest.fixture
def terms():
    rng = np.random.default_rng(0)
    lengths = np.array([1, 2, 3, 7, 0, 7])
    weights = (np.arange(8)[None] < lengths[:, None]).astype(np.float32)
    values = np.where(weights > 0, rng.normal(size=weights.shape), np.nan).astype(np.float32)
    return values, weights, lengths


@pytest.mark.parametrize("xp", [np, jnp])
def test_means_of_rows_of_a_length_are_of_their_terms_alone(terms, xp):
    values, weights, lengths = terms
    found = sliced("nats", xp.asarray(values), xp.asarray(weights), of_lengths(xp.asarray(lengths), (7, 3, 5)))
    assert set(found) == {"nats/length_7", "nats/length_3", "nats/length_5"}
    total, weight = found["nats/length_7"]
    assert weight == 14 and total == pytest.approx(values[[3, 5], :7].sum(), rel=1e-5)
    assert found["nats/length_5"].weight == 0 and found["nats/length_5"].total == 0
    of_rows = sliced("exact", xp.asarray([1.0, 0, 1, 1, 0, 0]), xp.ones(6), of_lengths(xp.asarray(lengths), (7,)))
    assert tuple(map(float, of_rows["exact/length_7"])) == (1, 2)


@pytest.mark.parametrize("xp", [np, jnp])
def test_thirds_share_out_every_step_of_a_row_once(terms, xp):
    _, weights, lengths = terms
    masks = [np.asarray(mask) for mask in thirds(xp.asarray(lengths), 8).values()]
    np.testing.assert_array_equal(np.sum(masks, axis=0), weights)
    assert [mask[3].nonzero()[0].tolist() for mask in masks] == [[0, 1, 2], [3, 4], [5, 6]]
    assert [mask[0].sum() for mask in masks] == [1, 0, 0]
    for before, after in itertools.pairwise(masks):
        for row in range(3, 6):
            assert not before[row].any() or before[row].nonzero()[0].max() < after[row].nonzero()[0].min()


def test_means_by_key_are_those_of_loops_and_small_slices_are_left_out(terms):
    values, weights, lengths = terms
    keys = np.broadcast_to(lengths[:, None], weights.shape)
    found, means, weight = means_by(values, weights, keys)
    assert found.tolist() == [1, 2, 3, 7] and weight.tolist() == [1, 2, 3, 14]
    for key, mean in zip(found, means):
        chosen = (keys == key) & (weights > 0)
        assert mean == pytest.approx(values[chosen].mean(), rel=1e-5)
    curve = curve_by(
        "by_length", "By length", values, weights, keys, of="terms", fewest=3, caption="At.", xlabel="steps"
    )
    assert curve.positions == [3, 7] and curve.y == pytest.approx(means[2:].tolist()) and curve.xlabel == "steps"
    assert curve.caption == "At. Points are means of 3 to 14 terms."
    assert curve_by("x", "X", values, weights, keys, of="terms", fewest=14).caption == "Points are means of 14 terms."
    assert not curve_by("none", "None", values, 0 * weights, keys, of="terms").y
