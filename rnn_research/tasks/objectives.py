"""Losses and the metrics that go with them; terms of weight 0 are left out."""

import jax
import jax.numpy as jnp
import optax

from rnn_research.tasks.base import Batch, Mean


def weighted(terms: jax.Array, weights: jax.Array) -> Mean:
    """Sum and weight of the terms that count; one of weight 0 may hold a NaN.

    Its gradient is zero only if the terms were made of masked outputs: 0 · NaN on the way back is NaN.
    """
    return Mean(jnp.sum(jnp.where(weights > 0, terms, 0) * weights), jnp.sum(weights))


def regression(outputs: jax.Array, batch: Batch) -> dict[str, Mean]:
    """Mean squared error of one output: ``outputs [batch, 1]``, ``targets [batch]``."""
    difference = jnp.where(batch.weights > 0, outputs[..., 0] - batch.targets, 0)
    error = weighted(difference**2, batch.weights)
    return {"loss": error, "mse": error}


def classification(outputs: jax.Array, batch: Batch) -> dict[str, Mean]:
    """Cross-entropy in nats and accuracy: ``outputs [..., classes]`` are logits, ``targets [...]`` whole numbers."""
    outputs = jnp.where(batch.weights[..., None] > 0, outputs, 0)
    entropy = optax.losses.softmax_cross_entropy_with_integer_labels(outputs, batch.targets)
    right = jnp.argmax(outputs, axis=-1) == batch.targets
    return {
        "loss": weighted(entropy, batch.weights),
        "accuracy": weighted(right.astype(jnp.float32), batch.weights),
    }
