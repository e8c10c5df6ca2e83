"""Cells, losses and plain loops for the norms of the error sent back."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import Cell, elman, gru, lstm, residual, stacked
from rnn_research.gradients.norms import GradientNorms, gradient_norms

BATCH, TIME, INPUT, HIDDEN = 2, 5, 3, 4


def own_cell():
    """A user's: its output is no part of its state, and the state holds a matrix, a scalar, a counter and a key."""

    def init(key, input_size):
        shapes = {"w": (input_size, 6), "u": (3, 3), "v": (6, HIDDEN)}
        return {name: jax.random.normal(key, shape) for name, shape in shapes.items()}

    def initial_state():
        return {
            "count": jnp.zeros((), jnp.int32),
            "key": jax.random.key(0),
            "mean": jnp.zeros(()),
            "slots": jnp.zeros((2, 3)),
        }

    def step(params, state, x):
        slots = jnp.tanh((x @ params["w"]).reshape(2, 3) + state["slots"] @ params["u"] + state["mean"])
        mean = 0.5 * state["mean"] + slots.mean() / (1 + state["count"])
        new = {"count": state["count"] + 1, "key": state["key"], "mean": mean, "slots": slots}
        return new, jnp.sin(slots.ravel() @ params["v"]) * mean + jax.random.normal(state["key"], (HIDDEN,))

    return Cell(init, initial_state, step)


CELLS = {
    "lstm": lstm(HIDDEN),
    "gru": gru(HIDDEN),
    "stacked": stacked(elman(HIDDEN), residual(lstm(HIDDEN))),
    "own": own_cell(),
}
every_cell = pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)


def random_case(cell, time=TIME, batch=BATCH, inputs=INPUT, scale=0.7):
    """Params, biases too, and inputs."""
    rng = np.random.default_rng(0)
    shapes = jax.eval_shape(lambda key: cell.init(key, inputs), jax.random.key(0))
    params = jax.tree.map(lambda leaf: jnp.asarray(rng.normal(size=leaf.shape, scale=scale)), shapes)
    return params, jnp.asarray(rng.normal(size=(batch, time, inputs)))


def classes(time=TIME, batch=BATCH):
    return jnp.asarray(np.random.default_rng(1).integers(HIDDEN, size=(batch, time)))


def cross_entropy(output, target):
    return -jax.nn.log_softmax(3 * output)[target]


def quadratic(output):
    return jnp.sum(jnp.square(output - 0.3)) / 2


def compiled(cell, loss, **options):
    """``(params, inputs, targets) -> GradientNorms`` of NumPy arrays."""
    run = jax.jit(lambda *args: gradient_norms(cell, *args[:2], loss, *args[2:], **options))
    return lambda *args: jax.device_get(run(*args))


def is_float(leaf):
    return jnp.issubdtype(leaf.dtype, jnp.inexact)


def losses_of_nudged_loop(cell, loss, params, inputs, targets, taps, errors):
    """The loss of every step of one example, ``taps`` being added to the floats of the states, ``errors`` to the
    outputs."""
    state, losses = cell.initial_state(), []
    for t in range(len(inputs)):
        state, output = cell.step(params, state, inputs[t])
        losses.append(loss(output + errors[t], targets[t]))
        leaves, tree = jax.tree.flatten(state)
        leaves = [a + taps[i][t] if is_float(a) else a for i, a in enumerate(leaves)]
        state = jax.tree.unflatten(tree, leaves)
    return jnp.stack(losses)


def by_jacobian(cell, loss, params, inputs, targets):
    """What is expected, from ``jax.jacobian`` of the plain loop."""
    time = inputs.shape[1]
    leaves, tree = jax.tree.flatten(cell.initial_state())
    taps = {i: jnp.zeros((time, *a.shape)) for i, a in enumerate(leaves) if is_float(a)}

    @jax.jit
    @partial(jax.vmap, in_axes=(None, 0, 0))
    def jacobians(params, inputs, targets):
        run = partial(losses_of_nudged_loop, cell, loss, params, inputs, targets)
        return jax.jacobian(run, argnums=(0, 1))(taps, jnp.zeros((time, HIDDEN)))

    by_state, by_output = jacobians(params, inputs, targets)
    parts = {i: np.sqrt((np.asarray(a) ** 2).sum(axis=tuple(range(3, a.ndim)))) for i, a in by_state.items()}
    output = np.sqrt((np.asarray(by_output) ** 2).sum(axis=3))
    total = np.sqrt(sum(norm**2 for norm in parts.values()) + output**2)
    state = [parts.get(i, np.zeros_like(total)) for i in range(len(leaves))]
    return GradientNorms(jax.tree.unflatten(tree, state), np.diagonal(output, axis1=1, axis2=2), total)


def assert_close(actual, expected, tolerance=1e-9):
    assert jax.tree.structure(actual) == jax.tree.structure(expected)
    for a, e in zip(jax.tree.leaves(actual), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, e, rtol=tolerance, atol=tolerance / 1000)


def assert_same_bits(actual, expected):
    for a, e in zip(jax.tree.leaves(actual), jax.tree.leaves(expected), strict=True):
        assert np.asarray(a).tobytes() == np.asarray(e).tobytes()


def row(norms, t):
    """What ``at=t`` should give, from the triangle."""
    return jax.tree.map(lambda a: a[:, t], norms)


def example(norms, b):
    return jax.tree.map(lambda a: a[b], norms)
