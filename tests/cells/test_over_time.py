"""Cells that read a sequence at once, through ``unroll`` and inside other cells."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import Tap, convolution, lstm, residual, restarting, skip, stacked, tapped, window
from rnn_research.recurrence import unroll
from tests.support.at_random import at_random
from tests.support.recurrence import assert_close, assert_same_bits, by_hand, random_case, with_gradients
from tests.support.windows import FORMS, HIDDEN, INPUT, at_once, both_directions, both_kinds, layered, starts_at


@both_kinds
@both_directions
def test_unroll_reads_at_once_what_the_loop_reads_step_by_step(form, reverse, x64):
    cell, _ = FORMS[form]
    params, inputs, state = random_case(cell, 9)
    expected = by_hand(cell, params, inputs, state, 9, reverse)
    assert_close(unroll(cell, params, inputs, state, reverse=reverse), expected)
    run = partial(unroll, restarting(cell), params, (inputs, starts_at(9, 3, 4, 8)), reverse=reverse)
    assert_close(run(), run(method="loop"))


def test_unroll_takes_the_way_that_it_says():
    taken = []

    def over_time(params, state, inputs, starts=None):
        taken.append("at once")
        return at_once(plain)(params, state, inputs, starts)

    def step(params, state, x):
        taken.append("step")
        return plain.step(params, state, x)

    plain = window(HIDDEN, size=3)
    cell = plain._replace(step=step, over_time=over_time)
    params, inputs, state = random_case(cell)
    for options, way in [
        ({}, "at once"),
        ({"reverse": True}, "at once"),
        ({"remat_every": 2}, "at once"),
        ({"length": 4}, "step"),
        ({"method": "loop"}, "step"),
    ]:
        taken.clear()
        jax.eval_shape(partial(unroll, cell, **options), params, inputs, state)
        assert set(taken) == {way}
    with pytest.raises(ValueError, match="unknown method"):
        unroll(cell, params, inputs, state, method="at once")


@pytest.mark.parametrize("form, reverse", [("window", False), ("three_taps", True)])
def test_the_contract_on_padding(form, reverse, x64):
    cell, _ = FORMS[form]
    params, inputs, state = random_case(cell, 7)
    run = jax.jit(with_gradients(lambda p, x, s, n: unroll(cell, p, x, s, length=n, reverse=reverse)))
    for length in (0, 1, 4, 7):
        (final, outputs), gradients = run(params, inputs, state, length)
        assert_close((final, outputs), by_hand(cell, params, inputs, state, length, reverse))
        assert not np.any(outputs[length:]) and not np.any(gradients[1][length:])
        for garbage in (np.nan, 1e300):
            dirty = run(params, inputs.at[length:].set(garbage), state, length)
            assert_close(dirty, ((final, outputs), gradients), 1e-12)
    longer = jax.jit(lambda x, n: unroll(cell, params, x, state, length=n, reverse=reverse))
    final, outputs = longer(inputs, 4)
    same_final, same_outputs = longer(jnp.pad(inputs, ((0, 6), (0, 0)), constant_values=np.nan), 4)
    assert_same_bits((same_final, same_outputs[:7]), (final, outputs))


def test_which_cells_read_a_sequence_at_once():
    plain, conv = lstm(INPUT), window(INPUT)
    for cell in (
        conv,
        convolution(INPUT),
        stacked(conv, conv),
        residual(conv),
        restarting(stacked(conv, residual(conv))),
    ):
        assert cell.over_time is not None
    for cell in (plain, stacked(conv, plain), residual(plain), skip(conv, every=2), tapped(conv), restarting(plain)):
        assert cell.over_time is None


@both_kinds
def test_within_the_cells_that_go_step_by_step(form, x64):
    """A skip longer than the sequence changes nothing; the gradient by taps of the bias adds up to the bias's."""
    cell, _ = FORMS[form]
    params, inputs, state = random_case(cell, 9)
    skipping = skip(cell, every=9)
    _, outputs = unroll(skipping, params, inputs, skipping.initial_state()._replace(inner=state))
    assert_close(outputs, at_once(cell)(params, state, inputs)[1])

    def loss(params, biases):
        taps = [{"bias": bias} for bias in biases]
        tap = Tap(None, taps[0] if isinstance(params, dict) else tuple(taps))
        return (unroll(tapped(cell), params, (inputs, tap), state)[1] ** 2).sum()

    by_step = jax.jit(jax.grad(loss, 1))(params, [jnp.zeros((9, HIDDEN)) for _ in layered(params)])
    whole = jax.jit(jax.grad(lambda p: (unroll(cell, p, inputs, state)[1] ** 2).sum()))(params)
    assert_close([leaf.sum(axis=0) for leaf in by_step], [layer["bias"] for layer in layered(whole)])


def test_a_long_window_needs_little_memory_and_is_soon_compiled():
    """Less than a tenth of the 100 products [batch, time, hidden] that it sums."""
    cell, batch, time = window(32, size=100), 8, 128
    params = at_random(lambda: cell.init(jax.random.key(0), 32))

    @jax.jit
    @jax.grad
    def gradient(params, inputs):
        return (jax.vmap(lambda x: unroll(cell, params, x)[1])(inputs) ** 2).sum()

    compiled = gradient.lower(params, jnp.zeros((batch, time, 32))).compile()
    memory = compiled.memory_analysis()
    if memory is not None:
        assert memory.temp_size_in_bytes < 4 * 100 * batch * time * 32 / 10
    assert len(compiled.as_text()) < 200_000  # taps are not written out one by one
