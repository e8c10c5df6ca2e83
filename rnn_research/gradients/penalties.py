"""Penalties on a recurrent network's weights: L2, soft orthogonality, and the norm-preserving Ω of Pascanu et al."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.cells.base import Params
from rnn_research.cells.elman import ACTIVATIONS
from rnn_research.lookup import lookup


def weight_norm(params: Params) -> jax.Array:
    """L2: half the sum of squares of every kernel, a leaf whose name ends in ``kernel``; biases are left out.

    Args:
      params: any nesting of dicts and tuples.

    Returns:
      A scalar; 0 if there is no kernel.
    """
    kernels = [leaf for name, leaf in _named_leaves(params) if name.endswith("kernel")]
    return jnp.asarray(0.5 * sum((kernel**2).sum() for kernel in kernels))


def orthogonality(params: Params) -> jax.Array:
    """``Σ ‖UᵀU − I‖²_F`` over the recurrent kernels, each gate's by itself (Vorontsov et al. 2017, "On orthogonality
    and learning recurrent networks with long term dependencies").

    Args:
      params: any nesting of dicts and tuples; every leaf named ``recurrent_kernel`` is ``[hidden, gates·hidden]``,
        square blocks side by side.

    Returns:
      A scalar; 0 if there is no recurrent kernel.

    Raises:
      ValueError: a recurrent kernel that is not made of square blocks.
    """
    total = 0.0
    for name, leaf in _named_leaves(params):
        if name != "recurrent_kernel":
            continue
        if leaf.ndim != 2 or leaf.shape[1] % leaf.shape[0]:
            raise ValueError(f"recurrent_kernel must be [hidden, gates·hidden], not shape {leaf.shape}")
        hidden = leaf.shape[0]
        for u in jnp.split(leaf, leaf.shape[1] // hidden, axis=1):
            total += ((u.T @ u - jnp.eye(hidden, dtype=u.dtype)) ** 2).sum()
    return jnp.asarray(total)


def omega(
    recurrent_kernel: jax.Array,
    slopes: jax.Array,
    errors: jax.Array,
    valid: jax.Array | None = None,
    total: Callable[[jax.Array], Any] = lambda count: count,
) -> jax.Array:
    """Ω of Pascanu, Mikolov and Bengio 2013 (their eq. 9): each step back is to keep the error's norm.

    ``Ω = mean over k of (‖∂E/∂z_{k+1} · ∂z_{k+1}/∂z_k‖ / ‖∂E/∂z_{k+1}‖ − 1)²`` for the pre-activations
    ``z_{k+1} = f(z_k) U + x_{k+1} W + b`` of an Elman network, where a step back is
    ``e ↦ (e Uᵀ) ⊙ f'(z_k)``. As in the paper (their eq. 10), it is differentiated through the U that stands here only:
    slopes and errors are constants.

    The paper sums over k; this is the mean over the terms that count, one for each example and pair of steps, which is
    how the authors' published code weighs them (that code compares squared norms; this is the paper's ratio).

    Args:
      recurrent_kernel: U ``[hidden, hidden]``.
      slopes: ``f'(z_t)``, ``[time, batch, hidden]``; see ``elman_slopes``.
      errors: ``∂E/∂z_t``, ``[time, batch, hidden]``, of any scale. A step whose error is zero (below the smallest
        normal number), from which nothing is sent back, is left out.
      valid: ``[time, batch]``, False for padding, whatever it holds; a term counts if both its steps do.
      total: of a batch that devices share, ``(count) -> `` the terms that count on all of them.

    Returns:
      A scalar; 0 if no term counts. With ``total``, the sum of this device's terms over those of all.

    Raises:
      ValueError: slopes and errors of different or wrong shapes.
    """
    if errors.ndim != 3 or slopes.shape != errors.shape:
        raise ValueError(f"slopes and errors must be [time, batch, hidden], not {slopes.shape} and {errors.shape}")
    slopes, errors = jax.lax.stop_gradient((slopes[:-1], errors[1:]))
    largest = jnp.abs(errors).max(axis=-1)
    counts = ~(largest < jnp.finfo(errors.dtype).tiny)  # so written, a NaN counts and is seen
    if valid is not None:
        counts &= valid[:-1] & valid[1:]
    # Only the error's direction matters. By its largest entry first: squares overflow and underflow before entries do.
    errors = jnp.where(counts[..., None], errors / jnp.where(counts, largest, 1)[..., None], 0)
    directions = errors / jnp.where(counts, _norms(errors), 1)[..., None]
    slopes = jnp.where(counts[..., None], slopes, 0)
    ratios = _norms((directions @ recurrent_kernel.T) * slopes)
    return jnp.where(counts, (ratios - 1) ** 2, 0).sum() / jnp.maximum(total(counts.sum()), 1)


def elman_slopes(hidden: jax.Array, activation: str) -> jax.Array:
    """``f'(z)`` from ``hidden = f(z)``, elementwise.

    Args:
      hidden: any shape.
      activation: f: ``tanh``, ``sigmoid``, ``relu`` or ``linear``.

    Raises:
      ValueError: an unknown activation.
    """
    return lookup(ACTIVATIONS, activation, "activation").slope(hidden)


def _norms(vectors: jax.Array) -> jax.Array:
    """Euclidean norms over the last axis, of derivative 0 at 0."""
    squares = (vectors**2).sum(axis=-1)
    zero = squares == 0
    # Two wheres: the derivative of sqrt at 0 is infinite, and infinity times the outer where's 0 is NaN.
    return jnp.where(zero, 0, jnp.sqrt(jnp.where(zero, 1, squares)))


def _named_leaves(params: Params) -> list[tuple[str, Any]]:
    """Every leaf with its own name, the last part of its path."""
    leaves = jax.tree_util.tree_leaves_with_path(params)
    return [(jax.tree_util.keystr(path[-1:], simple=True), leaf) for path, leaf in leaves]
