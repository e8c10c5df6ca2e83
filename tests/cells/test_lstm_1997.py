"""The LSTM of 1997: its truncated gradient against the paper's recursions; its size, its first biases."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import count_cell_parameters, lstm_1997
from tests.support.cells import random_case, steps
from tests.support.numpy_cells import numpy_lstm_1997, sigmoid

IN = slice(0, 2)  # units: the input gates of two blocks


def papers_gradient(params, state, inputs, errors):
    """``∂/∂w Σ_t errors_t · h_t`` as in the appendix of Hochreiter and Schmidhuber (1997): what a weight into a cell or
    its input gate has done to the cell's state so far is carried forward; a weight into an output gate counts for the
    step at which it is used."""
    weights = np.concatenate([params["input_kernel"], params["recurrent_kernel"], params["bias"][None]])
    gradient = np.zeros_like(weights)
    of_states = np.zeros((4, *weights.shape))  # ∂c_v / ∂w
    for x, error in zip(inputs, errors, strict=True):
        read = np.concatenate([x, state[0], state[2], [1.0]])
        net = read @ weights
        state, _ = numpy_lstm_1997(params, state, x)
        for v in range(4):
            block = v // 2
            gate, output = sigmoid(net[block]), sigmoid(net[2 + block])
            squashed = sigmoid(net[4 + v])
            of_states[v, :, block] += gate * (1 - gate) * (4 * squashed - 2) * read
            of_states[v, :, 4 + v] += gate * 4 * squashed * (1 - squashed) * read
            seen = sigmoid(state[1][v])
            gradient += error[v] * output * 2 * seen * (1 - seen) * of_states[v]
            gradient[:, 2 + block] += error[v] * output * (1 - output) * (2 * seen - 1) * read
    return gradient


def test_the_truncated_gradient_is_the_papers(x64):
    cell = lstm_1997(4, block=2)
    params, state, inputs, (errors, _) = random_case(cell)
    found = jax.grad(lambda params: jnp.sum(steps(cell, params, state, inputs)[0] * errors))(params)
    found = np.concatenate([found["input_kernel"], found["recurrent_kernel"], found["bias"][None]])
    expected = papers_gradient(*jax.tree.map(np.array, (params, tuple(state), inputs, errors)))
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    whole = lstm_1997(4, block=2, truncated=False)
    np.testing.assert_array_equal(steps(whole, params, state, inputs)[0], steps(cell, params, state, inputs)[0])
    of_whole = jax.grad(lambda params: jnp.sum(steps(whole, params, state, inputs)[0] * errors))(params)
    assert np.abs(of_whole["bias"] - expected[-1]).max() > 1e-2


def test_it_has_the_papers_93_weights_and_first_biases():
    cell = lstm_1997(4, block=2, input_bias=-3.0)
    assert count_cell_parameters(cell, 2) + 5 == 93  # the output unit reads four cells and has a bias
    params = cell.init(jax.random.key(0), 2)
    np.testing.assert_array_equal(params["bias"][IN], [-3, -6])
    others = np.concatenate([np.ravel(params[name]) for name in ("input_kernel", "recurrent_kernel")])
    others = np.concatenate([others, params["bias"][2:]])
    assert np.abs(others).max() <= 0.1 and np.abs(others).min() > 0 and others.min() < -0.08 and others.max() > 0.08
    assert np.abs(lstm_1997(4, block=2).init(jax.random.key(0), 2)["bias"]).max() <= 0.1


def test_cells_that_do_not_fill_their_blocks_are_refused():
    with pytest.raises(ValueError, match="must be a multiple of block"):
        lstm_1997(3, block=2)
    with pytest.raises(ValueError, match="block must be a positive whole number"):
        lstm_1997(3, block=0)
