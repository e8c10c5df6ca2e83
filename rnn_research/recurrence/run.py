"""A cell over a batch of sequences: what models call."""

from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.cells.base import Cell, Params, State
from rnn_research.cells.combinators import Tap
from rnn_research.lookup import nearest
from rnn_research.recurrence.backends import BACKENDS, Backend, Call
from rnn_research.recurrence.masking import valid_steps, zeroed
from rnn_research.recurrence.types import check_inputs, initial_state


def run(
    cell: Cell,
    params: Params,
    inputs: Any,
    state: State | None = None,
    *,
    lengths: jax.Array | None = None,
    starts: jax.Array | None = None,
    taps: Tap | None = None,
    reverse: bool = False,
    remat_every: int = 0,
    backend: str = "auto",
) -> tuple[State, Any]:
    """Run a cell over a batch of sequences: of each what ``unroll`` gives, up to rounding.

    Call it inside ``jax.jit``, with ``params`` an argument; see ``unroll``.

    Args:
      cell: the cell, neither ``restarting`` nor ``tapped``: ``starts`` and ``taps`` do that.
      params: what ``cell.init`` gave.
      inputs: ``[time, batch, features]``, floats of the parameters' type; for a cell whose input is a tree of arrays,
        such a tree, ``[time, batch, ...]`` each.
      state: the first state, leaves ``[batch, ...]``; ``cell.initial_state()`` of each sequence if left out.
      lengths: ``[batch]``, steps that count in each sequence, 0 to time; the steps after them are padding. All of
        them if left out.
      starts: bool ``[time, batch]``, where the state is put back to ``cell.initial_state()`` before the step.
      taps: leaves ``[time, batch, ...]``, what is added to the state and the biases of each step; see ``tapped``.
      reverse: read from the last step that counts back to the first; outputs stay beside their inputs.
      remat_every: k keeps one state in k steps for the backward pass and computes the rest again; 0 keeps all.
      backend: a name in ``BACKENDS``, or ``auto``: the first of them that fits.

    Returns:
      ``(final_state, outputs [time, batch, width])``. In the padding the state is frozen and the output exactly zero,
      whatever the inputs, starts and taps hold there. On a CPU a batch padded longer gives the same to the bit;
      gradients by params, which are sums over all steps, agree up to rounding.

    Raises:
      ValueError: inputs, lengths or starts of other shapes, a negative ``remat_every``, an unknown backend, or one
        that does not fit.
    """
    time, batch = _check(inputs, lengths, starts, remat_every)
    check_inputs(params, inputs)
    if state is None:
        first = initial_state(cell, params)
        state = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (batch, *leaf.shape)), first)
    valid = None
    if lengths is not None:
        valid = valid_steps(time, lengths)
        inputs, starts, taps = zeroed(valid, (inputs, starts, taps))
    call = Call(params, inputs, state, lengths, valid, starts, taps, reverse, remat_every)
    state, outputs = _choose(backend, cell, call).run(cell, call)
    return state, outputs if valid is None else zeroed(valid, outputs)


def _choose(name: str, cell: Cell, call: Call) -> Backend:
    if name == "auto":
        return next(one for one in BACKENDS.values() if not one.fits(cell, call))
    if name not in BACKENDS:
        raise ValueError(f"unknown backend {name!r}; {nearest(name, [*BACKENDS, 'auto'])}")
    reason = BACKENDS[name].fits(cell, call)
    if reason:
        raise ValueError(f"backend {name!r} does not fit: {reason}")
    return BACKENDS[name]


def _check(inputs: Any, lengths: Any, starts: Any, remat_every: int) -> tuple[int, int]:
    """Time and batch."""
    shapes = [jnp.shape(leaf) for leaf in jax.tree.leaves(inputs)]
    if hasattr(inputs, "ndim") and inputs.ndim != 3:
        raise ValueError(f"inputs must be [time, batch, features], not shape {inputs.shape}")
    if len({shape[:2] for shape in shapes}) != 1 or len(shapes[0]) < 2:
        raise ValueError(f"a tree of inputs must have one time and one batch, leading in each array, not {shapes}")
    time, batch = shapes[0][:2]
    if lengths is not None and jnp.shape(lengths) != (batch,):
        raise ValueError(f"lengths must be [batch], shape {(batch,)}, not {jnp.shape(lengths)}")
    if starts is not None and jnp.shape(starts) != (time, batch):
        raise ValueError(f"starts must be [time, batch], shape {(time, batch)}, not {jnp.shape(starts)}")
    if remat_every < 0:
        raise ValueError(f"remat_every must be 0 or more, not {remat_every}")
    return time, batch
