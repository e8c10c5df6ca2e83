"""The contract on padding: not a bit of what is read depends on it."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import lstm, window
from rnn_research.recurrence import bidirectional, run, unroll
from tests.support.recurrence import (
    BATCH,
    CELLS_OF_BATCHES,
    HIDDEN,
    INPUT,
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
    rest = np.full((len(inputs), time - inputs.shape[1], inputs.shape[2]), filler, inputs.dtype)
    return jnp.concatenate([inputs, rest], axis=1)


@every_cell_and_a_stack_reversed
def test_longer_padding_changes_no_bit(cell, reverse):
    params, _, state = random_case(cell)
    inputs = randomised(jnp.zeros((3, 5, INPUT)), 4)

    @jax.jit
    @partial(jax.vmap, in_axes=(None, 0, None, 0))
    def run(params, inputs, state, length):
        return unroll(cell, params, inputs, state, length=length, reverse=reverse)

    for time in (1, 5):
        lengths = jnp.array([time, 1, 0])
        final, outputs = run(params, inputs[:, :time], state, lengths)
        for b, length in enumerate(lengths):
            assert np.all(outputs[b, :length] != 0) and np.all(outputs[b, length:] == 0)
        for longer, filler in [(5, 0.0), (17, 0.0), (17, 1e30), (17, np.nan), (17, -np.inf)]:
            same_final, same_outputs = run(params, padded(inputs[:, :time], longer, filler), state, lengths)
            assert_same_bits((same_final, same_outputs[:, :time]), (final, outputs))
            assert not np.any(same_outputs[:, time:])


def test_longer_padding_changes_no_bit_of_a_bidirectional_unroll():
    cell = lstm(HIDDEN)
    params = randomised((cell.init(jax.random.key(0), INPUT),) * 2, 0)
    inputs, lengths = randomised(jnp.zeros((2, 5, INPUT)), 4), jnp.array([5, 3])

    @jax.jit
    @partial(jax.vmap, in_axes=(None, 0, 0))
    def run(params, inputs, length):
        return bidirectional(cell, cell, params, inputs, length=length)

    states, outputs = run(params, inputs, lengths)
    longer_states, longer_outputs = run(params, padded(inputs, 12, np.nan), lengths)
    assert_same_bits((longer_states, longer_outputs[:, :5]), (states, outputs))
    assert not np.any(longer_outputs[:, 5:])


@every_cell_and_a_stack_reversed
def test_garbage_in_the_padding_does_not_reach_the_gradients(cell, reverse, x64):
    params, inputs, state = random_case(cell)
    length = 3
    run = compiled(with_gradients(partial(unroll, cell, length=length, reverse=reverse, remat_every=4 * reverse)))

    clean = run(params, inputs.at[length:].set(0), state)
    for garbage in (np.nan, np.inf, 1e300):
        results, (by_params, by_inputs, by_state) = run(params, inputs.at[length:].set(garbage), state)
        assert_close((results, (by_params, by_inputs, by_state)), clean, 1e-12)
        assert np.all(by_inputs[length:] == 0) and np.all(by_inputs[:length] != 0)


# Padded longer, not a bit changes: small, and in the widths of products whose bits depend on their rows.
NARROW = [(cell, INPUT, 5) for cell in CELLS_OF_BATCHES.values()]
BROAD = [(lstm(128), 300, 3), (lstm(128), 2, 3), (window(200, size=3), 64, 2)]


@pytest.mark.parametrize(
    "cell, features, time", NARROW + BROAD, ids=[*CELLS_OF_BATCHES, "broad_lstm", "broad_lstm_of_two", "broad_window"]
)
def test_longer_padding_of_a_batch_changes_no_bit(cell, features, time):
    params, inputs, state = random_batch(cell, time, features)
    lengths = jnp.array([time, 1, 0, time - 1])
    starts = jnp.zeros((time, BATCH), bool).at[1, 0].set(True)
    for name in fitting(cell):

        @jax.jit
        def both_ways(params, inputs, state, starts, name=name):
            options = {"lengths": lengths, "starts": starts, "backend": name}
            return [run(cell, params, inputs, state, reverse=reverse, **options) for reverse in (False, True)]

        expected = both_ways(params, inputs, state, starts)
        for longer, filler in [(time + 7, np.nan), (40, 1e30)]:
            padded = [(0, longer - time), (0, 0), (0, 0)]
            more = jnp.pad(inputs, padded, constant_values=filler)
            found = both_ways(params, more, state, jnp.pad(starts, padded[:2], constant_values=True))
            for (final, outputs), (same_final, same_outputs) in zip(expected, found, strict=True):
                assert_same_bits((same_final, same_outputs[:time]), (final, outputs))
                assert not np.any(same_outputs[time:]), name
