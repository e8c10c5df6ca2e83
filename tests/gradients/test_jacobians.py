"""Step Jacobians and their products against finite differences, jax.jacobian and NumPy; networks with known spectra."""

from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from rnn_research.cells import elman, gru, lstm, stacked
from rnn_research.gradients.jacobians import (
    log_product_norms,
    lyapunov_exponents,
    product,
    singular_values,
    spectral_norms,
    step_jacobians,
)
from rnn_research.recurrence import unroll

BATCH, TIME, INPUT, HIDDEN = 2, 5, 3, 4

CELLS = {
    "elman": elman(HIDDEN),
    "lstm": lstm(HIDDEN),
    "gru": gru(HIDDEN),
    "stacked": stacked(lstm(HIDDEN), gru(2)),
}
every_cell = pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)


def randomised(tree, seed, scale=0.7):
    """Random numbers in the place of every leaf, biases and states too."""
    rng = np.random.default_rng(seed)
    return jax.tree.map(lambda leaf: jnp.asarray(rng.normal(size=leaf.shape, scale=scale)), tree)


def parameter_shapes(cell):
    return jax.eval_shape(lambda key: cell.init(key, INPUT), jax.random.key(0))


def random_case(cell, batch=BATCH, time=TIME):
    """Params, inputs and the first state of every example."""
    params = parameter_shapes(cell)
    states = jax.tree.map(lambda leaf: jnp.zeros((batch, *leaf.shape)), cell.initial_state())
    return tuple(randomised(tree, seed) for seed, tree in enumerate((params, jnp.zeros((batch, time, INPUT)), states)))


def example(states, b):
    return jax.tree.map(lambda leaf: leaf[b], states)


@partial(jax.jit, static_argnums=0)
def jacobians_of(cell, params, inputs, lengths=None, state=None):
    return step_jacobians(cell, params, inputs, lengths=lengths, state=state)


# Compiled once for each shape; run without compiling, every operation of every shape is compiled by itself.
norms_of, exponents_of = jax.jit(log_product_norms), jax.jit(lyapunov_exponents)
product_of = jax.jit(product, static_argnums=(1, 2))
spectral_of, singular_of = jax.jit(spectral_norms), jax.jit(singular_values)


def random_stack(shape, size, seed=0, scale=1.0):
    return np.random.default_rng(seed).normal(size=(*shape, size, size), scale=scale / np.sqrt(size))


def numpy_products(jacobians):
    """``J_t ··· J_1`` for every t of one example."""
    products, running = [], np.eye(jacobians.shape[-1])
    for jacobian in jacobians:
        running = jacobian @ running
        products.append(running)
    return np.stack(products)


def orthogonal(size, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(size, size)))[0]


@cache
def linear_cell(size):
    return elman(size, activation="linear")


def linear_jacobians(recurrent_kernel, time, batch=1):
    """Those of a linear network, from the network itself."""
    size = len(recurrent_kernel)
    params = {"input_kernel": jnp.ones((INPUT, size)), "recurrent_kernel": recurrent_kernel, "bias": jnp.ones(size)}
    return jacobians_of(linear_cell(size), params, jnp.ones((batch, time, INPUT)))


# Jacobians of the steps.


@every_cell
def test_jacobians_are_finite_differences_of_the_step_at_the_states_passed_through(cell, x64):
    params, inputs, states = random_case(cell)
    jacobians = np.asarray(jacobians_of(cell, params, inputs, state=states))
    _, unravel = ravel_pytree(cell.initial_state())
    step = jax.jit(lambda s, x: ravel_pytree(cell.step(params, unravel(s), x)[0])[0])
    epsilon = 1e-5
    for b in range(BATCH):
        s = np.asarray(ravel_pytree(example(states, b))[0])
        for j, x in enumerate(np.asarray(inputs[b])):
            for column, e in enumerate(np.eye(s.size) * epsilon):
                difference = (step(s + e, x) - step(s - e, x)) / (2 * epsilon)
                np.testing.assert_allclose(jacobians[b, j, :, column], difference, atol=1e-9)
            s = np.asarray(step(s, x))


def test_rows_and_columns_and_the_order_of_the_leaves(x64):
    """Of an LSTM, the columns of the cell state: ``∂c_t/∂c_{t−1}`` is the forget gate, ``∂h_t/∂c_{t−1}`` follows."""
    cell = lstm(HIDDEN)
    params, inputs, states = random_case(cell, time=1)
    jacobians = jacobians_of(cell, params, inputs, state=states)
    for b in range(BATCH):
        h, _ = example(states, b)
        z = inputs[b, 0] @ params["input_kernel"] + h @ params["recurrent_kernel"] + params["bias"]
        _, f, _, o = np.split(np.asarray(z), 4)
        forget, tanh_c = 1 / (1 + np.exp(-f)), np.tanh(cell.step(params, example(states, b), inputs[b, 0])[0].cell)
        np.testing.assert_allclose(jacobians[b, 0, HIDDEN:, HIDDEN:], np.diag(forget), atol=1e-12)
        expected = np.diag(forget * (1 - tanh_c**2) / (1 + np.exp(-o)))
        np.testing.assert_allclose(jacobians[b, 0, :HIDDEN, HIDDEN:], expected, atol=1e-12)
    u = np.random.default_rng(0).normal(size=(HIDDEN, HIDDEN))
    np.testing.assert_allclose(linear_jacobians(u, 50)[0], np.tile(u.T, (50, 1, 1)), atol=1e-12)


def test_the_first_state_is_zero_if_left_out(x64):
    params, inputs, states = random_case(CELLS["lstm"])
    zeros = jax.tree.map(jnp.zeros_like, states)
    left_out = jacobians_of(CELLS["lstm"], params, inputs)
    np.testing.assert_array_equal(left_out, jacobians_of(CELLS["lstm"], params, inputs, state=zeros))
    assert np.abs(left_out - jacobians_of(CELLS["lstm"], params, inputs, state=states)).max() > 1e-2


def test_padded_steps_are_the_identity_whatever_they_hold(x64):
    cell = CELLS["stacked"]
    params, inputs, states = random_case(cell, batch=4)
    lengths = np.array([0, 1, 3, TIME])
    whole = np.asarray(jacobians_of(cell, params, inputs, np.full(4, TIME), states))
    for garbage in (0.0, np.nan, -np.inf, 1e300):
        padding = (np.arange(TIME)[None] >= lengths[:, None])[..., None]
        padded = np.asarray(jacobians_of(cell, params, np.where(padding, garbage, inputs), lengths, states))
        for b, length in enumerate(lengths):
            np.testing.assert_allclose(padded[b, :length], whole[b, :length], atol=1e-14)
            np.testing.assert_array_equal(padded[b, length:], np.tile(np.eye(whole.shape[-1]), (TIME - length, 1, 1)))


def test_garbage_in_the_padding_does_not_reach_a_derivative(x64):
    cell = CELLS["elman"]
    params, inputs, _ = random_case(cell)

    def total(params, inputs):
        return (step_jacobians(cell, params, inputs, lengths=jnp.array([2, 4])) ** 2).sum()

    gradient = jax.jit(jax.grad(total))
    dirty, clean = gradient(params, inputs.at[0, 2:].set(np.nan).at[1, 4:].set(np.inf)), gradient(params, inputs)
    jax.tree.map(lambda a, e: np.testing.assert_allclose(a, e, rtol=1e-12), dirty, clean)


@pytest.mark.parametrize("activation, slope", [("sigmoid", 0.25), ("tanh", 1.0), ("relu", 1.0)])
def test_the_spectral_norm_is_bounded_by_the_steepest_slope(activation, slope):
    cell = elman(8, activation=activation)
    for scale in (0.1, 1.0, 3.0):
        params = randomised(parameter_shapes(cell), 1, scale)
        jacobians = jacobians_of(cell, params, randomised(jnp.zeros((3, 20, INPUT)), 2, 3 * scale))
        bound = slope * np.linalg.norm(params["recurrent_kernel"], 2)
        norms = np.asarray(spectral_of(jacobians))
        assert np.all(norms <= bound * (1 + 1e-5)) and norms.max() > 0.2 * bound


# SplitStep.


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


# Refusals.


def test_refusals():
    cell = CELLS["elman"]
    params, inputs, _ = random_case(cell)
    with pytest.raises(ValueError, match=r"inputs must be \[batch, time, features\]"):
        step_jacobians(cell, params, inputs[0])
    with pytest.raises(ValueError, match=r"lengths must be \[batch\], shape \(2,\), not \(3,\)"):
        step_jacobians(cell, params, inputs, lengths=jnp.array([1, 2, 3]))
    stack = jnp.zeros((2, 5, 3, 3))
    for first, last in [(-1, 2), (3, 2), (0, 5), (5, 5)]:
        with pytest.raises(ValueError, match=f"steps {first} to {last} are not a span of the 5 steps 0 to 4"):
            product(stack, first, last)
    for measure in (log_product_norms, lyapunov_exponents, lambda j: product(j, 0, 0)):
        for wrong in (stack[0, 0], jnp.zeros((2, 5, 3, 4))):
            with pytest.raises(ValueError, match=r"must be \[..., time, size, size\], not shape"):
                measure(wrong)
    for measure in (singular_values, spectral_norms):
        with pytest.raises(ValueError, match=r"must be \[..., size, size\], not shape \(3, 4\)"):
            measure(jnp.zeros((3, 4)))
    with pytest.raises(ValueError, match="at least one step"):
        lyapunov_exponents(stack[:, :0])
