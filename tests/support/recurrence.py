"""Cells, random cases and references for tests of cells over time."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import (
    convolution,
    elman,
    gru,
    lstm,
    output_size,
    residual,
    restarting,
    skip,
    stacked,
    window,
)
from rnn_research.recurrence import BACKENDS, Call, unroll

INPUT, HIDDEN, TIME = 3, 4, 6

# Programs that run once are compiled in half the time; for tests in which no bit matters.
compiled = partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})

CELLS = {
    "elman": elman(HIDDEN),
    "lstm": lstm(HIDDEN),
    "gru": gru(HIDDEN),
    "gru_reset_before": gru(HIDDEN, reset_after=False),
    "stacked": stacked(lstm(HIDDEN), gru(2)),
    "residual": stacked(elman(HIDDEN), residual(lstm(HIDDEN))),
}
# With those that run over all steps at once.
CELLS_OF_BATCHES = {
    "elman": elman(HIDDEN),
    "lstm": lstm(HIDDEN),
    "gru": gru(HIDDEN),
    "gru_reset_before": gru(HIDDEN, reset_after=False),
    "window": window(HIDDEN, size=3),
    "convolution": convolution(HIDDEN, kernel=2, depth=2, activation="tanh"),
    "stacked": stacked(skip(lstm(HIDDEN), every=2), residual(gru(HIDDEN))),
}
every_cell = pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
# Every cell one way; the rest of what is crossed, on a stack, whose state is a tuple of two kinds.
every_cell_and_a_stack_reversed = pytest.mark.parametrize(
    "cell, reverse", [*((cell, False) for cell in CELLS.values()), (CELLS["stacked"], True)], ids=[*CELLS, "reverse"]
)
both_directions = pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])


def randomised(tree, seed):
    """Random numbers in the place of every leaf, biases and states too."""
    rng = np.random.default_rng(seed)
    return jax.tree.map(lambda leaf: jnp.asarray(rng.normal(size=leaf.shape, scale=0.7)), tree)


def random_case(cell, time=TIME, inputs=INPUT):
    """Params, inputs and first state."""
    params = jax.eval_shape(lambda key: cell.init(key, inputs), jax.random.key(0))
    trees = params, np.zeros((time, inputs)), jax.eval_shape(cell.initial_state)
    return tuple(randomised(tree, seed) for seed, tree in enumerate(trees))


def by_hand(cell, params, inputs, state, length, reverse=False):
    """The contract: only the steps within the length are taken; every other output is zero."""
    outputs = [jnp.zeros(output_size(cell, inputs.shape[1]))] * len(inputs)
    for t in reversed(range(length)) if reverse else range(length):
        state, outputs[t] = cell.step(params, state, inputs[t])
    return state, jnp.stack(outputs)


def turned(sequence, length):
    """The first ``length`` entries in the opposite order."""
    return jnp.concatenate([sequence[:length][::-1], sequence[length:]])


def with_gradients(run):
    """``f(params, inputs, state, ...) -> (results, gradients)`` of an objective that weighs every result."""

    def objective(params, inputs, state, *rest):
        results = run(params, inputs, state, *rest)
        weighted = jax.tree.map(lambda result, weight: (result * weight).sum(), results, randomised(results, 99))
        return sum(jax.tree.leaves(weighted)), results

    def both(*args):
        gradients, results = jax.grad(objective, argnums=(0, 1, 2), has_aux=True)(*args)
        return results, gradients

    return both


def assert_close(actual, expected, tolerance=1e-10):
    assert jax.tree.structure(actual) == jax.tree.structure(expected)
    for a, e in zip(jax.tree.leaves(actual), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, e, rtol=tolerance, atol=tolerance)


def assert_same_bits(actual, expected):
    assert jax.tree.structure(actual) == jax.tree.structure(expected)
    for a, e in zip(jax.tree.leaves(actual), jax.tree.leaves(expected), strict=True):
        assert np.asarray(a).tobytes() == np.asarray(e).tobytes()


# A batch of sequences, time leading.

BATCH = 4


def random_batch(cell, time=TIME, inputs=INPUT, batch=BATCH):
    """Params, ``[time, batch, inputs]`` and first states."""
    params, _, _ = random_case(cell, inputs=inputs)
    state = jax.tree.map(lambda leaf: np.zeros((batch, *leaf.shape)), jax.eval_shape(cell.initial_state))
    return params, randomised(np.zeros((time, batch, inputs)), 5), randomised(state, 6)


def one_by_one(cell, starts, reverse=False):
    """Every sequence of the batch by itself, step after step."""

    def run(params, inputs, state):
        if starts is None:
            one = partial(unroll, cell, params, reverse=reverse)
            return jax.vmap(one, in_axes=(1, 0), out_axes=(0, 1))(inputs, state)
        one = partial(unroll, restarting(cell), params, reverse=reverse)
        return jax.vmap(one, in_axes=(1, 0), out_axes=(0, 1))((inputs, starts), state)

    return run


FASTER = [name for name in BACKENDS if name != "loop"]


def fitting(cell, names=FASTER):
    """Names of the backends for a cell."""
    call = Call({}, np.zeros((TIME, BATCH, INPUT), np.float32), None)
    return [name for name in names if not BACKENDS[name].fits(cell, call)]
