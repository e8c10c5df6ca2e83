"""Numbers between 0 and 1: a dense layer, the logistic function, and the squared error."""

import jax
import jax.numpy as jnp

from rnn_research.experiment.config import ModelConfig
from rnn_research.heads.base import Head
from rnn_research.heads.dense import dense, init_dense, scored
from rnn_research.tasks.base import Target, Terms


def sigmoid_regression(config: ModelConfig, target: Target) -> Head:
    """``ŷ = σ(x W + b)``; the loss of a term is ``(ŷ − y)²``, for one number.

    Targets are ``[batch]`` or ``[batch, time]``; answers have the targets' shape.

    Raises:
      ValueError: a target of more numbers than one.
    """
    if target.size != 1:
        raise ValueError(f"sigmoid_regression gives one number, not {target.size}")

    def before(params, read):
        return dense(params, scored(target, read))[..., 0]

    def answer(params, read, batch):
        return jax.nn.sigmoid(before(params, read))

    def terms(params, read, batch, noise):
        counts = batch.weights > 0
        # Masked before the logistic function, whose slope at a NaN is one.
        outputs = jax.nn.sigmoid(jnp.where(counts, before(params, read), 0))
        return Terms(jnp.where(counts, outputs - batch.targets, 0) ** 2, batch.weights)

    return Head(init_dense(1, config), terms, answer)
