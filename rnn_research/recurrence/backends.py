"""The ways to run a cell over a batch of sequences; ``run`` takes the first of ``BACKENDS`` that fits.

A new one is an entry of ``BACKENDS``. It gets the call as ``run`` has prepared it: a state, shapes that agree, and in
a padded batch zeros in the place of whatever the padding held. It must freeze the state there; ``run`` zeroes the
outputs.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.cells.base import Cell, Params, SplitStep, State
from rnn_research.cells.combinators import Tap, restarting, tapped
from rnn_research.recurrence.masking import freezing, lengthened
from rnn_research.recurrence.methods import METHODS
from rnn_research.recurrence.staged import staged
from rnn_research.recurrence.unroll import unroll


class Call(NamedTuple):
    """What a cell is run over; the axes are those of ``run``.

    Attributes:
      params, inputs, state, starts, taps, reverse, remat_every: as for ``run``.
      lengths: ``[batch]``, or None where every step counts; ``valid``, bool ``[time, batch]``, says the same.
    """

    params: Params
    inputs: Any
    state: State
    lengths: jax.Array | None = None
    valid: jax.Array | None = None
    starts: jax.Array | None = None
    taps: Tap | None = None
    reverse: bool = False
    remat_every: int = 0


class Backend(NamedTuple):
    """One way to run a cell.

    Attributes:
      fits: ``(cell, call) -> reason``, in a few words, why it cannot; the empty string where it can.
      run: ``(cell, call) -> (state, outputs)``, as ``run`` gives them, but for the outputs in the padding.
    """

    fits: Callable[[Cell, Call], str]
    run: Callable[[Cell, Call], tuple[State, Any]]


def _fits_staged(cell: Cell, call: Call) -> str:
    if not isinstance(cell.step, SplitStep):
        return "the cell's step is not made of two products"
    if not jnp.issubdtype(call.inputs.dtype, jnp.floating):
        return f"inputs must be real numbers, not {call.inputs.dtype}"
    if call.taps is not None:
        return "taps change the states that it reads"
    if call.remat_every:
        return "it keeps every step's values, and remat_every asks it not to"
    return ""


def _run_staged(cell: Cell, call: Call) -> tuple[State, jax.Array]:
    assert isinstance(cell.step, SplitStep)
    inputs, starts, valid = call.inputs, call.starts, call.valid
    if valid is not None:
        valid, inputs, starts = lengthened(valid, inputs, starts)
    run = staged(cell.step, cell.initial_state, call.reverse)
    state, outputs = run(call.params, inputs, call.state, starts, valid)
    return state, outputs[: call.inputs.shape[0]]


def _fits_over_time(cell: Cell, call: Call) -> str:
    if cell.over_time is None:
        return "the cell cannot read a sequence at once"
    return "" if call.taps is None else "taps are added step by step"


def _run_over_time(cell: Cell, call: Call) -> tuple[State, Any]:
    cell, inputs = _with_starts_and_taps(cell, call)
    assert cell.over_time is not None
    whole = cell.over_time

    def one(params, inputs, state, length):
        if length is None:
            return unroll(cell, params, inputs, state, reverse=call.reverse)
        state, outputs = whole(params, state, _turned(inputs, length, call.reverse), length=length)
        return state, _turned(outputs, length, call.reverse)

    if call.valid is None:
        return _over_batch(one, call, inputs, None, 0)
    time = call.valid.shape[0]
    _, inputs = lengthened(call.valid, inputs)
    state, outputs = _over_batch(one, call, inputs, call.lengths, 0)
    return state, jax.tree.map(lambda leaf: leaf[:time], outputs)


def _turned(tree: Any, length: jax.Array, reverse: bool) -> Any:
    """In the opposite order, the steps that count before the others."""

    def turn(leaf):
        return jnp.roll(jnp.flip(leaf, axis=0), length - leaf.shape[0], axis=0)

    return jax.tree.map(turn, tree) if reverse else tree


def _run_steps(method: str) -> Callable[[Cell, Call], tuple[State, Any]]:
    def run(cell: Cell, call: Call) -> tuple[State, Any]:
        cell, inputs = _with_starts_and_taps(cell, call)

        def one(params, inputs, state, valid):
            if valid is None:
                step, xs = (lambda carry, x: cell.step(params, carry, x)), inputs
            else:
                step, xs = freezing(cell, params), (inputs, valid)
            return METHODS[method](step, state, xs, call.reverse, call.remat_every)

        return _over_batch(one, call, inputs, call.valid, 1)

    return run


def _with_starts_and_taps(cell: Cell, call: Call) -> tuple[Cell, Any]:
    inputs = call.inputs
    if call.starts is not None:
        cell, inputs = restarting(cell), (inputs, call.starts)
    if call.taps is not None:
        cell, inputs = tapped(cell), (inputs, call.taps)
    return cell, inputs


def _over_batch(one: Callable, call: Call, inputs: Any, mask: jax.Array | None, mask_axis: int) -> tuple[State, Any]:
    axes = (None, 1, 0, None if mask is None else mask_axis)
    return jax.vmap(one, in_axes=axes, out_axes=(0, 1))(call.params, inputs, call.state, mask)


def _anything(cell: Cell, call: Call) -> str:
    return ""


BACKENDS: dict[str, Backend] = {
    # The products that need not wait for the step before, for all steps at once.
    "staged": Backend(_fits_staged, _run_staged),
    # The whole sequence at once, by the cell's own `over_time`.
    "over_time": Backend(_fits_over_time, _run_over_time),
    # Step by step in one loop.
    "scan": Backend(_anything, _run_steps("scan")),
    # Step by step in Python: slow to compile, the reference.
    "loop": Backend(_anything, _run_steps("loop")),
}
