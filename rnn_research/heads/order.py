"""Answers that keep the order which a target's scheme of labels asks for."""

import jax
import jax.numpy as jnp

from rnn_research.data.spans import order_of
from rnn_research.heads.chain import Chain
from rnn_research.tasks.base import Batch, Target


def restricted(target: Target, scheme: str) -> Chain | None:
    """A chain whose scores are 0 for what the scheme of a target's names allows, −∞ for what it forbids; None where
    there is no scheme.

    Raises:
      ValueError: a target whose names are not of its scheme, or that has one output for the sequence.
    """
    if not scheme:
        return None
    if not target.each_step:
        raise ValueError("a scheme of labels needs a target with an output at every step")
    allowed = order_of(target.names, scheme)
    return Chain(*(jnp.where(jnp.asarray(leaf), 0.0, -jnp.inf) for leaf in allowed))


def counted(scores: jax.Array, batch: Batch) -> jax.Array:
    """The steps that ``batch.lengths`` counts, bool, of the leading axes of ``scores [batch, time, labels]``."""
    steps = jnp.arange(scores.shape[1])[None]
    lengths = jnp.full(len(scores), scores.shape[1]) if batch.lengths is None else batch.lengths
    return steps < lengths[:, None]
