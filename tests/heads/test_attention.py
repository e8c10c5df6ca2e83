"""Attention: against the equations in double precision, and what padding may change."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import softmax

from rnn_research.heads.attention import SIMILARITIES, attend, remember, similarity

ROWS, SOURCE, WIDTH = 4, 5, 3
LENGTHS = np.array([5, 2, 1, 0])


def example(name):
    draw = np.random.default_rng(0)
    params = jax.tree.map(
        lambda leaf: draw.normal(size=leaf.shape).astype(np.float32),
        jax.eval_shape(lambda: SIMILARITIES[name].init(jax.random.key(0), WIDTH)),
    )
    values = draw.normal(size=(ROWS, SOURCE, WIDTH)).astype(np.float32)
    return params, draw.normal(size=(ROWS, WIDTH)).astype(np.float32), values


@jax.jit
def looked(name_params, query, values, lengths):
    ((name, params),) = name_params.items()
    counts = jnp.arange(values.shape[1])[None] < lengths[:, None]
    return attend(similarity(name), params, query, remember(similarity(name), params, values, counts))


def scored(name, params, query, value):
    params = {key: leaf.astype(float) for key, leaf in params.items()}
    if name == "dot":
        return query @ value
    if name == "bilinear":
        return value @ params["kernel"] @ query
    hidden = np.tanh(params["state_kernel"].T @ query + params["output_kernel"].T @ value + params["bias"])
    return params["score_kernel"][:, 0] @ hidden


@pytest.mark.parametrize("name", SIMILARITIES)
def test_contexts_are_means_of_what_counts_by_the_softmax_of_the_similarity(name):
    params, query, values = example(name)
    context, weights = map(np.asarray, looked({name: params}, query, values, LENGTHS))
    for row, length in enumerate(LENGTHS[:-1]):
        exact = softmax([scored(name, params, query[row].astype(float), value) for value in values[row, :length]])
        np.testing.assert_allclose(weights[row, :length], exact, rtol=1e-5)
        np.testing.assert_allclose(context[row], exact @ values[row, :length].astype(float), rtol=1e-4, atol=1e-6)
    assert not weights[np.arange(SOURCE) >= LENGTHS[:, None]].any()
    np.testing.assert_allclose(weights.sum(axis=1), LENGTHS > 0, rtol=1e-6)


@pytest.mark.parametrize("name", SIMILARITIES)
def test_what_stands_in_the_padding_changes_nothing(name):
    params, query, values = example(name)
    found = looked({name: params}, query, values, LENGTHS)
    padding = np.arange(SOURCE)[None, :, None] >= LENGTHS[:, None, None]
    again = looked({name: params}, query, np.where(padding, 1e9, values).astype(np.float32), LENGTHS)
    assert jax.tree.all(jax.tree.map(lambda a, b: bool((a == b).all()), found, again))
