"""The teaching form: a cell over one sequence, and two cells over it, left to right and right to left."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.cells.base import Cell, Params, State
from rnn_research.lookup import lookup
from rnn_research.recurrence.masking import freezing, valid_steps, zeroed
from rnn_research.recurrence.methods import METHODS
from rnn_research.recurrence.types import check_inputs, initial_state


def unroll(
    cell: Cell,
    params: Params,
    inputs: Any,
    state: State | None = None,
    *,
    length: jax.Array | int | None = None,
    reverse: bool = False,
    method: str = "scan",
    remat_every: int = 0,
) -> tuple[State, Any]:
    """Run a cell over one sequence; ``jax.grad`` of the result is backpropagation through time (S06).

    A cell with an ``over_time`` reads the whole sequence at once, where ``length`` is left out.

    Call it inside ``jax.jit``: outside, every call compiles its scan again. Hand ``params`` to the jitted function
    as an argument: closed over, they become constants that XLA may fold, which can change the last bit.

    Args:
      cell: the cell.
      params: what ``cell.init`` gave.
      inputs: ``[time, features]``, floats of the parameters' type; for a batch take ``run``. For a cell whose input is
        a tree of arrays, such a tree, time leading in each: ``[time, ...]``.
      state: the first state; ``cell.initial_state()`` if left out.
      length: steps that count, 0 to time; the steps after it are padding. All of them if left out. Given, it makes
        every cell go step by step.
      reverse: read from step ``length - 1`` back to 0; ``outputs[t]`` stays beside ``inputs[t]``.
      method: ``scan``, or ``loop``, the plain Python loop over the cell's ``step``, whatever the cell (slow to
        compile; the reference).
      remat_every: 0 keeps every step's intermediate values for the backward pass; k keeps one state
        in k steps and computes the rest again: less memory, one more forward pass. A sequence read at once has no
        such steps: it changes nothing there.

    Returns:
      ``(final_state, outputs [time, hidden])``; for a cell whose output is a tree of arrays, such a tree,
      ``[time, ...]`` each.

    Raises:
      ValueError: inputs that are not two-dimensional, or a tree of them that do not share their leading axis; an
        unknown method, a negative ``remat_every``; floats of another type than the parameters.
    """
    time = _time(inputs)
    if remat_every < 0:
        raise ValueError(f"remat_every must be 0 or more, not {remat_every}")
    check_inputs(params, inputs)
    state = initial_state(cell, params) if state is None else state
    walk = lookup(METHODS, method, "method")
    if cell.over_time is not None and length is None and method == "scan":
        return _at_once(cell.over_time, params, state, inputs, reverse)
    if length is None:
        return walk(lambda carry, x: cell.step(params, carry, x), state, inputs, reverse, remat_every)
    valid = valid_steps(time, jnp.asarray(length))
    xs = zeroed(valid, inputs), valid
    state, outputs = walk(freezing(cell, params), state, xs, reverse, remat_every)
    return state, zeroed(valid, outputs)


def bidirectional(
    forward: Cell,
    backward: Cell,
    params: tuple[Params, Params],
    inputs: jax.Array,
    *,
    length: jax.Array | int | None = None,
    **options,
) -> tuple[tuple[State, State], jax.Array]:
    """Two cells, left to right and right to left, outputs joined (S12; Schuster and Paliwal 1997).

    Args:
      forward, backward: the cells; ``params`` holds their parameters in that order.
      inputs: ``[time, features]``.
      length: as for ``unroll``; the backward cell starts at step ``length - 1``.
      **options: ``method``, ``remat_every``.

    Returns:
      ``((forward_state, backward_state), outputs [time, forward hidden + backward hidden])``.
    """
    forward_state, ahead = unroll(forward, params[0], inputs, length=length, **options)
    backward_state, behind = unroll(backward, params[1], inputs, length=length, reverse=True, **options)
    return (forward_state, backward_state), jnp.concatenate([ahead, behind], axis=-1)


def _time(inputs) -> int:
    if hasattr(inputs, "ndim"):
        if inputs.ndim != 2:
            raise ValueError(f"inputs must be [time, features], not shape {inputs.shape}; for a batch take run")
        return inputs.shape[0]
    shapes = [jnp.shape(leaf) for leaf in jax.tree.leaves(inputs)]
    if not all(shapes) or len({shape[0] for shape in shapes}) != 1:
        raise ValueError(f"a tree of inputs must have one time, leading in each array, not shapes {shapes}")
    return shapes[0][0]


def _at_once(over_time: Callable, params: Params, state: State, inputs: Any, reverse: bool) -> tuple[State, Any]:
    def turned(tree):
        return jax.tree.map(lambda leaf: jnp.flip(leaf, axis=0), tree) if reverse else tree

    state, outputs = over_time(params, state, turned(inputs))
    return state, turned(outputs)
