"""The optax chain of a trial, with its continuous settings as traced values."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax

from rnn_research.cells import Params
from rnn_research.experiment.config import OptimizerConfig
from rnn_research.training.traced import Traced

# Powers of two, so that multiplying by them rounds nothing.
SMALL, LARGE = 2.0**-80, 2.0**80
LEAST, MOST = 2.0**-50, 2.0**50  # of the largest entry: float32 holds its square, and the sum of as many as there are


def clip_limits(traced: Traced) -> tuple[jax.Array, jax.Array]:
    """The largest global norm and the largest component; infinity where nothing is clipped."""
    norm, value = traced["optimizer.clip_norm"], traced["optimizer.clip_value"]
    return jnp.where(norm > 0, norm, jnp.inf), jnp.where(value > 0, value, jnp.inf)


def scaled_norms(trees: Sequence[Any]) -> tuple[jax.Array, jax.Array]:
    """``(scales [n], norms [n])`` of ``n`` trees: ``norm = ‖scale · tree‖``, which overflows only for what holds an
    infinity, and is 0 only where all is; numbers under 1e-38 count as 0.

    A scale is a power of two, and 1 wherever float32 can hold the squares (it loses them from entries of 1e19 on, and
    under 1e-19), so that ordinary norms keep their bits; ``gradients.vector_norm`` divides by the largest entry. To
    look for the largest is another pass over all parameters: it is made only if one of the trees needs it.
    """
    plain = jnp.stack([optax.tree.norm(tree) for tree in trees])
    ordinary = (jnp.isfinite(plain) & (plain >= LEAST)).all()

    def by_largest():
        peaks = jnp.stack([optax.tree.norm(tree, ord=jnp.inf) for tree in trees])
        scales = jnp.where(peaks < LEAST, LARGE, jnp.where(peaks > MOST, SMALL, 1.0))
        return scales, jnp.stack(
            [optax.tree.norm(scaled(tree, scale)) for tree, scale in zip(trees, scales, strict=True)]
        )

    return jax.lax.cond(ordinary, lambda: (jnp.ones_like(plain), plain), by_largest)


def norm_of(tree: Any) -> jax.Array:
    """``‖tree‖``; infinite where it is above what float32 holds."""
    (scale,), (norm,) = scaled_norms([tree])
    return norm / scale


def scaled(tree: Any, scale: jax.Array) -> Any:
    """Every entry times the scale."""
    return jax.tree.map(lambda leaf: scale * leaf, tree)


def clip(gradients: Params, traced: Traced, scale: jax.Array, norm: jax.Array) -> Params:
    """Clipped by global norm, then by value (S07); the scale and norm are of all gradients, by ``scaled_norms``.

    Finite gradients stay finite, with their direction, whatever their norm. An infinite component has no direction, so
    the norm's limit makes it NaN; without that, the value's limit holds for it too. NaN stays NaN.
    """
    largest_norm, largest_value = clip_limits(traced)
    keep = (norm / scale < largest_norm) | jnp.isinf(largest_norm)

    def clipped(leaf):
        short = jnp.where(keep, leaf, scale * leaf / norm * largest_norm)
        return jnp.clip(short, -largest_value, largest_value)

    return jax.tree.map(clipped, gradients)


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
