"""Which tokens may be drawn, against a sort."""

import jax.numpy as jnp
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax

from rnn_research.decoding import keep


def slow_keep(logits, top_k, top_p):
    """By sorting, one row, in double precision; and by how little it was decided."""
    order = np.argsort(-logits, kind="stable")
    order = order[: top_k or None]
    p = softmax(logits[order].astype(np.float64))
    before = np.append(0, np.cumsum(p)[:-1])
    kept = order[before < top_p] if top_p < 1 else order
    found = np.full(len(logits), -np.inf, np.float32)
    found[kept] = logits[kept]
    return found, np.abs(before - top_p).min()


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([0, 5, 100]),
    st.sampled_from([0.001, 0.3, 0.5, 0.9, 0.999, 1.0]),
    st.integers(0, 10**6),
)
def test_filters_are_those_of_a_sort(top_k, top_p, seed):
    """Half the rows are of few different values, so that there are ties wherever it cuts."""
    rng, size = np.random.default_rng(seed), 60
    logits = rng.normal(size=(3, 2, size)).astype(np.float32) * 3
    logits[1] = rng.choice(np.array([-np.inf, -1, -0.0, 0, 2], np.float32), (2, size))
    logits[1, :, 0] = 0
    found = np.asarray(keep(jnp.asarray(logits), top_k, top_p))
    for place in np.ndindex(3, 2):
        expected, margin = slow_keep(logits[place], top_k, top_p)
        if margin > 1e-5:
            np.testing.assert_array_equal(found[place], expected)


def test_ties_are_cut_at_the_lower_ids():
    equal = jnp.zeros(8)
    for number in range(1, 8):
        expected = np.where(np.arange(8) < number, 0, -np.inf)
        np.testing.assert_array_equal(keep(equal, top_p=number / 8), expected)
        if number in (1, 4, 7):
            np.testing.assert_array_equal(keep(equal, top_k=number), expected)
    np.testing.assert_array_equal(np.isfinite(keep(equal, top_p=0.13)), np.arange(8) < 2)
    # k first, then p over the rest renormalised: of 1/8 each, 4 are left, of 1/4 each.
    np.testing.assert_array_equal(np.isfinite(keep(equal, top_k=4, top_p=0.5)), np.arange(8) < 2)
    logits = jnp.log(jnp.array([0.1, 0.2, 0.4, 0.2, 0.1]))
    np.testing.assert_array_equal(np.isfinite(keep(logits, top_p=0.55)), [False, True, True, False, False])
    np.testing.assert_array_equal(np.isfinite(keep(logits, top_k=2, top_p=0.65)), [False, False, True, False, False])
    np.testing.assert_array_equal(keep(logits), logits)
    np.testing.assert_array_equal(keep(jnp.ones(1), top_k=1, top_p=0.1), [1])


def test_a_large_nucleus_is_that_of_a_sort():
    rng = np.random.default_rng(0)
    logits = np.stack([rng.normal(size=20_000) * scale for scale in (0.01, 1, 5)]).astype(np.float32)
    for top_p in (0.2, 0.9):
        p = softmax(logits.astype(np.float64), axis=1)
        kept = np.isfinite(keep(jnp.asarray(logits), top_p=top_p))
        for inside, row in zip(kept, p):
            assert row[inside].min() >= row[~inside].max()
            assert row[inside].sum() > top_p - 1e-5 and row[inside].sum() - row[inside].min() < top_p + 1e-5
