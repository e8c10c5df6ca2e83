"""A cell over time. ``jax.lax.scan`` over a cell lives here and only here.

The contract on padding: past ``length`` the state is frozen and the output is exactly zero, whatever
the padding holds; a batch padded longer gives the same results to the bit.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.cells.base import Cell, Params, SplitStep, State
from rnn_research.lookup import lookup
from rnn_research.matmul import matmul, transposed


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
      inputs: ``[time, features]``; a batch is ``jax.vmap`` over this function. For a cell whose input is a tree
        of arrays, such a tree, time leading in each: ``[time, ...]``.
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
        unknown method, a negative ``remat_every``.
    """
    time = _time(inputs)
    if remat_every < 0:
        raise ValueError(f"remat_every must be 0 or more, not {remat_every}")
    state = cell.initial_state() if state is None else state
    if cell.over_time is not None and length is None and method == "scan":
        return _at_once(cell.over_time, params, state, inputs, reverse)
    if length is None:
        xs, step = inputs, lambda carry, x: cell.step(params, carry, x)
    else:
        valid = jnp.arange(time) < length
        xs, step = (inputs, valid), _masked(cell, params)
    run = lookup(METHODS, method, "method")
    return run(step, state, xs, reverse, remat_every)


def unroll_batch(
    cell: Cell,
    params: Params,
    inputs: jax.Array,
    state: State,
    *,
    starts: jax.Array | None = None,
    reverse: bool = False,
) -> tuple[State, jax.Array]:
    """Run a cell whose step is ``SplitStep`` over a batch of sequences; what ``unroll`` gives of each, up to rounding.

    What need not wait for the step before is done for all steps at once, in products of large matrices: forwards
    ``x_t W``; backwards ``∂L/∂W = Σ_t x_tᵀ δ_t`` and ``∂L/∂U = Σ_t h_{t−1}ᵀ δ_t``, ``δ_t`` being the errors that
    backpropagation through time (S06) brings to the products of step t. On a CPU, forwards and backwards, an LSTM of
    width 128 over inputs of width 64 took 0.7 of the time; over inputs of width 2 it took longer. ``jax.grad`` may be
    taken of it any number of times, ``jax.jvp`` may not.

    Args:
      cell, params: as for ``unroll``.
      inputs: ``[time, batch, features]``.
      state: the first state, leaves ``[batch, ...]``.
      starts: bool ``[time, batch]``, where the state is put back to ``cell.initial_state()`` before the step.
      reverse: read from the last step to the first.

    Returns:
      ``(final_state, outputs [time, batch, hidden])``.

    Raises:
      ValueError: a cell with another step.
    """
    if not isinstance(cell.step, SplitStep):
        raise ValueError("this cell is not made of two products; use jax.vmap over unroll")
    kernel, recurrent_kernel = params["input_kernel"], params["recurrent_kernel"]
    biases = {name: leaf for name, leaf in params.items() if "kernel" not in name}
    from_input = jnp.reshape(matmul(_rows(inputs), kernel), (*inputs.shape[:2], kernel.shape[1]))
    run = _staged(cell.step, cell.initial_state(), reverse)
    return run(biases, recurrent_kernel, from_input, starts, state)


def _staged(products: SplitStep, initial_state: State, reverse: bool) -> Callable:
    """``(biases, recurrent kernel, from_input, starts, state) -> (state, outputs)``."""
    first = jax.tree.map(lambda leaf: leaf[None], initial_state)
    pointwise = jax.vmap(products.pointwise, in_axes=(None, 0, 0, 0))
    # What follows from the rest by multiplying is computed again. To keep it too made the training of an LSTM of width
    # 128 4% slower (20 rounds, middle half 3 to 6%); to keep nothing, a GRU's a third.
    pointwise = jax.checkpoint(pointwise, policy=_is_not_product, prevent_cse=False)

    def put_back(state, start, first):
        if start is None:
            return state
        return jax.tree.map(lambda new, old: jnp.where(start[:, None], new, old), first, state)

    def forward(biases, kernel, from_input, starts, state):
        def step(state, x):
            from_input, start = x
            read = put_back(state, start, first)
            from_state = read.hidden @ kernel
            (state, output), back = jax.vjp(pointwise, biases, read, from_input, from_state)
            return state, (output, (start, read.hidden, back))

        state, (outputs, steps) = jax.lax.scan(step, state, (from_input, starts), reverse=reverse)
        return (state, outputs), (biases, kernel, steps)

    def backward(residuals, errors):
        biases, kernel, steps = residuals
        back_kernel = transposed(kernel)

        def step(carry, x):
            (of_state, of_biases), (of_output, (start, _, back)) = carry, x
            added, of_read, *of_products = back((of_state, of_output))
            of_read = of_read._replace(hidden=of_read.hidden + of_products[1] @ back_kernel)
            of_state = put_back(of_read, start, jax.tree.map(jnp.zeros_like, of_read))
            kept = of_products[:1] if products.adds else of_products
            return (of_state, jax.tree.map(jnp.add, of_biases, added)), kept

        last = errors[0], jax.tree.map(jnp.zeros_like, biases)
        (of_state, of_biases), of_products = jax.lax.scan(step, last, (errors[1], steps), reverse=not reverse)
        _, read, _ = steps
        return of_biases, transposed(_rows(read)) @ _rows(of_products[-1]), of_products[0], None, of_state

    run = jax.custom_vjp(lambda *args: forward(*args)[0])
    run.defvjp(forward, backward)
    return run


def _is_not_product(primitive, *_, **__) -> bool:
    return primitive.name not in ("mul", "sub", "neg", "square", "integer_pow")


def _rows(array: jax.Array) -> jax.Array:
    """``[time, batch, features] -> [time · batch, features]``."""
    return jnp.reshape(array, (-1, array.shape[-1]))


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
            raise ValueError(f"inputs must be [time, features], not shape {inputs.shape}; use jax.vmap for a batch")
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


def _masked(cell: Cell, params: Params) -> Callable:
    """A step that freezes the state and gives zeros where the step does not count."""

    def or_zero(valid, tree):
        # A zero of the leaf's own type: a plain 0 would make whole numbers of truth values.
        return jax.tree.map(lambda leaf: jnp.where(valid, leaf, jnp.zeros_like(leaf)), tree)

    def step(state, x_valid):
        x, valid = x_valid
        # Zeroed before the cell sees it: a NaN in the padding would pass `where` in the backward direction.
        new_state, output = cell.step(params, state, or_zero(valid, x))
        kept = jax.tree.map(lambda new, old: jnp.where(valid, new, old), new_state, state)
        return kept, or_zero(valid, output)

    return step


def _scan(step, state, xs, reverse, remat_every):
    if not remat_every:
        return jax.lax.scan(step, state, xs, reverse=reverse)
    return _remat_scan(step, state, xs, reverse, remat_every)


def _remat_scan(step, state, xs, reverse, every):
    """A scan over segments of ``every`` steps, each rematerialised; the remainder is the last segment read."""
    time = jax.tree.leaves(xs)[0].shape[0]
    whole = time - time % every

    @jax.checkpoint
    def segment(carry, part):
        return jax.lax.scan(step, carry, part, reverse=reverse)

    first = slice(time - whole, time) if reverse else slice(0, whole)
    rest = slice(0, time - whole) if reverse else slice(whole, time)
    segments = jax.tree.map(lambda a: a[first].reshape(whole // every, every, *a.shape[1:]), xs)
    state, parts = jax.lax.scan(segment, state, segments, reverse=reverse)
    outputs = [jax.tree.map(lambda a: a.reshape(whole, *a.shape[2:]), parts)]
    if time > whole:
        state, tail = segment(state, jax.tree.map(lambda a: a[rest], xs))
        outputs.insert(0 if reverse else 1, tail)
    return state, jax.tree.map(lambda *parts: jnp.concatenate(parts), *outputs)


def _loop(step, state, xs, reverse, remat_every):
    time = jax.tree.leaves(xs)[0].shape[0]
    if time == 0:
        return jax.lax.scan(step, state, xs)
    step = jax.checkpoint(step) if remat_every else step
    outputs = []
    for t in reversed(range(time)) if reverse else range(time):
        state, output = step(state, jax.tree.map(lambda a, t=t: a[t], xs))
        outputs.append(output)
    return state, jax.tree.map(lambda *steps: jnp.stack(steps), *(outputs[::-1] if reverse else outputs))


METHODS = {"scan": _scan, "loop": _loop}
