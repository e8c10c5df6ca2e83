"""Where a pen goes next: a mixture of Gaussians in the plane, and the state of the pen (Graves 2013, section 4.1)."""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.data.strokes import Move
from rnn_research.experiment.config import ModelConfig
from rnn_research.heads.base import Head
from rnn_research.heads.dense import dense, init_dense, scored
from rnn_research.tasks.base import Target, Terms

NARROW, WIDE = -6.0, 6.0  # limits of ln σ
STRAIGHT = 5.0  # and of artanh ρ, so that |ρ| is below 0.9999


class Mixture(NamedTuple):
    """What an output says, K components.

    Attributes:
      pen: ``[..., states]``, logits.
      weights: ``[..., K]``, logits.
      mean: ``[..., K, 2]``.
      log_width: ``[..., K, 2]``, ln σ.
      slope: ``[..., K]``, artanh ρ.
    """

    pen: jax.Array
    weights: jax.Array
    mean: jax.Array
    log_width: jax.Array
    slope: jax.Array


def mixture(config: ModelConfig, target: Target, components: int) -> Head:
    """A mixture density of the offset (x, y) to the next point, and a categorical one of the pen after it:

        p(x, y) = Σ_k π_k N((x, y); μ_k, σ_k, ρ_k)
        N = exp(−Z / (2 (1 − ρ²))) / (2π σ_x σ_y √(1 − ρ²)),  Z = u² + v² − 2 ρ u v,  u = (x − μ_x) / σ_x, v likewise

    with π = softmax, σ = exp, ρ = tanh of outputs of a dense layer, and μ outputs themselves. The loss of a term is
    ``−ln p(x, y) − ln p(pen)``, in nats; of a density it may be below 0. With two states of the pen that is Graves'
    Bernoulli variable of the end of a stroke, with three Ha and Eck's (2018).

    Targets are ``Move``s ``[batch, time, ...]``; answers the mean of the weightiest component and the likeliest state.
    At a temperature τ, the logits of π are divided by it and variances multiplied by it (Ha and Eck 2018, section 3.3);
    the pen's are left alone, as by Graves' bias (2013, section 5.5): cooled, an end that is likely at each of three
    points and more so at none would never come.

    Raises:
      ValueError: a target that is not at every step, has fewer than two states (``size``) or no components.
    """
    states = target.size
    if components < 1 or states < 2 or not target.each_step:
        raise ValueError(
            f"head mixture needs components, two states of the pen or more and a target at each step, not {target}"
        )

    def terms(params, read, batch, noise):
        counts = batch.weights > 0
        outputs = jnp.where(counts[..., None], dense(params, scored(target, read)), 0)
        offset = jnp.where(counts[..., None], batch.targets.offset, 0)
        pen = jnp.where(counts, batch.targets.pen, 0)
        found = split(outputs, components, states)
        of_pen = jnp.take_along_axis(jax.nn.log_softmax(found.pen), pen[..., None], axis=-1)[..., 0]
        return Terms(-log_density(found, offset) - of_pen, batch.weights)

    def answer(params, read, batch):
        found = split(dense(params, scored(target, read)), components, states)
        return Move(_of_component(found.mean, _largest(found.weights)), _largest(found.pen))

    def draw(params, features, key, temperature):
        return draw_move(split(dense(params, features), components, states), key, temperature)

    return Head(init_dense(states + 6 * components, config), terms, answer, draw=draw)


def split(outputs: jax.Array, components: int, states: int) -> Mixture:
    """``[..., states + 6 K]`` by what they mean."""
    ends = [states + components * count for count in (0, 1, 3, 5)]
    pen, weights, mean, log_width, slope = jnp.split(outputs, ends, axis=-1)
    pairs = (*outputs.shape[:-1], components, 2)
    return Mixture(
        pen,
        weights,
        mean.reshape(pairs),
        jnp.clip(log_width.reshape(pairs), NARROW, WIDE),
        jnp.clip(slope, -STRAIGHT, STRAIGHT),
    )


def log_density(found: Mixture, offset: jax.Array) -> jax.Array:
    """``ln p(x, y)``, ``[...]``.

    With ρ = tanh r, ``Z / (1 − ρ²) = u² + (v cosh r − u sinh r)²`` and ``√(1 − ρ²) = 1 / cosh r``: no difference of
    nearly equal numbers.

    Args:
      offset: ``[..., 2]``.
    """
    u, v = jnp.moveaxis((offset[..., None, :] - found.mean) * jnp.exp(-found.log_width), -1, 0)
    square = u**2 + (v * jnp.cosh(found.slope) - u * jnp.sinh(found.slope)) ** 2
    scale = jnp.log(jnp.cosh(found.slope)) - found.log_width.sum(axis=-1) - math.log(2 * math.pi)
    return jax.nn.logsumexp(jax.nn.log_softmax(found.weights) + scale - square / 2, axis=-1)


def draw_move(found: Mixture, key: jax.Array, temperature: jax.Array | float) -> Move:
    """One move of each."""
    of_component, of_offset, of_pen = (jax.random.fold_in(key, number) for number in range(3))
    place = _drawn(of_component, found.weights / temperature)
    mean, log_width = _of_component(found.mean, place), _of_component(found.log_width, place)
    slope = jnp.take_along_axis(found.slope, place[..., None], axis=-1)[..., 0]
    first, second = jnp.moveaxis(jax.random.normal(of_offset, mean.shape, mean.dtype), -1, 0)
    bent = jnp.stack([first, jnp.tanh(slope) * first + second / jnp.cosh(slope)], axis=-1)
    offset = mean + jnp.exp(log_width) * jnp.sqrt(jnp.asarray(temperature, mean.dtype)) * bent
    return Move(offset, _drawn(of_pen, found.pen))


def _of_component(pairs: jax.Array, place: jax.Array) -> jax.Array:
    """``[..., K, 2], [...] -> [..., 2]``."""
    return jnp.take_along_axis(pairs, place[..., None, None], axis=-2)[..., 0, :]


def _drawn(key: jax.Array, logits: jax.Array) -> jax.Array:
    """As ``jax.random.categorical``."""
    return _largest(logits + jax.random.gumbel(key, logits.shape, logits.dtype))


def _largest(logits: jax.Array) -> jax.Array:
    """As ``argmax``, two of which XLA fuses to what it cannot compile on a CPU with fewer optimisations."""
    return jax.lax.top_k(logits, 1)[1][..., 0].astype(jnp.int32)
