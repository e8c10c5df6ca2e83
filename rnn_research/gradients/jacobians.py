"""Jacobians of a recurrent network's steps, their products over a span, and Lyapunov exponents.

A gradient goes back from step t to step k through ``∂s_t/∂s_k = J_t ··· J_{k+1}`` (S06): it vanishes or explodes as
that product does (Bengio et al. 1994; Pascanu et al. 2013).
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from rnn_research.cells.base import Cell, Params, State
from rnn_research.recurrence import unroll


class Product(NamedTuple):
    """A product of Jacobians, ``exp(log_scale) · matrix``."""

    matrix: jax.Array  # [..., size, size], of unit Frobenius norm; zeros if the product is exactly zero
    log_scale: jax.Array  # [...], natural log of the product's Frobenius norm; −inf if it is exactly zero


def step_jacobians(
    cell: Cell, params: Params, inputs: jax.Array, *, lengths: jax.Array | None = None, state: State | None = None
) -> jax.Array:
    """The Jacobian of every step, at the states that the network passes through.

    ``J_j = ∂s_j/∂s_{j−1}``, where s is the state flattened in the order of its leaves (LSTM: hidden, then cell).
    Call it inside ``jax.jit``, as ``unroll``.

    Args:
      cell: the cell.
      params: what ``cell.init`` gave.
      inputs: ``[batch, time, features]``.
      lengths: ``[batch]``, steps that count. The steps after them are padding: there the state is frozen, so the
        Jacobian is the identity, whatever the padding holds. All steps count if left out.
      state: the first states, leaves ``[batch, ...]``; ``cell.initial_state()`` if left out.

    Returns:
      ``[batch, time, size, size]``; row: component of ``s_j``, column: component of ``s_{j−1}``.

    Raises:
      ValueError: inputs that are not three-dimensional, lengths that are not ``[batch]``.
    """
    if inputs.ndim != 3:
        raise ValueError(f"inputs must be [batch, time, features], not shape {inputs.shape}")
    batch, time = inputs.shape[:2]
    lengths = jnp.full(batch, time) if lengths is None else jnp.asarray(lengths)
    if lengths.shape != (batch,):
        raise ValueError(f"lengths must be [batch], shape {(batch,)}, not {lengths.shape}")

    def record(params, state, x):
        return cell.step(params, state, x)[0], ravel_pytree(state)[0]

    def one_example(inputs, length, state):
        first, unravel = ravel_pytree(state)

        def flat_step(s, x):
            return ravel_pytree(cell.step(params, unravel(s), x)[0])[0]

        _, before = unroll(cell._replace(step=record, over_time=None), params, inputs, state, length=length)
        valid = jnp.arange(time) < length
        # Padding is zeroed before the step sees it, so that no NaN reaches a derivative of the Jacobians.
        jacobians = jax.vmap(jax.jacfwd(flat_step))(before, jnp.where(valid[:, None], inputs, 0))
        return jnp.where(valid[:, None, None], jacobians, jnp.eye(first.size, dtype=jacobians.dtype)[None])

    # Without this a GPU rounds the factors of a float32 product to ten bits.
    with jax.default_matmul_precision("highest"):
        if state is None:
            return jax.vmap(one_example, in_axes=(0, 0, None))(inputs, lengths, cell.initial_state())
        return jax.vmap(one_example)(inputs, lengths, state)


def singular_values(jacobians: jax.Array) -> jax.Array:
    """``[..., size, size] -> [..., size]``, descending; NaN for a matrix that is not finite.

    Raises:
      ValueError: matrices that are not square.
    """
    _check_stack(jacobians, 2)
    finite = _finite(jacobians)
    values = jnp.linalg.svd(jnp.where(finite[..., None, None], jacobians, 0), compute_uv=False)
    return jnp.where(finite[..., None], values, jnp.nan)


def spectral_norms(jacobians: jax.Array) -> jax.Array:
    """The largest singular values, ``[..., size, size] -> [...]``; a matrix with an infinite entry gives inf, one with
    a NaN gives NaN.

    Raises:
      ValueError: matrices that are not square.
    """
    values = singular_values(jacobians)[..., 0]
    return jnp.where(_finite(jacobians), values, jnp.abs(jacobians).max(axis=(-2, -1)))


def product(jacobians: jax.Array, first: int, last: int) -> Product:
    """``J_last ··· J_first = ∂s_last/∂s_{first−1}``.

    Args:
      jacobians: ``[..., time, size, size]``: a batch, or one example.
      first, last: the span's ends, both in it, counted from 0.

    Returns:
      The product in two parts, renormalised at every step: any span, without overflow or underflow.

    Raises:
      ValueError: jacobians of another shape, a span that is empty or outside the steps.
    """
    _check_stack(jacobians, 3)
    time = jacobians.shape[-3]
    if not 0 <= first <= last < time:
        raise ValueError(f"steps {first} to {last} are not a span of the {time} steps 0 to {time - 1}")
    matrices, log_scales = _running_products(jacobians[..., first : last + 1, :, :])
    return Product(matrices[-1], log_scales[-1])


def log_product_norms(jacobians: jax.Array) -> jax.Array:
    """``log ‖∂s_t/∂s_0‖ = log ‖J_t ··· J_1‖`` for every t.

    Args:
      jacobians: ``[..., time, size, size]``.

    Returns:
      ``[..., time]``, natural logs of spectral norms: −inf where the product is exactly zero, inf or NaN from the
      step on at which a Jacobian holds either.

    Raises:
      ValueError: jacobians of another shape.
    """
    _check_stack(jacobians, 3)
    matrices, log_scales = _running_products(jacobians)
    return jnp.moveaxis(log_scales + jnp.log(spectral_norms(matrices)), 0, -1)


def lyapunov_exponents(jacobians: jax.Array) -> jax.Array:
    """Finite-time Lyapunov exponents, by repeated QR decomposition (Benettin et al. 1980; for recurrent networks,
    Engelken et al. 2023).

    ``Q_0 = I``, ``Q_t R_t = J_t Q_{t−1}``, ``λ_i = (1/T) Σ_t log |(R_t)_ii|``. Their sum is the mean of
    ``log |det J_t|``; each differs from its limit by a term that shrinks as 1/T. Padded steps count in T.

    Args:
      jacobians: ``[..., time, size, size]``, at least one step.

    Returns:
      ``[..., size]``, nats per step, descending; −inf for a direction that is lost.

    Raises:
      ValueError: jacobians of another shape, or no steps.
    """
    _check_stack(jacobians, 3)
    if jacobians.shape[-3] == 0:
        raise ValueError("Lyapunov exponents need at least one step")

    stretches = jax.lax.scan(_qr_step, _identities(jacobians), jnp.moveaxis(jacobians, -3, 0))[1]
    return jnp.sort(stretches.mean(axis=0), axis=-1, descending=True)


def _running_products(jacobians: jax.Array) -> Product:
    """``J_t ··· J_1`` for every t, time as the leading axis."""
    _, (matrices, log_norms) = jax.lax.scan(_product_step, _identities(jacobians), jnp.moveaxis(jacobians, -3, 0))
    # Summed outside the scan: a cumulative sum rounds less than a running one.
    return Product(matrices, jnp.cumsum(log_norms, axis=0))


def _product_step(running: jax.Array, jacobian: jax.Array):
    matrix, log_norm = _normalised(jnp.matmul(jacobian, running, precision="highest"))
    return matrix, (matrix, log_norm)


def _qr_step(q: jax.Array, jacobian: jax.Array):
    q, r = jnp.linalg.qr(jnp.matmul(jacobian, q, precision="highest"))
    return q, jnp.log(jnp.abs(jnp.diagonal(r, axis1=-2, axis2=-1)))


def _normalised(matrices: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Matrices of unit Frobenius norm and the logs of their norms; zero and non-finite matrices stay as they are."""
    largest = jnp.abs(matrices).max(axis=(-2, -1), keepdims=True)
    divisible = jnp.isfinite(largest) & (largest > 0)
    # By the largest entry first: the square of an entry may overflow or underflow where the entry does not.
    scaled = matrices / jnp.where(divisible, largest, 1)
    norms = jnp.where(divisible, jnp.linalg.norm(scaled, axis=(-2, -1), keepdims=True), 1)
    return scaled / norms, (jnp.log(largest) + jnp.log(norms))[..., 0, 0]


def _identities(jacobians: jax.Array) -> jax.Array:
    """``[..., time, size, size] -> [..., size, size]``."""
    size = jacobians.shape[-1]
    return jnp.broadcast_to(jnp.eye(size, dtype=jacobians.dtype), (*jacobians.shape[:-3], size, size))


def _finite(matrices: jax.Array) -> jax.Array:
    return jnp.isfinite(matrices).all(axis=(-2, -1))


def _check_stack(jacobians: jax.Array, dimensions: int) -> None:
    """Refuse what is not a stack of square matrices of at least so many dimensions."""
    if jacobians.ndim < dimensions or jacobians.shape[-1] != jacobians.shape[-2]:
        form = "[..., size, size]" if dimensions == 2 else "[..., time, size, size]"
        raise ValueError(f"jacobians must be {form}, not shape {jacobians.shape}")
