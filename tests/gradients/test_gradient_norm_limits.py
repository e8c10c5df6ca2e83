"""Norms of the error sent back: closed forms, and the limits of floats."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import Cell, elman
from rnn_research.gradients.norms import vector_norm
from tests.support.gradient_norms import HIDDEN, INPUT, assert_close, compiled, example, quadratic, random_case, row


def linear_network(recurrent, time, activation="linear"):
    """An Elman network of one example that reads zeros, so its Jacobian is ``recurrent`` (transposed) throughout."""
    cell = elman(len(recurrent), activation=activation)
    params, _ = random_case(cell)
    params = params | {"recurrent_kernel": jnp.asarray(recurrent, jnp.float32)}
    return cell, jax.tree.map(lambda a: a.astype(jnp.float32), params), jnp.zeros((1, time, INPUT), jnp.float32)


def orthogonal(size, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(size, size)))[0]


def test_a_scaled_rotation_decays_geometrically():
    time = 30
    weights = jnp.asarray(np.random.default_rng(2).normal(size=8), jnp.float32)
    cell, params, inputs = linear_network(0.9 * orthogonal(8), time)
    norms = compiled(cell, lambda output: output @ weights)(params, inputs)
    distance = np.arange(time)[:, None] - np.arange(time)
    expected = np.where(distance >= 0, 0.9**distance, 0) * np.linalg.norm(weights)
    np.testing.assert_allclose(norms.total[0], expected, rtol=1e-5)


def test_each_singular_direction_decays_at_its_own_rate(x64):
    rates, q = np.array([1.3, 1.0, 0.7, 0.2]), orthogonal(4)
    cell, params, inputs = linear_network(np.eye(4), 12)
    run = compiled(cell, jnp.dot, at=-1)
    inputs = jnp.broadcast_to(inputs, (4, *inputs.shape[1:]))
    # A matrix that is not symmetric turns the direction away in one step.
    for left, distances in ((q, 12), (orthogonal(4, 1), 2)):
        params = params | {"recurrent_kernel": jnp.asarray(q * rates @ left.T)}
        directions = jnp.broadcast_to(left.T[:, None], (4, 12, 4))  # as targets, one an example
        curves = run(params, inputs, directions).total[:, ::-1]
        np.testing.assert_allclose(curves[:, :distances], rates[:, None] ** np.arange(distances), rtol=1e-10)


def test_out_of_range_is_inf_or_0_and_never_nan():
    cell, params, inputs = linear_network(orthogonal(8), 1000)
    run = compiled(cell, jnp.sum, at=-1)
    for rate in (1.5, 0.5):
        curve = run(params | {"recurrent_kernel": rate * params["recurrent_kernel"]}, inputs).total[0]
        true = np.sqrt(8) * rate ** np.arange(1000.0)[::-1]
        limits = np.finfo(np.float32)
        inside = (true > limits.tiny) & (true < limits.max)
        assert 0 < inside.sum() < 300
        np.testing.assert_allclose(curve[inside], true[inside], rtol=1e-4)
        assert np.all(curve[true > limits.max] == np.inf) and np.all(curve[true < 1e-46] == 0)


def test_a_norm_that_leaves_the_range_comes_back():
    # h_t = x_t h_{t−1}: the inputs are the Jacobians.
    cell = Cell(lambda *_: {}, lambda: jnp.ones(1), lambda _, h, x: (x * h, x * h))
    factors = np.array([1e-30, 1.0, 1e20, 1e20, 1e-15, 1e-20, 1e-20, 1e-20, 1e30, 1e10, 3.0])
    run = compiled(cell, jnp.sum, at=-1)
    for jacobians, outside in ((factors, np.inf), (1 / factors, 0)):
        curve = run({}, jnp.asarray(jacobians[None, :, None], jnp.float32)).state[0]
        true = np.append(np.cumprod(jacobians[::-1])[-2::-1], 0)
        expected = np.where(true > 3.4e38, np.inf, np.where(true < 1e-38, 0, true))
        tiny = 0 if jax.default_backend() == "cpu" else 1e-38  # a CPU takes what is smaller for 0
        np.testing.assert_allclose(curve, expected, rtol=1e-5, atol=tiny)
        assert expected[7] == outside and np.all((expected[:7] > 0) & (expected[:7] < np.inf))


def test_a_relu_network_that_explodes_gives_inf():
    cell, params, _ = linear_network(np.full((8, 8), 0.2), 1, "relu")
    inputs = jnp.asarray(np.random.default_rng(0).normal(size=(1, 1000, INPUT)), jnp.float32)
    curve = compiled(cell, jnp.sum, at=-1)(params, inputs).total[0]
    assert np.all(curve[:800] == np.inf) and np.all(np.isfinite(curve[850:])) and curve[850] > 1e20


@pytest.mark.parametrize("activation, loss", [("tanh", quadratic), ("relu", jnp.sum)], ids=["tanh", "relu"])
def test_nan_is_nan_from_its_step_on(activation, loss):
    cell, step = elman(HIDDEN, activation=activation), 7
    params, inputs = random_case(cell, 12)
    run = compiled(cell, loss)
    clean, norms = run(params, inputs), run(params, inputs.at[0, step].set(np.nan))
    assert_close(row(norms, np.s_[:step]), row(clean, np.s_[:step]), 1e-6)
    assert_close(example(norms, 1), example(clean, 1), 1e-6)
    earlier = np.tril(np.ones((12, 12), bool), -1)[step:]
    for part in (norms.total, *jax.tree.leaves(norms.state)):
        assert np.all(np.isnan(part[0, step:][earlier])) and not np.any(part[0, step:][np.triu(~earlier, step + 1)])


def test_vector_norm_of_any_magnitude():
    cases = [
        ([3e30, 4e30], 5e30),
        ([3e-30, 4e-30], 5e-30),
        ([2e-38, 2e-38], np.sqrt(8) * 1e-38),
        ([2e38, 2e38], np.sqrt(8) * 1e38),
        ([3e38, 3e38], np.inf),
        ([1e30, 1e-30], 1e30),
        ([3.0, -4.0], 5.0),
        ([0.0, -0.0], 0.0),
        ([np.inf, 1.0], np.inf),
        ([-np.inf, np.inf], np.inf),
        ([np.nan, 1.0], np.nan),
        ([0.0, np.nan], np.nan),
    ]
    x, expected = (np.array(column, np.float64).astype(np.float32) for column in zip(*cases))
    for run in (vector_norm, jax.jit(vector_norm, static_argnums=1)):
        np.testing.assert_allclose(run(jnp.asarray(x), 1), expected, rtol=1e-6)
    np.testing.assert_allclose(vector_norm(jnp.array([3 + 4j, 12j]), 0), 13, rtol=1e-6)
    assert vector_norm(jnp.zeros((2, 0)), 1).tolist() == [0, 0]


def test_vector_norm_over_axes():
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype(np.float32)
    for axes in (1, -1, (0, 2), range(2, 4), (), (0, 1, 2, 3)):
        expected = np.sqrt((x**2).sum(axis=axes if isinstance(axes, int) else tuple(axes)))
        np.testing.assert_allclose(vector_norm(jnp.asarray(x), axes), expected, rtol=1e-6)
