"""The optax chain of a trial, with its continuous settings as traced values."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from rnn_research.cells import Params
from rnn_research.experiment.config import OptimizerConfig
from rnn_research.models.embedding import FROZEN
from rnn_research.training.traced import Traced

# Powers of two, so that multiplying by them rounds nothing.
SMALL, LARGE = 2.0**-80, 2.0**80
LEAST = 2.0**-50  # of a norm: under it, squares that matter are lost


class Norms(NamedTuple):
    """Of a tree and of its leaves.

    Attributes:
      scale: a power of two, 1 wherever float32 can hold the squares.
      scaled: ``‖scale · tree‖``, which overflows only for what holds an infinity, and is 0 only where all is.
      leaves: ``[leaves]``, each leaf's own, infinite where it is above what float32 holds.
    """

    scale: jax.Array
    scaled: jax.Array
    leaves: jax.Array

    @property
    def whole(self) -> jax.Array:
        """``‖tree‖``; infinite where it is above what float32 holds."""
        return self.scaled / self.scale


def norms(tree: Any) -> Norms:
    """Norms by squares wherever those fit into float32, which loses them from entries of 1e19 on and under 1e-19; else
    with a scale for every leaf, by what its squares came to. Numbers under 1e-38 count as 0.

    ``gradients.vector_norm`` divides by the largest entry always; that is another pass over all parameters.
    """
    leaves = jax.tree.leaves(tree)
    squares = jnp.stack([jnp.sum(jnp.square(leaf)) for leaf in leaves])
    plain = Norms(jnp.float32(1), jnp.sqrt(squares.sum()), jnp.sqrt(squares))

    def scaled():
        lost = plain.leaves < LEAST
        scales = jnp.where(lost, LARGE, jnp.where(jnp.isfinite(plain.leaves), 1.0, SMALL))
        # Made first: of what is known to be zeros, XLA would take the square of LARGE, infinity, times zero.
        made = jax.lax.optimization_barrier([s * leaf for s, leaf in zip(scales, leaves, strict=True)])
        parts = jnp.stack([jnp.sqrt(jnp.sum(jnp.square(leaf))) for leaf in made])
        # A leaf that is large decides, beside which small ones count for nothing.
        scale = jnp.where(jnp.isfinite(plain.scaled), scales.min(), SMALL)
        return Norms(scale, jnp.sqrt(jnp.sum(jnp.square(parts * (scale / scales)))), parts / scales)

    ordinary = jnp.isfinite(plain.scaled) & (plain.leaves >= LEAST).all()
    return jax.lax.cond(ordinary, lambda: plain, scaled)


def clip(gradients: Params, found: Norms, largest_norm: jax.Array, largest_value: jax.Array | None) -> Params:
    """Clipped by global norm, then by value (S07); infinity, and for the value None, where nothing is.

    Finite gradients stay finite, with their direction, whatever their norm. An infinite component has no direction, so
    the norm's limit makes it NaN; without that, the value's limit holds for it too. NaN stays NaN.

    Args:
      found: the ``norms`` of the gradients.
    """
    keep = (found.whole < largest_norm) | jnp.isinf(largest_norm)

    def clipped(leaf):
        short = jnp.where(keep, leaf, found.scale * leaf / found.scaled * largest_norm)
        return short if largest_value is None else jnp.clip(short, -largest_value, largest_value)

    return jax.tree.map(clipped, gradients)


def make_optimizer(config: OptimizerConfig, traced: Traced) -> optax.GradientTransformation:
    """Of clipped gradients: scale by the rule, decay weights, scale by the schedule."""
    rate = traced["optimizer.learning_rate"]
    return optax.chain(
        _rule(config),
        optax.stateless(lambda updates, params: _decayed(updates, params, traced["optimizer.weight_decay"])),
        optax.scale_by_learning_rate(lambda count: rate * schedule(config, count, traced["train.steps"])),
    )


def _decayed(updates: Params, params: Params, decay: jax.Array) -> Params:
    """As ``optax.add_decayed_weights``, but for what is frozen."""

    def one(path, update, leaf):
        return update if path[-1] == jax.tree_util.DictKey(FROZEN) else update + decay * leaf

    return jax.tree_util.tree_map_with_path(one, updates, params)


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
