"""Step Jacobians against finite differences of the step; padding; their bound; what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from rnn_research.cells import elman, lstm, window
from rnn_research.gradients.jacobians import (
    log_product_norms,
    lyapunov_exponents,
    product,
    singular_values,
    spectral_norms,
    step_jacobians,
)
from tests.support.jacobians import (
    BATCH,
    CELLS,
    HIDDEN,
    INPUT,
    TIME,
    every_cell,
    example,
    jacobians_of,
    linear_jacobians,
    parameter_shapes,
    random_case,
    randomised,
    spectral_of,
)


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


def test_a_window_moves_its_sums_on():
    """Of a cell that has a way of its own over a whole sequence, too, the steps are looked at."""
    cell = window(2, size=3)
    found = jax.jit(lambda x: step_jacobians(cell, cell.init(jax.random.key(0), 1), x))(jnp.ones((1, 3, 1)))
    moved = np.kron(np.eye(2, k=1), np.eye(2))  # pending: [2 steps, 2 units]
    np.testing.assert_array_equal(found[0], np.broadcast_to(moved, (3, 4, 4)))


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
