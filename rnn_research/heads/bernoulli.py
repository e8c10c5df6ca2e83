"""Switches: a dense layer, a sigmoid for each, and their cross-entropy."""

import jax
import jax.numpy as jnp
import optax

from rnn_research.experiment.config import ModelConfig
from rnn_research.heads.base import Head
from rnn_research.heads.dense import dense, init_dense, scored
from rnn_research.tasks.base import Target, Terms


def bernoulli(config: ModelConfig, target: Target) -> Head:
    """``p = σ(x W + b)``, each of them alone; the loss of a term is
    ``−Σ_k y_k ln p_k + (1 − y_k) ln(1 − p_k)``, in nats.

    Targets are 0 or 1, ``[batch, size]`` or ``[batch, time, size]``; answers the likelier value of each, of that shape.
    An answer is right where all of it is.
    """

    def terms(params, read, batch, noise):
        counts = batch.weights[..., None] > 0
        outputs = jnp.where(counts, dense(params, scored(target, read)), 0)
        entropy = optax.losses.sigmoid_binary_cross_entropy(outputs, jnp.where(counts, batch.targets, 0))
        right = ((outputs > 0) == (batch.targets > 0)).all(axis=-1)
        return Terms(entropy.sum(axis=-1), batch.weights, right)

    def answer(params, read, batch):
        outputs = dense(params, scored(target, read))
        return (outputs > 0).astype(outputs.dtype)

    def draw(params, features, key, temperature):
        outputs = dense(params, features)
        return jax.random.bernoulli(key, jax.nn.sigmoid(outputs / temperature)).astype(outputs.dtype)

    return Head(init_dense(target.size, config), terms, answer, draw=draw if target.each_step else None)
