"""Means over the terms of a batch; terms of weight 0 are left out."""

from typing import Any

from rnn_research.tasks.base import Batch, Mean, Terms


def weighted(terms: Any, weights: Any) -> Mean:
    """Sum and weight of the terms that count, jax or NumPy; one of weight 0 may hold a NaN.

    Its gradient is zero only if the terms were made of masked outputs: 0 · NaN on the way back is NaN.
    """
    xp = terms.__array_namespace__()
    return Mean(xp.sum(xp.where(weights > 0, terms, 0) * weights), xp.sum(weights))


def squared_error(terms: Terms, batch: Batch) -> dict[str, Mean]:
    """The mean squared error, which is the loss."""
    error = weighted(terms.loss, terms.weight)
    return {"loss": error, "mse": error}


def classified(terms: Terms, batch: Batch) -> dict[str, Mean]:
    """Cross-entropy in nats, and accuracy."""
    return {
        "loss": weighted(terms.loss, terms.weight),
        "accuracy": weighted(terms.right.astype(terms.loss.dtype), terms.weight),
    }


def last_of(weights: Any) -> Any:
    """``[batch, time]``: the weights of the last step of each sequence that counts, 0 at all others."""
    xp = weights.__array_namespace__()
    later = xp.concat([weights[:, 1:], xp.zeros_like(weights[:, :1])], axis=1)
    return xp.where(later > 0, 0, weights)
