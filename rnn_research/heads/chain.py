"""A linear chain over labels: sums and maxima over all sequences of labels of a batch, by ``lax.scan``.

A sequence y of labels of n steps has the score ``first[y_1] + Σ_t scores[t, y_t] + Σ_t follows[y_t-1, y_t] +
last[y_n]``. Steps that do not count are left out, as if the sequence had none there; an empty one has the score 0.

Throughout, ``scores [batch, time, labels]`` are those of every label at every step, ``counts [batch, time]`` says which
steps count, and ``labels [batch, time]`` are whole numbers.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp


class Chain(NamedTuple):
    """Scores of the first label, of each after each, and of the last: ``[labels]``, ``[labels, labels]``,
    ``[labels]``."""

    first: jax.Array
    follows: jax.Array
    last: jax.Array


def negative_log_likelihood(scores: jax.Array, chain: Chain, counts: jax.Array, labels: jax.Array) -> jax.Array:
    """``ln Σ_y exp(score(y)) − score(labels)``, ``[batch]``.

    Added up of the differences at every step: over thousands of steps the two sums would leave float32 few digits.
    """
    return (_partition_steps(scores, chain, counts) - _score_steps(scores, chain, counts, labels)).sum(axis=1)


def log_partition(scores: jax.Array, chain: Chain, counts: jax.Array) -> jax.Array:
    """``ln Σ_y exp(score(y))`` over all sequences of labels, ``[batch]``."""
    return _partition_steps(scores, chain, counts).sum(axis=1)


def score_of(scores: jax.Array, chain: Chain, counts: jax.Array, labels: jax.Array) -> jax.Array:
    """The score of a sequence of labels, ``[batch]``."""
    return _score_steps(scores, chain, counts, labels).sum(axis=1)


def marginals(scores: jax.Array, chain: Chain, counts: jax.Array) -> jax.Array:
    """``p(y_t = k)`` where ``p(y) ∝ exp(score(y))``, ``[batch, time, labels]``; zeros where nothing counts.

    They are the slopes of the log-partition: its backpropagation is the backward algorithm (Eisner 2016).
    """
    return jax.grad(lambda scores: log_partition(scores, chain, counts).sum())(scores)


def viterbi(scores: jax.Array, chain: Chain, counts: jax.Array) -> jax.Array:
    """The sequence of the highest score, ``[batch, time]``; 0 where nothing counts.

    The chain may hold −∞ for what cannot be; as long as any sequence can be, none is found that cannot.
    """
    scores, same = jnp.where(counts[..., None], scores, 0), jnp.arange(scores.shape[-1])[None]

    def step(state, now):
        highest, begun = state
        score, count = now
        through = highest[:, :, None] + chain.follows[None]
        reached = jnp.where(begun[:, None], through.max(axis=1), chain.first[None]) + score
        origin = jnp.where((begun & count)[:, None], _place_of_greatest(through, axis=1), same)
        return (jnp.where(count[:, None], reached, highest), begun | count), origin

    (highest, _), origins = jax.lax.scan(step, _beginning(scores), _by_time(scores, counts))

    def back(label, origin):
        return jnp.take_along_axis(origin, label[:, None], axis=1)[:, 0], label

    best = _place_of_greatest(highest + chain.last[None], axis=1)
    _, labels = jax.lax.scan(back, best, origins, reverse=True)
    return jnp.where(counts, labels.T, 0)


def _place_of_greatest(values: jax.Array, axis: int) -> jax.Array:
    """``argmax``, by two reductions of one array each: where XLA fuses two of argmax, of pairs, its CPU compiler may
    abort (jax 0.10.2)."""
    size = values.shape[axis]
    place = jax.lax.broadcasted_iota(int, values.shape, axis)
    first = jnp.where(values == values.max(axis=axis, keepdims=True), place, size).min(axis=axis)
    return jnp.minimum(first, size - 1)  # of NaN nothing is the greatest


def _partition_steps(scores: jax.Array, chain: Chain, counts: jax.Array) -> jax.Array:
    """What every step adds to the log-partition, and the end, ``[batch, time + 1]``: the forward algorithm, its
    probabilities normalised at every step."""
    scores = jnp.where(counts[..., None], scores, 0)

    def step(state, now):
        forward, begun = state
        score, count = now
        through = logsumexp(forward[:, :, None] + chain.follows[None], axis=1)
        reached = jnp.where(begun[:, None], through, chain.first[None]) + score
        norm = logsumexp(reached, axis=1)
        forward = jnp.where(count[:, None], reached - norm[:, None], forward)
        return (forward, begun | count), jnp.where(count, norm, 0)

    (forward, begun), added = jax.lax.scan(step, _beginning(scores), _by_time(scores, counts))
    ended = jnp.where(begun, logsumexp(forward + chain.last[None], axis=1), 0)
    return jnp.concatenate([added.T, ended[:, None]], axis=1)


def _score_steps(scores: jax.Array, chain: Chain, counts: jax.Array, labels: jax.Array) -> jax.Array:
    """What every step adds to the score of a sequence, and the end, ``[batch, time + 1]``."""
    labels = jnp.where(counts, labels, 0)
    places = jnp.where(counts, jnp.arange(counts.shape[1])[None], -1)
    latest = jnp.pad(jax.lax.cummax(places, axis=1), ((0, 0), (1, 0)), constant_values=-1)  # before each step; the end
    before = jnp.take_along_axis(labels, jnp.maximum(latest, 0), axis=1)
    moved = jnp.where(latest[:, :-1] >= 0, chain.follows[before[:, :-1], labels], chain.first[labels])
    own = jnp.take_along_axis(scores, labels[..., None], axis=2)[..., 0]
    ended = jnp.where(latest[:, -1:] >= 0, chain.last[before[:, -1:]], 0)
    return jnp.concatenate([jnp.where(counts, moved + own, 0), ended], axis=1)


def _beginning(scores: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Nothing reached, nothing begun."""
    return jnp.zeros_like(scores[:, 0]), jnp.zeros(len(scores), bool)


def _by_time(*leaves: jax.Array) -> tuple[jax.Array, ...]:
    return tuple(jnp.swapaxes(leaf, 0, 1) for leaf in leaves)
