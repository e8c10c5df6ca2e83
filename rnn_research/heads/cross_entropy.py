"""The cross-entropy of a large softmax, without the softmax (S05, S19)."""

import jax
import jax.numpy as jnp

from rnn_research.matmul import transposed


@jax.custom_vjp
def cross_entropy(features: jax.Array, kernel: jax.Array, bias: jax.Array, ids: jax.Array) -> jax.Array:
    """``−ln softmax(x_n W + b)[ids_n]`` in nats, ``[n]``.

    With ``e_n = exp(x_n W + b − max)`` and ``s_n = Σ e_n``, the errors ``e_n / s_n − onehot(ids_n)`` are never formed:
    ``∂/∂W = Σ_n (x_n / s_n)ᵀ e_n``, less ``x_n`` from the columns ``ids_n``, and so on. On a CPU that made a training
    step on 10,000 words 8% faster.

    Args:
      features: ``[n, width]``.
      kernel, bias: ``[width, vocabulary]``, ``[vocabulary]``.
      ids: ``[n]``, below ``vocabulary``.
    """
    return _forward(features, kernel, bias, ids)[0]


def _forward(features, kernel, bias, ids):
    logits = features @ kernel
    largest = jnp.max(logits + bias[None], axis=-1)
    own = jnp.take_along_axis(logits, ids[:, None], axis=-1)[:, 0] + bias[ids]
    # Apart, so that XLA adds the bias in passing, once for each reader, and writes no sums.
    logits, largest, bias = jax.lax.optimization_barrier((logits, largest, bias))
    exponentials = jnp.exp(logits + bias[None] - largest[:, None])
    sums = jnp.sum(exponentials, axis=-1)
    nats = jnp.log(sums) + largest - own
    return nats, (features, kernel, exponentials, sums, ids)


def _backward(kept, errors):
    features, kernel, exponentials, sums, ids = kept
    weights = errors / sums
    of_features = (exponentials @ kernel.T) * weights[:, None] - kernel[:, ids].T * errors[:, None]
    of_kernel = transposed(features * weights[:, None]) @ exponentials
    of_kernel = of_kernel.at[:, ids].add(-(features * errors[:, None]).T)
    of_bias = (weights @ exponentials).at[ids].add(-errors)
    return of_features, of_kernel, of_bias, None


cross_entropy.defvjp(_forward, _backward)
