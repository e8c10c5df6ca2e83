"""Cells made of cells: stacks and residual layers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import elman, gru, lstm, output_size, residual, stacked
from tests.support.cells import assert_trees_close


def test_stacked_feeds_each_layer_the_one_below():
    cell = stacked(lstm(4), elman(5), gru(2))
    params = cell.init(jax.random.key(0), 3)
    assert [layer["input_kernel"].shape for layer in params] == [(3, 16), (4, 5), (5, 6)]
    assert output_size(cell, 3) == 2

    x = jnp.arange(3.0)
    (s0, s1, s2), output = cell.step(params, cell.initial_state(), x)
    t0, y0 = lstm(4).step(params[0], lstm(4).initial_state(), x)
    t1, y1 = elman(5).step(params[1], elman(5).initial_state(), y0)
    t2, y2 = gru(2).step(params[2], gru(2).initial_state(), y1)
    assert_trees_close((s0, s1, s2, output), (t0, t1, t2, y2))


def test_layers_of_a_stack_start_differently():
    first, second = stacked(elman(4), elman(4)).init(jax.random.key(0), 4)
    assert not np.array_equal(first["input_kernel"], second["input_kernel"])
    assert not np.array_equal(first["recurrent_kernel"], second["recurrent_kernel"])


def test_residual_adds_the_input_to_the_output_and_leaves_the_state_alone():
    plain, cell = lstm(3), residual(lstm(3))
    params = cell.init(jax.random.key(0), 3)
    x = jnp.array([1.0, -2.0, 3.0])
    expected_state, expected = plain.step(params, plain.initial_state(), x)
    state, output = cell.step(params, cell.initial_state(), x)
    np.testing.assert_allclose(output, x + expected, rtol=1e-6)
    assert_trees_close(state, expected_state)


def test_combinators_refuse_what_cannot_work():
    with pytest.raises(ValueError, match="at least one cell"):
        stacked()
    with pytest.raises(ValueError, match="one width, not 3 and 4"):
        residual(elman(4)).init(jax.random.key(0), 3)
