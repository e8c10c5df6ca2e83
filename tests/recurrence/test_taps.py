"""Taps: what is added to the state and the biases of one step, and the gradients by it."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from rnn_research.cells import Tap, elman, gru, lstm, output_size, stacked, tapped
from rnn_research.recurrence import unroll
from tests.support.recurrence import (
    CELLS,
    HIDDEN,
    INPUT,
    TIME,
    assert_close,
    by_hand,
    compiled,
    every_cell,
    every_cell_and_a_stack_reversed,
    random_case,
    randomised,
)


def zeros_over_time(tree, time=TIME):
    return jax.tree.map(lambda leaf: jnp.zeros((time, *leaf.shape), leaf.dtype), tree)


def only_bias(params):
    if isinstance(params, dict):
        return {"bias": params["bias"]}
    return tuple(map(only_bias, params))


def zero_nudges(cell, params):
    return zeros_over_time(Tap(cell.initial_state(), only_bias(params)))


@every_cell
def test_nudges_of_zero_change_nothing(cell):
    params, inputs, first = random_case(cell)
    taps = zero_nudges(cell, params)
    every_one = (taps, taps._replace(bias=None), taps._replace(state=None), Tap())
    run = compiled(partial(unroll, tapped(cell)))
    expected = compiled(partial(unroll, cell))(params, inputs, first, length=4)
    for some in every_one if cell is CELLS["lstm"] else every_one[:1]:
        assert_close(run(params, (inputs, some), first, length=4), expected, 1e-6)
    assert_close(tapped(cell).init(jax.random.key(0), INPUT), cell.init(jax.random.key(0), INPUT), 0)


@every_cell_and_a_stack_reversed
def test_nudges_are_added_to_the_state_and_to_the_bias_of_one_step(cell, reverse, x64):
    params, inputs, first = random_case(cell)
    taps = randomised(zero_nudges(cell, params), 5)
    run = compiled(partial(unroll, tapped(cell), reverse=reverse))

    def plus(params, bias):
        if isinstance(params, dict):
            return {name: leaf + bias[name] if name in bias else leaf for name, leaf in params.items()}
        return tuple(plus(layer, change) for layer, change in zip(params, bias))

    for length in (4, TIME):
        state, outputs = first, []
        order = list(range(length))[:: -1 if reverse else 1]
        for t in order:
            tap = jax.tree.map(lambda a, t=t: a[t], taps)
            state = jax.tree.map(jnp.add, state, tap.state)
            state, output = cell.step(plus(params, tap.bias), state, inputs[t])
            outputs.append(output)
        final, found = run(params, (inputs, taps), first, length=length)
        assert_close(final, state)
        assert_close(found[np.array(order)], jnp.stack(outputs))


@pytest.mark.parametrize("name", ["lstm", "gru_reset_before", "stacked"])
def test_the_gradient_by_nudges_agrees_with_finite_differences(name, x64):
    cell = CELLS[name]
    params, inputs, first = random_case(cell, time=4)
    taps = zeros_over_time(Tap(cell.initial_state(), only_bias(params)), 4)
    run = jax.jit(lambda taps: unroll(tapped(cell), params, (inputs, taps), first, length=3))
    check_grads(run, (taps,), order=1, modes=("fwd", "rev"))


@every_cell
def test_the_gradient_by_a_state_is_the_error_that_reaches_it(cell, x64):
    """Of a loss on the steps from t on, by the state that step t reads: the sequence cut in two."""
    params, inputs, first = random_case(cell)
    length = TIME - 1
    weights = randomised(jnp.zeros((TIME, output_size(cell, INPUT))), 7)

    def loss(taps):
        return (unroll(tapped(cell), params, (inputs, Tap(taps)), first, length=length)[1] * weights).sum()

    errors = compiled(jax.grad(loss))(zeros_over_time(cell.initial_state()))
    state = first
    for t in range(length):
        rest = jax.grad(lambda s, t=t: (by_hand(cell, params, inputs[t:], s, length - t)[1] * weights[t:]).sum())(state)
        assert_close(jax.tree.map(lambda a, t=t: a[t], errors), rest)
        assert all(np.abs(leaf).max() > 1e-6 for leaf in jax.tree.leaves(rest))
        state = cell.step(params, state, inputs[t])[0]
    assert not any(np.any(leaf[length:]) for leaf in jax.tree.leaves(errors))  # padding


def test_the_gradient_by_a_bias_is_that_by_the_pre_activations(x64):
    """Elman's, by the equations: δ_t = (1 − h_t²) ⊙ (∂L/∂h_t + U δ_{t+1})."""
    cell = elman(HIDDEN)
    params, inputs, first = random_case(cell)
    weights = np.asarray(randomised(jnp.zeros((TIME, HIDDEN)), 7))

    def loss(bias):
        return (unroll(tapped(cell), params, (inputs, Tap(None, {"bias": bias})), first)[1] * weights).sum()

    deltas = jax.grad(loss)(jnp.zeros((TIME, HIDDEN)))
    h = np.asarray(unroll(cell, params, inputs, first)[1])
    delta = np.zeros(HIDDEN)
    for t in reversed(range(TIME)):
        delta = (1 - h[t] ** 2) * (weights[t] + np.asarray(params["recurrent_kernel"]) @ delta)
        np.testing.assert_allclose(deltas[t], delta, rtol=1e-10, atol=1e-12)


def test_a_layer_of_a_stack_may_be_left_as_it_is(x64):
    cell = stacked(lstm(HIDDEN), gru(2))
    params, inputs, first = random_case(cell)
    bias = randomised(jnp.zeros((TIME, 6)), 3)
    some = unroll(tapped(cell), params, (inputs, Tap(None, (None, {"bias": bias}))), first)
    every = unroll(tapped(cell), params, (inputs, Tap(None, ({"bias": jnp.zeros((TIME, 16))}, {"bias": bias}))), first)
    assert_close(some, every)


def test_a_nudge_that_does_not_fit_is_refused():
    cell = tapped(elman(HIDDEN))
    params, inputs, _ = random_case(elman(HIDDEN))
    with pytest.raises(KeyError, match="bais"):
        unroll(cell, params, (inputs, Tap(None, {"bais": jnp.zeros((TIME, HIDDEN))})))
    with pytest.raises(ValueError):
        unroll(cell, params, (inputs, Tap(zeros_over_time(lstm(HIDDEN).initial_state()))))
