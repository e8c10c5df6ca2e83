"""Products of step Jacobians and Lyapunov exponents against jax.jacobian and NumPy; networks with known spectra."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from rnn_research.recurrence import unroll
from tests.support.jacobians import (
    BATCH,
    CELLS,
    HIDDEN,
    TIME,
    example,
    exponents_of,
    jacobians_of,
    linear_jacobians,
    norms_of,
    numpy_products,
    orthogonal,
    product_of,
    random_case,
    random_stack,
    singular_of,
    spectral_of,
)


@pytest.mark.parametrize(
    "name, first, last", [("elman", 2, 2), ("lstm", 0, TIME - 1), ("gru", 1, 3), ("stacked", 1, TIME - 1)]
)
def test_a_product_is_the_jacobian_of_the_network_over_the_span(name, first, last, x64):
    cell = CELLS[name]
    params, inputs, states = random_case(cell)
    jacobians = jacobians_of(cell, params, inputs, state=states)
    spanned = product_of(jacobians, first, last)
    np.testing.assert_allclose(np.linalg.norm(spanned.matrix, axis=(1, 2)), 1, rtol=1e-12)
    _, unravel = ravel_pytree(cell.initial_state())

    @jax.jit
    def expected(state, inputs):
        def after(s):
            return ravel_pytree(unroll(cell, params, inputs[first : last + 1], unravel(s))[0])[0]

        before = unroll(cell, params, inputs[:first], state)[0]
        return jax.jacobian(after)(ravel_pytree(before)[0])

    for b in range(BATCH):
        ours = np.exp(spanned.log_scale[b]) * spanned.matrix[b]
        np.testing.assert_allclose(ours, expected(example(states, b), inputs[b]), rtol=1e-9, atol=1e-12)


def test_norms_and_singular_values_are_numpys(x64):
    jacobians = random_stack((3, 7), 4)
    spanned = product_of(jnp.asarray(jacobians), 0, 4)
    np.testing.assert_allclose(singular_of(jnp.asarray(jacobians)), np.linalg.svd(jacobians)[1], rtol=1e-12)
    norms = norms_of(jnp.asarray(jacobians))
    for b in range(3):
        products = numpy_products(jacobians[b])
        np.testing.assert_allclose(spectral_of(jnp.asarray(products)), np.linalg.norm(products, 2, axis=(1, 2)))
        np.testing.assert_allclose(norms[b], np.log(np.linalg.norm(products, 2, axis=(1, 2))), atol=1e-11)
        np.testing.assert_allclose(np.exp(spanned.log_scale[b]) * spanned.matrix[b], products[4], rtol=1e-10)
    alone = product_of(jnp.asarray(jacobians[0]), 0, 4)
    np.testing.assert_allclose(np.exp(alone.log_scale) * alone.matrix, numpy_products(jacobians[0])[4], rtol=1e-10)


def test_a_linear_network_grows_and_shrinks_as_its_singular_values_say(x64):
    steps = np.arange(1, 51)
    q = orthogonal(4)
    for scales in ([0.5, 1.2, 0.9, 1.0], [0.1, 0.3, 0.7, 0.2], [3.0, 1.0, 2.0, 0.0]):
        jacobians = linear_jacobians(q @ np.diag(scales) @ q.T, 50)
        np.testing.assert_allclose(spectral_of(jacobians)[0], max(scales), rtol=1e-12)
        np.testing.assert_allclose(norms_of(jacobians)[0], steps * np.log(max(scales)), atol=1e-10)


def test_an_orthogonal_linear_network_keeps_its_norm_over_a_thousand_steps_in_float32():
    jacobians = linear_jacobians(orthogonal(16).astype(np.float32), 1000)
    assert jacobians.dtype == jnp.float32
    np.testing.assert_allclose(norms_of(jacobians), 0, atol=1e-3)
    np.testing.assert_allclose(exponents_of(jacobians), 0, atol=1e-6)


@pytest.mark.parametrize("factor", [10.0, 0.1])
def test_explosion_and_decay_by_a_thousand_orders_of_magnitude_in_float32(factor):
    q = orthogonal(16)
    jacobians = jnp.asarray(np.tile(factor * q, (1, 1000, 1, 1)), jnp.float32)
    expected = 1000 * np.log(factor)
    np.testing.assert_allclose(norms_of(jacobians)[0, -1], expected, rtol=1e-5)
    np.testing.assert_allclose(exponents_of(jacobians), np.log(factor), rtol=1e-5)
    spanned = product_of(jacobians, 0, 999)
    np.testing.assert_allclose(spanned.log_scale[0], expected + np.log(16) / 2, rtol=1e-5)
    turned = np.linalg.matrix_power(q, 1000) / np.sqrt(16)
    np.testing.assert_allclose(spanned.matrix[0], turned, atol=1e-3)


def test_entries_whose_squares_overflow_or_underflow():
    tiny_and_huge = jnp.asarray([[1e-30, 1e30, 1e30, 1e-30]])[..., None, None] * jnp.eye(3)[None, None]
    logs = np.log(1e30) * np.array([-1, 0, 1, 0])
    np.testing.assert_allclose(norms_of(tiny_and_huge)[0], logs, atol=2e-4)


def test_zero_and_non_finite_products_are_reported_as_such():
    stack = np.tile(np.eye(2, dtype=np.float32), (4, 4, 1, 1))
    stack[0, 1] = 0
    stack[1, 2] = np.nan
    stack[2, 3] = [[np.inf, 0], [0, 1]]
    stack[3, 1] = [[0, 1], [0, 0]]
    stack[3, 2] = [[0, 1], [0, 0]]
    inf, nan = np.inf, np.nan
    stack = jnp.asarray(stack)
    expected = [[0, -inf, -inf, -inf], [0, 0, nan, nan], [0, 0, 0, nan], [0, 0, -inf, -inf]]
    np.testing.assert_allclose(norms_of(stack), expected, atol=1e-6)
    zero = product_of(stack, 0, 2)
    assert zero.log_scale[0] == -inf and not np.any(zero.matrix[0])
    exponents = exponents_of(stack)
    np.testing.assert_array_equal(exponents[0], -inf)
    assert np.isnan(exponents[1]).any()
    infinite = jnp.asarray([[inf, 1.0], [2.0, 1.0]])
    assert spectral_of(infinite) == inf and np.isnan(singular_of(infinite)).all()


# Lyapunov exponents.


def test_lyapunov_exponents_of_a_linear_network_are_the_logs_of_its_singular_values(x64):
    scales = np.array([0.5, 1.5, 0.9, 1.1])
    expected = np.log(np.sort(scales)[::-1])
    np.testing.assert_allclose(exponents_of(linear_jacobians(np.diag(scales), 50))[0], expected, atol=1e-12)
    q = orthogonal(4)
    jacobians = linear_jacobians(q @ np.diag(scales) @ q.T, 2000)
    errors = [np.abs(exponents_of(jacobians[:, :time])[0] - expected).max() for time in (500, 2000)]
    assert errors[1] < 2e-3
    np.testing.assert_allclose(errors[0], 4 * errors[1], rtol=1e-3)  # the start is forgotten as 1/T
    rotated = linear_jacobians(1.3 * q, 50)
    np.testing.assert_allclose(exponents_of(rotated)[0], np.log(1.3), atol=1e-12)


def test_lyapunov_exponents_sum_to_the_mean_log_determinant(x64):
    jacobians = random_stack((3, 40), 5, seed=1)
    exponents = exponents_of(jnp.asarray(jacobians))
    assert np.all(np.diff(exponents, axis=1) <= 0)
    log_determinants = np.linalg.slogdet(jacobians)[1].mean(axis=1)
    np.testing.assert_allclose(exponents.sum(axis=1), log_determinants, atol=1e-12)
    # The largest is the growth rate of the norm, up to a term in 1/T.
    norms = norms_of(jnp.asarray(jacobians))[:, -1]
    np.testing.assert_allclose(exponents[:, 0], norms / 40, atol=3 / 40)


def test_lyapunov_exponents_equal_a_numpy_loop(x64):
    cell = CELLS["lstm"]
    params, inputs, states = random_case(cell, time=12)
    jacobians = jacobians_of(cell, params, inputs, state=states)
    exponents = exponents_of(jacobians)
    for b in range(BATCH):
        q, logs = np.eye(2 * HIDDEN), np.zeros(2 * HIDDEN)
        for jacobian in np.asarray(jacobians[b]):
            q, r = np.linalg.qr(jacobian @ q)
            logs += np.log(np.abs(np.diag(r)))
        np.testing.assert_allclose(exponents[b], np.sort(logs / 12)[::-1], atol=1e-11)
