"""States that start again: documents in one sequence."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import Tap, convolution, elman, gru, lstm, restarting, skip, tapped, window
from rnn_research.recurrence import unroll
from tests.support.recurrence import assert_close, by_hand, random_case, with_gradients
from tests.support.windows import HIDDEN, INPUT, starts_at

DOCUMENTS = (3, 1, 2)  # steps each

RESTARTED = {
    "elman": elman(HIDDEN),
    "lstm": lstm(HIDDEN),
    "gru": gru(HIDDEN),
    "window": window(HIDDEN, size=4),
    "convolution": convolution(HIDDEN, kernel=2, depth=2, activation="tanh"),
    "skip": skip(elman(HIDDEN), every=2),
}


def first_steps(reverse):
    """Where a document begins, but for the one read first, which goes on from the state it is given."""
    ends = np.cumsum(DOCUMENTS)[:-1]
    return starts_at(sum(DOCUMENTS), *(ends - 1 if reverse else ends))


def one_by_one(cell, reverse):
    """Each document run by itself; the outputs side by side, and the last state."""

    def run(params, inputs, state):
        parts = np.split(np.arange(sum(DOCUMENTS)), np.cumsum(DOCUMENTS)[:-1])
        outputs, final = [jnp.zeros(0)] * len(parts), None
        for k in reversed(range(len(parts))) if reverse else range(len(parts)):
            final, outputs[k] = by_hand(cell, params, inputs[parts[k]], state, len(parts[k]), reverse)
            state = cell.initial_state()
        return final, jnp.concatenate(outputs)

    return run


@pytest.mark.parametrize(
    "name, reverse", [*((name, False) for name in RESTARTED), ("lstm", True), ("window", True)], ids=str
)
def test_documents_in_one_sequence_are_documents_run_by_themselves(name, reverse, x64):
    cell, starts = RESTARTED[name], first_steps(reverse)
    params, inputs, state = random_case(cell, sum(DOCUMENTS))
    if name == "skip":
        state = state._replace(count=jnp.ones(()))
    expected = jax.jit(with_gradients(one_by_one(cell, reverse)))(params, inputs, state)

    def run(params, inputs, state):
        return unroll(restarting(cell), params, (inputs, starts), state, reverse=reverse)

    assert_close(jax.jit(with_gradients(run))(params, inputs, state), expected)


@pytest.mark.parametrize("name", ["lstm", "window"])
def test_padding_after_documents_is_padding(name, x64):
    cell = RESTARTED[name]
    params, inputs, state = random_case(cell, 9)
    run = jax.jit(with_gradients(lambda p, x, s, f: unroll(restarting(cell), p, (x, f), s, length=6)))
    expected = run(params, inputs, state, starts_at(9, 3))
    dirty = run(params, inputs.at[6:].set(np.nan), state, starts_at(9, 3, 6, 8))
    assert_close(dirty, expected, 1e-12)
    assert not np.any(expected[0][1][6:])


def test_a_start_is_a_truth_value_in_a_padded_sequence_too():
    seen = []

    def step(params, state, x_start):
        seen.append(x_start[1].dtype)
        return state, x_start[0]

    cell = lstm(HIDDEN)._replace(step=step)
    jax.eval_shape(lambda xs: unroll(cell, {}, xs, length=2), (jnp.zeros((3, INPUT)), starts_at(3, 1)))
    assert set(seen) == {jnp.dtype(bool)}


@pytest.mark.parametrize("name", ["lstm", "window"])
def test_no_error_passes_a_start(name, x64):
    """Of a loss on the second document, by the first one's inputs and by what is added to the states read."""
    cell = RESTARTED[name]
    params, inputs, state = random_case(cell, 8)
    taps = jax.tree.map(lambda leaf: jnp.zeros((8, *leaf.shape)), Tap(cell.initial_state()))

    @partial(jax.grad, argnums=(0, 1))
    def gradient(inputs, taps):
        _, outputs = unroll(tapped(restarting(cell)), params, ((inputs, starts_at(8, 5)), taps), state)
        return (outputs[5:] ** 2).sum()

    by_inputs, by_nudges = jax.jit(gradient)(inputs, taps)
    assert not np.any(by_inputs[:5]) and np.all(np.any(np.asarray(by_inputs[5:]) != 0, axis=1))
    assert not any(np.any(leaf[:6]) for leaf in jax.tree.leaves(by_nudges))
    assert any(np.any(leaf[6:]) for leaf in jax.tree.leaves(by_nudges))


def test_restarting_has_the_inner_cells_params_and_state():
    cell = lstm(HIDDEN)
    assert restarting(cell).init is cell.init and restarting(cell).initial_state is cell.initial_state
