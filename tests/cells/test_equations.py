"""Cells against their equations, one gate at a time, in NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from tests.support.cells import FORMS, random_case, steps, weigh
from tests.support.numpy_cells import (
    numpy_elman,
    numpy_gru_reset_after,
    numpy_gru_reset_before,
    numpy_lstm,
    numpy_lstm_1997,
    sigmoid,
)

NUMPY_STEPS = {
    "elman_tanh": numpy_elman(np.tanh),
    "elman_sigmoid": numpy_elman(sigmoid),
    "elman_relu": numpy_elman(lambda x: np.maximum(x, 0)),
    "elman_linear": numpy_elman(lambda x: x),
    "lstm": numpy_lstm,
    "lstm_1997": numpy_lstm_1997,
    "gru_reset_after": numpy_gru_reset_after,
    "gru_reset_before": numpy_gru_reset_before,
}


def numpy_steps(step, params, state, inputs):
    outputs = []
    for x in inputs:
        state, output = step(params, state, x)
        outputs.append(output)
    return np.stack(outputs), state


def numeric_gradient(f, arrays, epsilon=1e-6):
    """Central differences of ``f()`` in every entry of the arrays, which are changed in place and put back."""
    gradients = []
    for array in arrays:
        gradient = np.zeros_like(array)
        for index in np.ndindex(array.shape):
            value = array[index]
            array[index] = value + epsilon
            above = f()
            array[index] = value - epsilon
            gradient[index] = (above - f()) / (2 * epsilon)
            array[index] = value
        gradients.append(gradient)
    return gradients


@pytest.mark.parametrize("form", FORMS)
def test_forward_and_gradient_equal_the_equations_in_numpy(form, x64):
    cell, numpy_step = FORMS[form], NUMPY_STEPS[form]
    params, state, inputs, weights = random_case(cell)
    outputs, final = steps(cell, params, state, inputs)
    assert outputs.dtype == jnp.float64

    copies = jax.tree.map(np.array, (params, state, inputs))
    expected = numpy_steps(numpy_step, *copies)
    np.testing.assert_allclose(outputs, expected[0], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(jnp.stack(final), np.stack(expected[1]), rtol=1e-12, atol=1e-12)

    gradient = jax.grad(lambda *args: weigh(steps(cell, *args), weights), argnums=(0, 1, 2))(params, state, inputs)
    numeric = numeric_gradient(lambda: weigh(numpy_steps(numpy_step, *copies), weights), jax.tree.leaves(copies))
    for ours, theirs in zip(jax.tree.leaves(gradient), numeric, strict=True):
        assert np.abs(theirs).max() > 1e-3  # nothing is tested where nothing flows
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("form", FORMS)
def test_gradients_agree_with_finite_differences_both_ways(form, x64):
    cell = FORMS[form]
    params, state, inputs, _ = random_case(cell)
    check_grads(lambda *args: steps(cell, *args), (params, state, inputs[:3]), order=1, modes=("fwd", "rev"))
