"""Cells made of cells."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.cells.base import Cell, Params, State, check_size, output_size
from rnn_research.cells.initializers import after


def stacked(*cells: Cell) -> Cell:
    """Layers one above the other: a layer's outputs are the next one's inputs (S13).

    Params and state are tuples, one entry a layer; the output is the top layer's. It has an ``over_time`` if every
    cell has one.

    Raises:
      ValueError: no cell given.
    """
    if not cells:
        raise ValueError("stacked() needs at least one cell")
    steps = [cell.step for cell in cells]
    wholes = [cell.over_time for cell in cells if cell.over_time is not None]

    def init(key, input_size):
        params = []
        for cell, layer_key in zip(cells, jax.random.split(key, len(cells)), strict=True):
            params.append(cell.init(after(layer_key, params), input_size))
            input_size = output_size(cell, input_size)
        return tuple(params)

    def initial_state():
        return tuple(cell.initial_state() for cell in cells)

    def step(params, states, x):
        return _upwards(steps, params, states, x)

    def over_time(params, states, inputs, starts=None, length=None):
        return _upwards(wholes, params, states, inputs, starts, length)

    return Cell(init, initial_state, step, over_time if len(wholes) == len(cells) else None)


def _upwards(layers: Sequence[Callable], params: Params, states: State, x: jax.Array, *rest: Any):
    """What every layer makes of the output of the one below: the new states and the top layer's output."""
    new_states = []
    for layer, layer_params, state in zip(layers, params, states, strict=True):
        state, x = layer(layer_params, state, x, *rest)
        new_states.append(state)
    return tuple(new_states), x


def residual(cell: Cell) -> Cell:
    """Add a cell's input to its output: a skip connection between layers (S09).

    It has an ``over_time`` if the cell has.

    Raises:
      ValueError: on ``init``, if the input is not as wide as the output.
    """

    def init(key, input_size):
        width = output_size(cell, input_size)
        if width != input_size:
            raise ValueError(f"a residual cell needs input and output of one width, not {input_size} and {width}")
        return cell.init(key, input_size)

    def step(params, state, x):
        state, output = cell.step(params, state, x)
        return state, x + output

    whole = cell.over_time
    if whole is None:
        return Cell(init, cell.initial_state, step)

    def over_time(params, state, inputs, starts=None, length=None):
        state, outputs = whole(params, state, inputs, starts, length)
        return state, inputs + outputs

    return Cell(init, cell.initial_state, step, over_time)


def restarting(cell: Cell) -> Cell:
    """A cell whose input is a pair ``(x [input], start)``: a sequence of several documents, one after the other.

    Where ``start``, a bool ``[]``, is True, the state is set back to ``cell.initial_state()`` before the step, so that
    nothing passes from one document to the next: each gives what it gives when it is run by itself, forwards and
    backwards. All else is the inner cell's. Over time, ``(inputs [time, input], starts [time])``; a first step whose
    ``start`` is False goes on from the state that it is given. Read in reverse, a document begins at its last step,
    and that is where ``start`` must be True.

    It goes round a cell whose input is one array, a stack or a ``skip`` among them; to tap it,
    ``tapped(restarting(cell))``: what is added to the state before a start has no effect. It has an ``over_time`` if
    the cell has.
    """

    def step(params, state, x_start):
        x, start = x_start
        first = cell.initial_state()
        state = jax.tree.map(lambda new, old: jnp.where(start, new.astype(old.dtype), old), first, state)
        return cell.step(params, state, x)

    whole = cell.over_time
    if whole is None:
        return Cell(cell.init, cell.initial_state, step)

    def over_time(params, state, inputs_starts, starts=None, length=None):
        inputs, own = inputs_starts
        return whole(params, state, inputs, own if starts is None else own | starts, length)

    return Cell(cell.init, cell.initial_state, step, over_time)


class SkipState(NamedTuple):
    inner: State  # what the inner cell's last step gave
    anchor: State  # the state read at the last multiple of ``every``; zeros before the first step
    # Steps since then, a float []: with whole numbers of an integer type in it, `jax.grad` refuses the state.
    count: jax.Array


def skip(cell: Cell, *, every: int) -> Cell:
    """Skip connection through time (S09): every so many steps, the state read last time round is added.

    With ``s_t`` what the inner cell's step t gives, ``r_t`` the state that it reads, ``k = every``, m = 1, 2, ...:
    ``r_0 = s_init``; ``r_t = s_{t−1} + r_{t−k}`` at ``t = m·k``; ``r_t = s_{t−1}`` elsewhere.

    A residual block of k steps in time: ``∂r_t/∂r_{t−k} = I + ∂s_{t−1}/∂r_{t−k}`` at ``t = m·k``, so the error has a
    path of length T/k on which it does not vanish. The price: what is read holds a sum of T/k states, of every part
    of the state (an LSTM's ``hidden`` and ``cell``), so it grows with time; in a gated cell that keeps its state,
    where ``s_{t−1}`` is near ``r_{t−k}`` already, it doubles at each skip.

    Params are the inner cell's, and so is the output. The state is a ``SkipState``; to start from ``s_init``, take
    ``cell.initial_state()._replace(inner=s_init)``. Steps are counted as they are taken: from the other end where
    ``unroll`` reads in reverse, and padding is not counted. The derivative of and by ``count`` is 0.

    Raises:
      ValueError: ``every`` is not a positive whole number, or the cell holds a skip already.
    """
    check_size("every", every)
    every = int(every)
    leaves = jax.tree.leaves(jax.eval_shape(cell.initial_state), is_leaf=lambda node: isinstance(node, SkipState))
    if any(isinstance(leaf, SkipState) for leaf in leaves):
        raise ValueError("skip() cannot go round a cell that holds a skip: it would add up the counts of steps")

    def initial_state():
        state = cell.initial_state()
        return SkipState(state, jax.tree.map(jnp.zeros_like, state), jnp.zeros(()))

    def step(params, state, x):
        count = jnp.round(state.count)  # of derivative 0
        due = count == 0

        def if_due(new, old):
            return jax.tree.map(lambda new, old: jnp.where(due, new, old), new, old)

        read = if_due(jax.tree.map(jnp.add, state.inner, state.anchor), state.inner)
        inner, output = cell.step(params, read, x)
        return SkipState(inner, if_due(read, state.anchor), jnp.mod(count + 1, every)), output

    return Cell(cell.init, initial_state, step)


class Tap(NamedTuple):
    """What is added at one step of a ``tapped`` cell; None adds nothing.

    Attributes:
      state: a tree like the cell's state.
      bias: a tree like the cell's params, of the leaves to add to alone: ``{"bias": [gates·hidden]}``; for a stack
        a tuple of such dicts, None for a layer left as it is.
    """

    state: State | None = None
    bias: Any = None


def tapped(cell: Cell) -> Cell:
    """A cell whose input is a pair ``(x [input], tap)``: the state and the biases are changed for one step.

    ``tap.state`` is added to the state that the step reads, ``tap.bias`` to the params of this step only. All
    else is the inner cell's. Over time, each leaf of the ``Tap`` has time leading; see ``unroll``.

    The purpose is the gradient of a loss by taps of zero, of every step in one backward pass: by ``state``, entry t
    is the error that reaches ``s_{t−1}`` through step t and what follows it (what the output of step t − 1 itself
    adds to the loss is not in it); by ``bias``, entry t is ``∂L/∂z_t``, z being the pre-activations. In padding, both
    are 0.

    A stack is tapped from outside, ``tapped(stacked(...))``: ``stacked`` and ``residual`` take cells whose input is
    one array.

    Raises:
      KeyError: on a step, if ``tap.bias`` names no leaf of the params.
      ValueError: on a step, if a tap's tree does not fit.
    """

    def step(params, state, x_tap):
        x, tap = x_tap
        if tap.state is not None:
            state = jax.tree.map(jnp.add, state, tap.state)
        return cell.step(_plus(params, tap.bias), state, x)

    return Cell(cell.init, cell.initial_state, step)


def _plus(params: Params, bias: Any) -> Params:
    """Params with ``bias`` added to the leaves that it has."""
    if bias is None:
        return params
    if isinstance(params, dict):
        return params | {name: params[name] + change for name, change in bias.items()}
    return tuple(_plus(layer, change) for layer, change in zip(params, bias, strict=True))
