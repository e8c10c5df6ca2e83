"""Parameters, sizes and names of causal cells without recurrence."""

import inspect

import jax
import numpy as np
import pytest

import rnn_research as rr
from rnn_research.cells import (
    CELLS,
    WindowState,
    convolution,
    count_cell_parameters,
    elman,
    output_size,
    restarting,
    window,
)


def test_the_window_over_100_steps_has_50_times_the_parameters_of_the_recurrent_net():
    """C06: a window over 100 words against Elman's network, 100 units each."""
    assert count_cell_parameters(window(100, size=100), 100) == 1_000_100
    assert count_cell_parameters(elman(100), 100) == 20_100


@pytest.mark.parametrize("inputs, hidden, taps, depth", [(1, 1, 1, 1), (7, 5, 2, 5), (32, 16, 3, 4)])
def test_parameter_counts(inputs, hidden, taps, depth):
    assert count_cell_parameters(window(hidden, size=taps), inputs) == hidden * (taps * inputs + 1)
    expected = hidden * (taps * inputs + 1) + (depth - 1) * hidden * (taps * hidden + 1)
    assert count_cell_parameters(convolution(hidden, kernel=taps, depth=depth), inputs) == expected


def test_the_kernel_is_started_for_all_inputs_of_a_unit():
    params = window(60, size=10).init(jax.random.key(0), 30)
    bound = np.sqrt(6 / (10 * 30 + 60))
    assert 0.99 * bound < np.abs(params["input_kernel"]).max() <= bound and not np.any(params["bias"])
    first, second = convolution(60, kernel=3, depth=2).init(jax.random.key(0), 60)
    for layer in (first, second):
        np.testing.assert_allclose(np.asarray(layer["input_kernel"]).var(), 1 / (3 * 60), rtol=0.05)
        assert not np.any(layer["bias"])
    assert not np.array_equal(first["input_kernel"], second["input_kernel"])


@pytest.mark.parametrize("value", [0, -1, 2.5, "4", True, None])
def test_sizes_must_be_positive_whole_numbers(value):
    for factory, name in [(window, "size"), (convolution, "kernel"), (convolution, "depth")]:
        with pytest.raises(ValueError, match=f"^{name} must be a positive whole number"):
            factory(3, **{name: value})


def test_numpy_sizes_are_sizes():
    assert window(np.int64(3), size=np.int64(4)).initial_state().pending.shape == (3, 3)
    cell = convolution(np.int64(3), kernel=np.int64(3), depth=np.int64(2))
    assert [layer.pending.shape for layer in cell.initial_state()] == [(2, 3), (4, 3)]


@pytest.mark.parametrize("factory", [window, convolution])
def test_unknown_names_are_refused_by_the_factory(factory):
    with pytest.raises(ValueError, match="unknown activation 'rellu'; did you mean 'relu'"):
        factory(3, activation="rellu")
    with pytest.raises(ValueError, match="'glorrot'; did you mean 'glorot'"):
        factory(3, input_init="glorrot")


def test_both_are_cells_by_name():
    assert CELLS["window"] is rr.window is window and CELLS["convolution"] is rr.convolution is convolution
    assert rr.restarting is restarting and rr.WindowState is WindowState
    for name in ("window", "convolution"):
        assert output_size(CELLS[name](5), 3) == 5
        assert "hidden" in inspect.signature(CELLS[name]).parameters
