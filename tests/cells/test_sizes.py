"""Widths, the textbook's parameter counts, and names that are refused."""

import inspect

import jax
import numpy as np
import pytest

from rnn_research.cells import CELLS, count_cell_parameters, elman, gru, lstm, stacked


@pytest.mark.parametrize("inputs, hidden", [(1, 1), (2, 3), (7, 5), (32, 128)])
def test_parameter_counts_are_the_textbooks(inputs, hidden):
    simple = hidden * (inputs + hidden + 1)
    expected = {
        elman(hidden): simple,
        lstm(hidden): 4 * simple,
        gru(hidden, reset_after=False): 3 * simple,
        gru(hidden, reset_after=True): 3 * simple + hidden,
    }
    for cell, count in expected.items():
        assert count_cell_parameters(cell, inputs) == count
    upper = hidden * (2 * hidden + 1)
    assert count_cell_parameters(stacked(lstm(hidden), lstm(hidden)), inputs) == 4 * (simple + upper)


@pytest.mark.parametrize("factory", CELLS.values(), ids=CELLS)
@pytest.mark.parametrize("width", [0, -1, 2.5, "4", True, None])
def test_width_must_be_a_positive_whole_number(factory, width):
    with pytest.raises(ValueError, match="hidden must be a positive whole number"):
        factory(width)


def test_unknown_names_are_refused_with_the_nearest_one():
    with pytest.raises(ValueError, match="unknown activation 'tahn'; did you mean 'tanh'"):
        elman(4, activation="tahn")
    for factory in CELLS.values():
        if "recurrent_init" in inspect.signature(factory).parameters:
            with pytest.raises(ValueError, match="'ortogonal'; did you mean 'orthogonal'"):
                factory(4, recurrent_init="ortogonal").init(jax.random.key(0), 3)
        with pytest.raises(ValueError, match="'glorrot'; did you mean 'glorot'"):
            factory(4, input_init="glorrot").init(jax.random.key(0), 3)


@pytest.mark.parametrize("factory", [elman, lstm, gru])
def test_a_numpy_width_is_a_width(factory):
    assert factory(np.int64(3)).initial_state()[0].shape == (3,)
    with pytest.raises(ValueError, match="positive whole number"):
        factory(np.float64(3))
