"""The mask of padded sequences: what ``recurrence`` promises of the steps past a length, written once."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.cells.base import Cell, Params, State

# Rows (time · batch) that a product over all steps of a padded batch has at least: on a CPU, one of fewer than 50 may
# be added up in another order, and a batch padded longer would give other bits.
LEAST_ROWS = 64


def valid_steps(time: int, lengths: jax.Array | int) -> jax.Array:
    """``lengths [batch] -> bool [time, batch]``, True in the steps that count; of one length, ``[time]``."""
    steps = jnp.arange(time)
    return steps < lengths if jnp.ndim(lengths) == 0 else steps[:, None] < jnp.asarray(lengths)[None]


def zeroed(valid: jax.Array, tree: Any) -> Any:
    """The tree with zeros where ``valid``, the leading axes of every leaf, is False."""
    # A zero of the leaf's own type: a plain 0 would make whole numbers of truth values.
    return jax.tree.map(lambda leaf: jnp.where(_over(valid, leaf), leaf, jnp.zeros_like(leaf)), tree)


def frozen(valid: jax.Array, new: State, old: State) -> State:
    """The new state where ``valid``, else the old one."""
    return jax.tree.map(lambda new, old: jnp.where(_over(valid, new), new, old), new, old)


def lengthened(valid: jax.Array, *trees: Any) -> tuple[Any, ...]:
    """``valid [time, batch]`` and trees of leaves ``[time, batch, ...]``, with padding up to ``LEAST_ROWS`` rows."""
    time, batch = valid.shape
    more = max(0, -(-LEAST_ROWS // max(1, batch)) - time)
    return jax.tree.map(lambda leaf: jnp.pad(leaf, [(0, more), *[(0, 0)] * (leaf.ndim - 1)]), (valid, *trees))


def freezing(cell: Cell, params: Params) -> Callable:
    """``(state, (x, valid)) -> (state, output)``: a step that keeps the state where it does not count.

    Its inputs must be zeros there beforehand, and its outputs are to be zeroed afterwards, each of them once for all
    steps: a NaN in the padding would pass ``where`` in the backward direction.
    """

    def step(state, x_valid):
        x, valid = x_valid
        new, output = cell.step(params, state, x)
        return frozen(valid, new, state), output

    return step


def _over(valid: jax.Array, leaf: jax.Array) -> jax.Array:
    return jnp.expand_dims(valid, range(valid.ndim, leaf.ndim)) if valid.ndim else valid
