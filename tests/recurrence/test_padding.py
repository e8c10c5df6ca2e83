"""The contract on padding: not a bit of what is read depends on it."""

from functools import partial

import jax
import numpy as np
import pytest

from rnn_research.cells import lstm, window
from rnn_research.recurrence import bidirectional, run, unroll
from tests.support.recurrence import (
    BATCH,
    CELLS_OF_BATCHES,
    HIDDEN,
    INPUT,
    TIME,
    assert_close,
    assert_same_bits,
    compiled,
    every_cell_and_a_stack_reversed,
    fitting,
    random_batch,
    random_case,
    randomised,
    with_gradients,
)

pytestmark = pytest.mark.as_users


def padded(inputs, time, filler):
    return np.pad(inputs, [(0, 0), (0, time - inputs.shape[1]), (0, 0)], constant_values=filler)


@every_cell_and_a_stack_reversed
def test_longer_padding_changes_no_bit(cell, reverse):
    params, _, state = random_case(cell)
    inputs = np.asarray(randomised(np.zeros((3, 5, INPUT)), 4))

    @jax.jit
    @partial(jax.vmap, in_axes=(None, 0, None, 0))
    def run(params, inputs, state, length):
        return unroll(cell, params, inputs, state, length=length, reverse=reverse)

    for time in (1, 5):
        lengths = np.array([time, 1, 0])
        final, outputs = jax.device_get(run(params, inputs[:, :time], state, lengths))
        for b, length in enumerate(lengths):
            assert np.all(outputs[b, :length] != 0) and np.all(outputs[b, length:] == 0)
        for longer, filler in [(5, 0.0), (17, 0.0), (17, 1e30), (17, np.nan), (17, -np.inf)]:
            more = padded(inputs[:, :time], longer, filler)
            same_final, same_outputs = jax.device_get(run(params, more, state, lengths))
            assert_same_bits((same_final, same_outputs[:, :time]), (final, outputs))
            assert not np.any(same_outputs[:, time:])


def test_longer_padding_changes_no_bit_of_a_bidirectional_unroll():
    cell = lstm(HIDDEN)
    params = randomised((random_case(cell)[0],) * 2, 0)
    inputs, lengths = np.asarray(randomised(np.zeros((2, 5, INPUT)), 4)), np.array([5, 3])

    @jax.jit
    @partial(jax.vmap, in_axes=(None, 0, 0))
    def run(params, inputs, length):
        return bidirectional(cell, cell, params, inputs, length=length)

    states, outputs = jax.device_get(run(params, inputs, lengths))
    longer_states, longer_outputs = jax.device_get(run(params, padded(inputs, 12, np.nan), lengths))
    assert_same_bits((longer_states, longer_outputs[:, :5]), (states, outputs))
    assert not np.any(longer_outputs[:, 5:])


@every_cell_and_a_stack_reversed
def test_garbage_in_the_padding_does_not_reach_the_gradients(cell, reverse, x64):
    params, inputs, state = random_case(cell)
    length, padding = 3, np.arange(TIME)[:, None] >= 3
    run = compiled(with_gradients(partial(unroll, cell, length=length, reverse=reverse, remat_every=4 * reverse)))

    clean = run(params, np.where(padding, 0, inputs), state)
    for garbage in (np.nan, np.inf, 1e300):
        found = run(params, np.where(padding, garbage, inputs), state)
        assert_close(found, clean, 1e-12)
        by_inputs = np.asarray(found[1][1])
        assert np.all(by_inputs[length:] == 0) and np.all(by_inputs[:length] != 0)


# Padded longer, not a bit changes: small, and in the widths of products whose bits depend on their rows.
NARROW = [(cell, INPUT, 5) for cell in CELLS_OF_BATCHES.values()]
BROAD = [(lstm(128), 300, 3), (lstm(128), 2, 3), (window(200, size=3), 64, 2)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "cell, features, time", NARROW + BROAD, ids=[*CELLS_OF_BATCHES, "broad_lstm", "broad_lstm_of_two", "broad_window"]
)
def test_longer_padding_of_a_batch_changes_no_bit(cell, features, time):
    params, inputs, state = random_batch(cell, time, features)
    inputs, lengths, starts = np.asarray(inputs), np.array([time, 1, 0, time - 1]), np.zeros((time, BATCH), bool)
    starts[1, 0] = True
    for name in fitting(cell):

        @jax.jit
        def both_ways(params, inputs, state, starts, name=name):
            options = {"lengths": lengths, "starts": starts, "backend": name}
            return [run(cell, params, inputs, state, reverse=reverse, **options) for reverse in (False, True)]

        expected = jax.device_get(both_ways(params, inputs, state, starts))
        for longer, filler in [(time + 7, np.nan), (40, 1e30)]:
            padded = [(0, longer - time), (0, 0), (0, 0)]
            more = np.pad(inputs, padded, constant_values=filler)
            found = jax.device_get(both_ways(params, more, state, np.pad(starts, padded[:2], constant_values=True)))
            for (final, outputs), (same_final, same_outputs) in zip(expected, found, strict=True):
                assert_same_bits((same_final, same_outputs[:time]), (final, outputs))
                assert not np.any(same_outputs[time:]), name
