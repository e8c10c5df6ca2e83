"""The optax chain of a trial, with its continuous settings as traced values."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from rnn_research.cells import Params
from rnn_research.experiment.config import OptimizerConfig, TrialConfig


class Lane(NamedTuple):
    """What trials of one compiled program may differ in: scalars for one trial, arrays for a pack."""

    seed: jax.Array
    steps: jax.Array
    learning_rate: jax.Array
    clip_norm: jax.Array  # infinity: no clipping
    clip_value: jax.Array  # infinity: no clipping
    weight_decay: jax.Array
    init_scale: jax.Array
    dropout: jax.Array
    l2: jax.Array
    omega: jax.Array
    orthogonality: jax.Array


def lane_of(config: TrialConfig) -> Lane:
    """The lane of one trial, as NumPy scalars."""
    optimizer = config.optimizer
    values: list[Any] = [
        np.uint32(config.seed),
        np.int32(config.train.steps),
        np.float32(optimizer.learning_rate),
        np.float32(optimizer.clip_norm or np.inf),
        np.float32(optimizer.clip_value or np.inf),
        np.float32(optimizer.weight_decay),
        np.float32(config.model.init_scale),
        np.float32(config.model.dropout),
        np.float32(config.penalty.l2),
        np.float32(config.penalty.omega),
        np.float32(config.penalty.orthogonality),
    ]
    return Lane(*values)


def clip(gradients: Params, lane: Lane) -> Params:
    """Clipped by global norm, then by value (S07)."""
    chain = optax.chain(optax.clip_by_global_norm(lane.clip_norm), optax.clip(lane.clip_value))
    return chain.update(gradients, chain.init(gradients))[0]


def make_optimizer(config: OptimizerConfig, lane: Lane) -> optax.GradientTransformation:
    """Of clipped gradients: scale by the rule, decay weights, scale by the schedule."""
    return optax.chain(
        _rule(config),
        optax.add_decayed_weights(lane.weight_decay),
        optax.scale_by_learning_rate(lambda count: lane.learning_rate * schedule(config, count, lane.steps)),
    )


def _rule(config: OptimizerConfig) -> optax.GradientTransformation:
    if config.name == "adam":
        return optax.scale_by_adam()
    trace = optax.trace(decay=config.momentum) if config.momentum else optax.identity()
    if config.name == "rmsprop":
        return optax.chain(optax.scale_by_rms(decay=0.9), trace)
    return trace


def schedule(config: OptimizerConfig, count: Any, steps: jax.Array) -> jax.Array:
    """Share of the peak rate at update ``count`` of ``steps``; both may be traced, unlike optax's schedules."""
    done = count / steps
    rest = jnp.clip((done - config.warmup) / (1 - config.warmup), 0, 1)
    decay = {
        "constant": jnp.ones_like(rest),
        "linear": 1 - rest,
        "cosine": 0.5 * (1 + jnp.cos(jnp.pi * rest)),
        "stepped": config.factor ** jnp.maximum(jnp.floor(count * config.periods / steps) + 1 - config.hold, 0),
    }[config.schedule]
    if not config.warmup:
        return decay
    return decay * jnp.minimum((count + 1) / jnp.maximum(config.warmup * steps, 1), 1)
