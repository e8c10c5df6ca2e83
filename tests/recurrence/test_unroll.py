"""One sequence: against the plain Python loop, any shape, direction, causality, refusals."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_research.cells import elman, gru, lstm, output_size
from rnn_research.recurrence import bidirectional, unroll
from tests.support.recurrence import (
    CELLS,
    HIDDEN,
    INPUT,
    TIME,
    assert_close,
    assert_same_bits,
    both_directions,
    by_hand,
    compiled,
    every_cell,
    every_cell_and_a_stack_reversed,
    random_case,
    randomised,
    turned,
    with_gradients,
)


@every_cell_and_a_stack_reversed
def test_scan_and_loop_are_the_loop_by_hand(cell, reverse, x64):
    case = random_case(cell)

    def run(method, params, inputs, state, length):
        return unroll(cell, params, inputs, state, length=length, reverse=reverse, method=method)

    scan, loop = (compiled(with_gradients(partial(run, method))) for method in ("scan", "loop"))
    for length in (0, 1, 4, TIME):
        expected = with_gradients(lambda *args, n=length: by_hand(cell, *args, n, reverse))(*case)
        assert_close(scan(*case, length), expected)
        assert_close(loop(*case, length), expected)


@every_cell_and_a_stack_reversed
def test_without_a_length_every_step_counts(cell, reverse, x64):
    params, inputs, state = random_case(cell)
    expected = by_hand(cell, params, inputs, state, TIME, reverse)
    for method in ("scan", "loop"):
        assert_close(unroll(cell, params, inputs, state, reverse=reverse, method=method), expected)
    expected = by_hand(cell, params, inputs, cell.initial_state(), TIME, reverse)
    assert_close(unroll(cell, params, inputs, reverse=reverse), expected)


@settings(max_examples=8, deadline=None, derandomize=True)
@given(
    name=st.sampled_from(sorted(CELLS)),
    time=st.integers(0, 9),
    features=st.integers(1, 5),
    lengths=st.lists(st.integers(0, 9), min_size=1, max_size=3),
    reverse=st.booleans(),
    remat_every=st.integers(0, 10),
)
def test_any_shape(name, time, features, lengths, reverse, remat_every):
    cell = CELLS[name]
    params, inputs, state = random_case(cell, max(time, 1), features)
    inputs = inputs[:time]
    run = jax.jit(
        lambda length: unroll(cell, params, inputs, state, length=length, reverse=reverse, remat_every=remat_every)
    )
    for length in lengths:
        length = min(length, time)
        final, outputs = run(length)
        assert outputs.shape == (time, output_size(cell, features))
        if time:
            assert_close((final, outputs), by_hand(cell, params, inputs, state, length, reverse), 2e-5)
        else:
            assert_same_bits(final, state)


@every_cell
def test_reverse_is_the_valid_part_turned_round(cell, x64):
    params, inputs, state = random_case(cell)
    run = compiled(lambda inputs, length: unroll(cell, params, inputs, state, length=length))
    backwards = compiled(lambda inputs, length: unroll(cell, params, inputs, state, length=length, reverse=True))
    for length in (1, 4, TIME):
        final, outputs = run(turned(inputs, length), length)
        assert_close(backwards(inputs, length), (final, turned(outputs, length)))


@pytest.mark.parametrize("options", [{}, {"method": "loop"}, {"remat_every": 4}], ids=str)
def test_bidirectional_joins_a_forward_and_a_turned_round_unroll(options, x64):
    ahead, behind = lstm(3), gru(5)
    params = randomised((ahead.init(jax.random.key(0), INPUT), behind.init(jax.random.key(0), INPUT)), 0)
    inputs = randomised(jnp.zeros((TIME, INPUT)), 1)
    run = compiled(lambda length: bidirectional(ahead, behind, params, inputs, length=length, **options))
    for length in (None, 0, 1, 4):
        count = TIME if length is None else length
        state_ahead, outputs_ahead = by_hand(ahead, params[0], inputs, ahead.initial_state(), count)
        state_behind, outputs_behind = by_hand(behind, params[1], turned(inputs, count), behind.initial_state(), count)
        outputs = jnp.concatenate([outputs_ahead, turned(outputs_behind, count)], axis=1)
        assert_close(run(length), ((state_ahead, state_behind), outputs))


@every_cell
def test_vmap_over_a_batch_is_each_example_on_its_own(cell, x64):
    params, _, _ = random_case(cell)
    inputs = randomised(jnp.zeros((4, TIME, INPUT)), 8)
    lengths = jnp.array([0, 1, 4, TIME])
    run = compiled(lambda inputs, length: unroll(cell, params, inputs, length=length))
    batch = jax.vmap(run)(inputs, lengths)
    for b, length in enumerate(lengths):
        assert_close(jax.tree.map(lambda a, b=b: a[b], batch), run(inputs[b], length))


@every_cell
@both_directions
def test_an_output_depends_on_what_was_read_and_on_nothing_else(cell, reverse):
    params, inputs, _ = random_case(cell)
    run = jax.jit(lambda x: unroll(cell, params, x, reverse=reverse)[1])
    before, after = run(inputs), run(inputs.at[3].add(1.0))
    unread = slice(4, None) if reverse else slice(0, 3)
    read = slice(0, 4) if reverse else slice(3, None)
    assert_same_bits(after[unread], before[unread])
    assert np.all(np.any(after[read] != before[read], axis=1))


def test_a_bidirectional_output_depends_on_every_step():
    cell = gru(HIDDEN)
    params = randomised((cell.init(jax.random.key(0), INPUT),) * 2, 0)
    inputs = randomised(jnp.zeros((TIME, INPUT)), 1)
    run = compiled(lambda inputs: bidirectional(cell, cell, params, inputs)[1])
    for t in range(TIME):
        assert np.all(np.any(run(inputs.at[t].add(1.0)) != run(inputs), axis=1))


def test_refusals():
    cell = elman(HIDDEN)
    params, inputs, _ = random_case(cell)
    for wrong in (inputs[0], inputs[None]):
        with pytest.raises(ValueError, match=r"must be \[time, features\]"):
            unroll(cell, params, wrong)
    with pytest.raises(ValueError, match="unknown method 'scam'; did you mean 'scan'"):
        unroll(cell, params, inputs, method="scam")
    with pytest.raises(ValueError, match="remat_every must be 0 or more"):
        unroll(cell, params, inputs, remat_every=-1)
