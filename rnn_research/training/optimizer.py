"""The optax chain of a trial, with its continuous settings as traced values."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from rnn_research.cells import Params
from rnn_research.experiment.config import OptimizerConfig
from rnn_research.training.traced import Traced


def clip_limits(traced: Traced) -> tuple[jax.Array, jax.Array]:
    """The largest global norm and the largest component; infinity where nothing is clipped."""
    norm, value = traced["optimizer.clip_norm"], traced["optimizer.clip_value"]
    return jnp.where(norm > 0, norm, jnp.inf), jnp.where(value > 0, value, jnp.inf)


def clip(gradients: Params, traced: Traced) -> Params:
    """Clipped by global norm, then by value (S07)."""
    norm, value = clip_limits(traced)
    chain = optax.chain(optax.clip_by_global_norm(norm), optax.clip(value))
    return chain.update(gradients, chain.init(gradients))[0]


def make_optimizer(config: OptimizerConfig, traced: Traced) -> optax.GradientTransformation:
    """Of clipped gradients: scale by the rule, decay weights, scale by the schedule."""
    rate = traced["optimizer.learning_rate"]
    return optax.chain(
        _rule(config),
        optax.add_decayed_weights(traced["optimizer.weight_decay"]),
        optax.scale_by_learning_rate(lambda count: rate * schedule(config, count, traced["train.steps"])),
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
