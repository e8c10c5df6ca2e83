"""How much of an error reaches an earlier step: norms of the gradients with respect to states (S29)."""

from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.cells.base import Cell, Params, State
from rnn_research.recurrence import unroll

# Losses that are sent back side by side, in one product for each step: as many as keep their errors, of so many floats,
# in a core's cache; not fewer than eight, as the step itself is computed once more for each block; not more than a
# quarter of all, or much of the work would be done for the idle half of the triangle.
BLOCK_FLOATS, LEAST_BLOCK, LEAST_BLOCKS = 2**14, 8, 4


class GradientNorms(NamedTuple):
    """Euclidean norms, float, of the gradients of the loss at step t.

    With ``at`` there is one loss: ``[batch]`` in the place of ``[batch, t]``, ``[batch, k]`` of ``[batch, t, k]``.

    Attributes:
      state: like the cell's state, each leaf ``[batch, t, k]``: ``‖∂L_t/∂s_k‖`` for k < t, ``s_k`` this part of the
        state after step k; 0 for k ≥ t.
      output: ``[batch, t]``: ``‖∂L_t/∂o_t‖``, the error where it arises.
      total: ``[batch, t, k]``: over all parts of the state together for k < t; ``output`` at k = t; 0 for k > t.
    """

    state: State
    output: jax.Array
    total: jax.Array


def vector_norm(x: jax.Array, axes: int | Sequence[int]) -> jax.Array:
    """Euclidean norm over some axes, whatever the magnitudes: no square overflows or vanishes on the way.

    ``‖x‖ = m √Σ(x/m)²`` with m the largest magnitude. Zero gives 0, an infinity inf, a NaN nan.

    Args:
      x: real or complex floats of any shape.
      axes: the axes to reduce.

    Returns:
      Real, the shape of ``x`` without ``axes``.
    """
    x = jnp.abs(x) if jnp.iscomplexobj(x) else x
    axes = (axes,) if isinstance(axes, int) else tuple(axes)
    tiny = jnp.finfo(x.dtype).tiny
    # Between powers of two whose reciprocals are normal numbers too: XLA divides by multiplying with those.
    scale = jnp.clip(jnp.max(jnp.abs(x), axes, keepdims=True, initial=0), tiny, 1 / tiny)
    return jnp.squeeze(scale * jnp.sqrt(jnp.sum(jnp.square(x / scale), axes, keepdims=True)), axes)


def gradient_norms(
    cell: Cell,
    params: Params,
    inputs: jax.Array,
    loss: Callable[..., jax.Array],
    targets: jax.Array | None = None,
    *,
    at: int | None = None,
    lengths: jax.Array | None = None,
) -> GradientNorms:
    """Norm of the error that the loss at step t sends back to the state at every earlier step k (S29).

    ``∂L_t/∂s_k = (∂s_{k+1}/∂s_k)ᵀ ··· (∂s_{t−1}/∂s_{t−2})ᵀ ∂L_t/∂s_{t−1}`` for k < t: it vanishes or explodes with
    t − k as the Jacobians shrink or stretch it (Bengio et al. 1994; Pascanu et al. 2013).

    A norm beyond the range of floats is inf, below it 0; on the way the error is kept in range, so a norm that comes
    back is right. A loss that is NaN gives nan, never 0.

    Call it inside ``jax.jit``: outside, every call compiles its loops again. One loss costs about as much as one
    parameter gradient. All losses cost, for each step, the product of its Jacobian with time/2 vectors: measured on a
    CPU over 128 steps, 9 to 17 parameter gradients at width 128 and up to 25 at width 16; and memory for a few arrays
    ``[batch, time, time]``.

    Args:
      cell: the cell; parts of its state that are not floats (a counter, a key) have no gradient: 0.
      params: what ``cell.init`` gave.
      inputs: ``[batch, time, features]``.
      loss: ``L_t = loss(o_t)``, or ``loss(o_t, target_t)`` with targets; ``o_t [hidden]`` is the output of step t.
      targets: ``[batch, time, ...]``.
      at: the losses of all steps if left out; else of this step only, 0 to time − 1, or, below 0, counted back from
        each example's own end: −1 is its last step.
      lengths: ``[batch]``, the steps of each example; the rest is padding, whose losses give 0 whatever it holds,
        as does a step that an example lacks. All count if left out.

    Returns:
      Norms for every example, loss step and earlier step.

    Raises:
      ValueError: inputs, targets or lengths of other shapes, ``at`` out of range, a loss that is no real scalar, a
        cell without a float in its state.
    """
    _check_shapes(inputs, targets, at, lengths)
    batch, time = inputs.shape[:2]
    lengths = jnp.full(batch, time) if lengths is None else jnp.minimum(jnp.asarray(lengths), time)
    before, outputs = _run(cell, params, inputs)
    xs, ys = jax.tree.map(lambda a: jnp.swapaxes(a, 0, 1), (inputs, () if targets is None else (targets,)))
    _check_scalar(loss, jax.tree.map(lambda a: a[0, 0], (outputs, *ys)))
    if not _floats(before):
        raise ValueError("the cell's state has no float, so no gradient")

    if at is None:
        steps = jnp.broadcast_to(jnp.arange(time)[:, None], (time, batch))
    else:
        steps = (jnp.full(batch, at) if at >= 0 else lengths + at)[None]
    steps = jnp.where(steps < lengths[None], steps, -1)  # [losses, batch]; below 0: none

    # A step below 0 reads some other; what it gives is masked below, as is all that padding gives.
    state, output, x, y = jax.tree.map(lambda a: a[steps, jnp.arange(batch)[None]], (before, outputs, xs, ys))
    value, error = jax.vmap(jax.vmap(jax.value_and_grad(loss)))(output, *y)
    sent = jax.vmap(jax.vmap(_through_output(cell, params)))(state, x, error)
    parts = _send_back(cell, params, xs, before, steps, sent)

    def only(there, norms):
        # The derivative of relu, or of a max, is 0 at NaN: but a loss that is NaN has none.
        lost = jnp.isnan(value.T).reshape(batch, -1, *[1] * (norms.ndim - 2)) & (norms == 0)
        return jnp.where(there, jnp.where(lost, jnp.nan, norms), 0)

    steps, k = steps.T, jnp.arange(time)[None, None]
    error = only(steps >= 0, vector_norm(error, -1).T)
    parts = [only(k < steps[:, :, None], part) for part in parts]
    total = jnp.where(k == steps[:, :, None], error[:, :, None], vector_norm(jnp.stack(parts, -1), -1))
    named = iter(parts)
    state = jax.tree.map(lambda leaf: next(named) if _is_float(leaf) else jnp.zeros_like(total), before)
    norms = GradientNorms(state, error, total)
    return norms if at is None else jax.tree.map(lambda a: a[:, 0], norms)


def _run(cell: Cell, params: Params, inputs: jax.Array) -> tuple[State, jax.Array]:
    """The state that each step reads, and its output: ``[time, batch, ...]``."""

    def step(params, state, x):
        new_state, output = cell.step(params, state, x)
        return new_state, (state, output)

    recording = cell._replace(step=step, over_time=None)
    return jax.vmap(lambda example: unroll(recording, params, example)[1], out_axes=1)(inputs)


def _through_output(cell: Cell, params: Params) -> Callable:
    """``(state, x, error) -> ∂L_t/∂s_{t−1}``, the floats of it; the one way there is through the output of step t."""

    def sent(state, x, error):
        _, pull = jax.vjp(lambda floats: cell.step(params, _with_floats(state, floats), x)[1], _floats(state))
        return pull(error)[0]

    return sent


def _send_back(
    cell: Cell, params: Params, xs: jax.Array, before: State, steps: jax.Array, sent: list[jax.Array]
) -> list[jax.Array]:
    """Norms ``[batch, losses, k]`` of the errors of all losses at the state after every step k.

    Args:
      steps: ``[losses, batch]``, the step of each loss, below 0 for none.
      sent: for each part of the state ``[losses, batch, ...]``, what a loss sends to the state its step reads.
    """
    time = xs.shape[0]
    losses, batch = steps.shape
    floats = sum(part[0].size for part in sent)
    size = min(losses, max(LEAST_BLOCK, min(BLOCK_FLOATS // floats, losses // LEAST_BLOCKS)))

    def blocks(a, filler):
        a = jnp.pad(a, [(0, -losses % size), *[(0, 0)] * (a.ndim - 1)], constant_values=filler)
        return a.reshape(-1, size, *a.shape[1:])

    def state_after(floats, state, x):
        return _floats(cell.step(params, _with_floats(state, floats), x)[0])

    def one_block(block):
        steps, sent = block

        def step_back(passed, carry):
            errors, exponent, norms = carry  # the true errors are these, times two to the exponent
            j = last - passed
            state, x = jax.tree.map(lambda a: a[j], (before, xs))
            _, pull = jax.vjp(lambda floats: jax.vmap(state_after)(floats, state, x), _floats(state))
            pulled = jax.vmap(pull)(errors)[0]
            # A loss comes in at its own step, by selection: later steps may have made NaN of the 0 in its place, though
            # no exponent.
            own = steps == j
            errors = [jnp.where(_like(own, new), new, old) for new, old in zip(sent, pulled, strict=True)]
            here = [vector_norm(part, range(2, part.ndim)) for part in errors]
            norms = [of.at[j - 1].set(jnp.ldexp(norm, exponent)) for of, norm in zip(norms, here, strict=True)]
            # Kept near 1: out of range, inf times 0 would give NaN, and 0 would stay 0 should it grow again.
            shift = jnp.clip(jnp.frexp(jnp.stack(here).max(axis=0))[1], -limit, limit)
            unit = jnp.ldexp(jnp.ones(shift.shape, here[0].dtype), -shift)
            errors = [(part * _like(unit, part)).astype(part.dtype) for part in errors]
            return errors, exponent + shift, norms

        last = steps.max()
        limit = -int(jnp.finfo(jnp.result_type(*sent)).minexp)
        errors = [jnp.zeros_like(part) for part in sent]
        norms = [jnp.zeros((time, size, batch), jnp.finfo(part.dtype).dtype) for part in sent]
        start = errors, jnp.zeros((size, batch), jnp.int32), norms
        return jax.lax.fori_loop(0, last, step_back, start)[2]

    # Blocks one after the other, each from its last loss down to step 1; [blocks, k, size, batch].
    norms = jax.lax.map(one_block, (blocks(steps, -1), [blocks(part, 0) for part in sent]))
    return [jnp.transpose(part, (3, 0, 2, 1)).reshape(batch, -1, time)[:, :losses] for part in norms]


def _floats(state: State) -> list[jax.Array]:
    return [leaf for leaf in jax.tree.leaves(state) if _is_float(leaf)]


def _with_floats(state: State, floats: list[jax.Array]) -> State:
    """The state with other values in the place of its floats."""
    values = iter(floats)
    return jax.tree.map(lambda leaf: next(values) if _is_float(leaf) else leaf, state)


def _is_float(leaf: jax.Array) -> bool:
    return jnp.issubdtype(leaf.dtype, jnp.inexact)


def _like(mask: jax.Array, a: jax.Array) -> jax.Array:
    return mask.reshape(mask.shape + (1,) * (a.ndim - mask.ndim))


def _check_shapes(inputs: jax.Array, targets: Any, at: Any, lengths: Any) -> None:
    if inputs.ndim != 3 or 0 in inputs.shape[:2]:
        raise ValueError(f"inputs must be [batch, time, features], at least one of each, not shape {inputs.shape}")
    batch, time, _ = inputs.shape
    for leaf in jax.tree.leaves(targets):
        if leaf.shape[:2] != (batch, time):
            raise ValueError(f"targets must be [batch, time, ...], beginning with {(batch, time)}, not {leaf.shape}")
    if lengths is not None and jnp.shape(lengths) != (batch,):
        raise ValueError(f"lengths must be [batch], shape {(batch,)}, not {jnp.shape(lengths)}")
    whole = isinstance(at, Integral) and not isinstance(at, bool)
    if at is not None and not (whole and -time <= int(at) < time):
        raise ValueError(f"at must be a whole number from {-time} to {time - 1}, not {at!r}")


def _check_scalar(loss: Callable, arguments: tuple) -> None:
    result = jax.eval_shape(loss, *arguments)
    single = isinstance(result, jax.ShapeDtypeStruct)
    if not single or result.shape or not jnp.issubdtype(result.dtype, jnp.floating):
        got = f"shape {result.shape} of {result.dtype}" if single else type(result).__name__
        raise ValueError(f"loss must give a real scalar for the output of one step, not {got}")
