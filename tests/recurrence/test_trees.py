"""Cells whose inputs and outputs are trees of arrays."""

from functools import partial

import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import Cell, elman, lstm
from rnn_research.recurrence import unroll
from tests.support.recurrence import (
    HIDDEN,
    TIME,
    assert_close,
    both_directions,
    by_hand,
    compiled,
    random_case,
    with_gradients,
)

EVERY_WAY = [{}, {"method": "loop"}, {"remat_every": 4}, {"remat_every": 9}, {"method": "loop", "remat_every": 1}]


def of_pairs(cell):
    """A cell that reads ``{"left": [2], "right": [1, ...]}`` and gives its state beside its output."""

    def step(params, state, x):
        state, output = cell.step(params, state, jnp.concatenate([x["left"], jnp.ravel(x["right"])]))
        return state, (state, {"output": output})

    return Cell(cell.init, cell.initial_state, step)


@both_directions
@pytest.mark.parametrize("options", EVERY_WAY, ids=str)
def test_inputs_and_outputs_may_be_trees(options, reverse, x64):
    cell = lstm(HIDDEN)
    params, inputs, first = random_case(cell)
    pairs = {"left": inputs[:, :2], "right": inputs[:, 2:, None, None]}
    run = compiled(partial(unroll, of_pairs(cell), reverse=reverse, **options))
    for length in (None, 0, 1, 4, TIME):
        count = TIME if length is None else length
        final, (states, outputs) = run(params, pairs, first, length=length)
        assert_close((final, outputs["output"]), by_hand(cell, params, inputs, first, count, reverse))
        assert_close(states.hidden, outputs["output"])
        assert not np.any(states.cell[count:])
        if count:
            assert_close(states.cell[0 if reverse else count - 1], final.cell)


def test_garbage_in_the_padding_of_a_tree_reaches_nothing(x64):
    cell = lstm(HIDDEN)
    params, inputs, first = random_case(cell)

    def run(params, inputs, first):
        pairs = {"left": inputs[:, :2], "right": inputs[:, 2:]}
        return unroll(of_pairs(cell), params, pairs, first, length=3)

    run = compiled(with_gradients(run))
    clean = run(params, inputs.at[3:].set(0), first)
    for garbage in (np.nan, np.inf):
        assert_close(run(params, inputs.at[3:].set(garbage), first), clean, 1e-12)


def test_whole_numbers_stay_whole_in_a_tree_of_inputs():
    seen = []

    def step(params, state, x):
        seen.append(x["token"].dtype)
        return state, x["token"]

    count = Cell(lambda key, size: {}, lambda: jnp.zeros(()), step)
    _, outputs = unroll(count, {}, {"token": jnp.arange(1, 5)}, length=2)
    assert set(seen) == {jnp.dtype("int32")}
    np.testing.assert_array_equal(outputs, [1, 2, 0, 0])


@pytest.mark.parametrize(
    "inputs",
    [(), {"a": None}, {"a": jnp.zeros(())}, {"a": jnp.zeros((3, 2)), "b": jnp.zeros((4, 2))}, [1.0, 2.0]],
    ids=["empty", "none", "no_time", "two_times", "numbers"],
)
def test_a_tree_of_inputs_has_one_time(inputs):
    with pytest.raises(ValueError, match="one time, leading in each array"):
        unroll(elman(HIDDEN), {}, inputs)
