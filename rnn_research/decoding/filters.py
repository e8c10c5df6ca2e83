"""Which tokens may be drawn: the k likeliest, or the likeliest that together are likely enough.

A sort of V = 33,000 logits costs half a second for 64 rows on two CPU cores, so the nucleus is found without one, by
bisection: about 30 sums over the row, which are a twentieth of that.
"""

from functools import partial
from numbers import Integral

import jax
import jax.numpy as jnp
import numpy as np


def keep(logits: jax.Array, top_k: int = 0, top_p: float = 1.0) -> jax.Array:
    """The logits with −inf outside the ``top_k`` likeliest tokens, then outside the nucleus of what is left.

    The nucleus is the smallest set of likeliest tokens whose probability, over those left, is at least ``top_p``
    (Holtzman et al. 2020); it holds at least one. Of tokens as likely as each other the lower ids come first, so
    exactly ``top_k`` are kept. Divide by the temperature before. Probabilities are compared in float32.

    Args:
      logits: ``[..., V]``.
      top_k: tokens to keep; 0, or V and more, keeps all.
      top_p: probability to keep; 1 keeps all.

    Returns:
      ``[..., V]`` float32.

    Raises:
      ValueError: ``top_k`` that is not 0 or a positive whole number, ``top_p`` that is not above 0 and at most 1.
    """
    check_filters(top_k, top_p)
    logits = jnp.asarray(logits, jnp.float32)
    top_k = int(top_k) if top_k < logits.shape[-1] else 0
    return _keep(logits, np.float32(top_p), top_k=top_k, cut=top_p < 1)


@partial(jax.jit, static_argnames=("top_k", "cut"))
def _keep(logits, top_p, *, top_k, cut):
    if top_k:
        # The lowest that is kept, and of those equal to it the last: ``top_k`` puts the lower ids first. It tells −0
        # from 0, which ``==`` does not.
        logits = jnp.where(logits == 0, 0.0, logits)
        values, ids = jax.lax.top_k(logits, top_k)
        lowest, last = values[..., -1:], ids[..., -1:]
        places = jax.lax.broadcasted_iota(jnp.int32, logits.shape, logits.ndim - 1)
        kept = (logits > lowest) | ((logits == lowest) & (places <= last))
        logits = jnp.where(kept, logits, -jnp.inf)
    if cut:
        weights = jnp.exp(logits - jnp.max(logits, axis=-1, keepdims=True))
        logits = jnp.where(nucleus(weights, top_p), logits, -jnp.inf)
    return logits


def nucleus(weights: jax.Array, top_p: jax.Array | float) -> jax.Array:
    """Whether a token is one of the fewest likeliest that hold ``top_p`` of the weight, ``[..., V]`` bool.

    Args:
      weights: ``[..., V]`` float32, probabilities divided by the largest of them, which is 1.
    """
    rows = weights.reshape(-1, weights.shape[-1])
    # A few rows at a time: all sums over them find them in the processor's cache.
    inside = jax.lax.map(lambda row: _nucleus(row, top_p), rows, batch_size=min(4, len(rows)))
    return inside.reshape(weights.shape)


def _nucleus(weights: jax.Array, top_p: jax.Array | float) -> jax.Array:
    """``nucleus`` of one row, ``[V]``."""
    target = top_p * jnp.sum(weights)

    def mass(inside):
        return jnp.sum(jnp.where(inside, weights, 0))

    def halve(_, bounds):
        low, high = bounds
        middle = low + (high - low) // 2
        enough = mass(weights >= _float(middle)) >= target
        return jnp.where(enough, middle, low), jnp.where(enough, high, middle)

    # The least weight kept is the largest with enough at or above it. Of floats that are not negative the larger has
    # the larger bits, and those of 1 are below 2^30: 30 halvings.
    one = jax.lax.bitcast_convert_type(jnp.float32(1), jnp.int32)
    least = _float(jax.lax.fori_loop(0, 30, halve, (jnp.int32(0), one + 1))[0])

    # Of those of that very weight, the last id that is kept. Mostly there is one, and nothing to search for.
    ids = jnp.arange(weights.size, dtype=jnp.int32)
    equal = weights == least
    missing = target - mass(weights > least)

    def undecided(bounds):
        first, last = bounds
        return first < last

    def halve_ids(bounds):
        first, last = bounds
        middle = (first + last) // 2
        enough = mass(equal & (ids <= middle)) >= missing
        return jnp.where(enough, first, middle + 1), jnp.where(enough, middle, last)

    first, last = jnp.min(jnp.where(equal, ids, ids.size)), jnp.max(jnp.where(equal, ids, -1))
    _, last = jax.lax.while_loop(undecided, halve_ids, (first, last))
    return (weights > least) | (equal & (ids <= last))


def check_filters(top_k: int, top_p: float) -> None:
    """Refuse what ``keep`` refuses."""
    if not isinstance(top_k, Integral) or isinstance(top_k, bool) or top_k < 0:
        raise ValueError(f"top_k must be 0 (off) or a positive whole number, not {top_k!r}")
    if not 0 < top_p <= 1:
        raise ValueError(f"top_p must be above 0 and at most 1 (off), not {top_p!r}")


def _float(bits: jax.Array) -> jax.Array:
    return jax.lax.bitcast_convert_type(bits, jnp.float32)
