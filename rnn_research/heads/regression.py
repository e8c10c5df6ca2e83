"""Numbers: a dense layer and the squared error."""

import jax
import jax.numpy as jnp

from rnn_research.experiment.config import ModelConfig
from rnn_research.heads.base import Head
from rnn_research.heads.dense import dense, init_dense, scored
from rnn_research.tasks.base import Target, Terms


def regression(config: ModelConfig, target: Target) -> Head:
    """``ŷ = x W + b``; the loss of a term is ``‖ŷ − y‖²`` over the numbers of the target.

    Targets are ``[batch]`` or ``[batch, time]`` for one number, else ``[..., size]``; answers have the targets' shape.
    """

    def answer(params, read, batch):
        outputs = dense(params, scored(target, read))
        return outputs[..., 0] if target.size == 1 else outputs

    def terms(params, read, batch, noise):
        outputs = answer(params, read, batch)
        weights = batch.weights if target.size == 1 else batch.weights[..., None]
        difference = jnp.where(weights > 0, outputs - batch.targets, 0)
        error: jax.Array = difference**2
        return Terms(error if target.size == 1 else error.sum(axis=-1), batch.weights)

    return Head(init_dense(target.size, config), terms, answer)
