"""Texts drawn from a stream, token by token, in one compiled program (S17; temperature: S18).

A token is drawn in two steps, each with one uniform number and the inverse of a cumulative sum: first one of √V blocks
of neighbouring ids, by the blocks' weights, then one of the block's √V ids, by theirs. All V are only exponentiated and
summed, so a step costs a fraction of ``jax.random.categorical``, which draws V random numbers per row, and of one
cumulative sum over V; and the sums are short enough for float32.
"""

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.cells.base import Params, check_size
from rnn_research.decoding.filters import check_filters, nucleus
from rnn_research.decoding.stream import Prompt, Stream, check_prompt, read, vocabulary_size


def sample(
    stream: Stream,
    params: Params,
    prompt: Prompt,
    length: int,
    key: jax.Array | None,
    *,
    batch: int,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    greedy: bool = False,
    context: Any = None,
) -> jax.Array:
    """Draws every token from ``softmax(logits / temperature)``, restricted to ``top_k`` and ``top_p`` as in ``keep``.

    Step t draws with ``fold_in(key, t)``, so that a shorter text is the beginning of a longer one. A row's random
    numbers do not depend on how many rows there are; its text does not either, but for the rounding of the model's
    arithmetic, which may differ between batch sizes. A token of probability 0 is never drawn. Tokens of probability
    below about 1e-7 in their block, or in blocks that are that unlikely, may come too often or never.

    It is compiled anew for every stream and every length of prompt and text, batch and ``top_k``, but not for another
    temperature or ``top_p``, unless it turns ``top_p`` on or off. Call it outside ``jax.jit``.

    Args:
      stream: the model; see ``Stream``.
      params: its parameters.
      prompt: ``[P]``, the beginning of all texts, or ``[batch, P]``, one for each; P may be 0.
      length: tokens to draw.
      key: the same key gives the same texts. None will do for ``greedy``.
      batch: texts to draw.
      temperature: below 1 the likely tokens become likelier, above 1 less likely.
      top_k: draw from this many likeliest tokens; 0: from all.
      top_p: draw from the fewest likeliest tokens that have this probability together; 1: from all.
      greedy: take the likeliest token (of several the lowest id); temperature, ``top_k`` and ``top_p`` change nothing.
      context: what the texts are about, of as many rows as the prompt (one for ``[P]``); see ``Stream``.

    Returns:
      ``[batch, length]`` int32, without the prompt.

    Raises:
      ValueError: a prompt of another shape or with ids that are not integers of the vocabulary; a length or batch that
        is not a positive whole number; a temperature that is not positive and finite; ``top_k`` or ``top_p`` as in
        ``keep``; no key, unless ``greedy``.
    """
    check_size("length", length)
    check_size("batch", batch)
    if not 0 < temperature < math.inf:
        raise ValueError(f"temperature must be positive and finite, not {temperature!r}")
    check_filters(top_k, top_p)
    if key is None and not greedy:
        raise ValueError("a key is needed to draw; only greedy texts need none")
    size = vocabulary_size(stream, params, context)
    ids = np.atleast_2d(check_prompt(prompt, size))
    if np.ndim(prompt) == 2 and len(ids) != batch:
        raise ValueError(f"prompt must have one row for each of {batch} texts, or be [length], not shape {ids.shape}")
    # What is finite in double precision should not be 0 or infinite in float32.
    float32 = np.finfo(np.float32)
    return _sample(
        params,
        context,
        ids,
        None if greedy else key,
        np.clip(temperature, float32.tiny, float32.max).astype(np.float32),
        np.float32(top_p),
        stream=stream,
        size=size,
        length=int(length),
        batch=int(batch),
        top_k=0 if greedy or top_k >= size else int(top_k),
        cut=top_p < 1 and not greedy,
    )


@partial(jax.jit, static_argnames=("stream", "size", "length", "batch", "top_k", "cut"))
def _sample(params, context, prompt, key, temperature, top_p, *, stream, size, length, batch, top_k, cut):
    def choose(logits, t):
        if key is None:
            return likeliest(logits)
        ids = None
        if top_k:
            logits, ids = jax.lax.top_k(logits, top_k)
        # The largest becomes 1, so that not all of them underflow at a low temperature.
        weights = jnp.exp((logits - jnp.max(logits, axis=-1, keepdims=True)) / temperature)
        if cut:
            weights = jnp.where(nucleus(weights, top_p), weights, 0)
        drawn = draw(weights, jax.random.fold_in(key, t))
        return drawn if ids is None else _at(ids, drawn)

    def step(carry, t):
        state, last = carry
        state, logits = stream.advance(params, state, last[:, None])
        ids = choose(logits[:, 0].astype(jnp.float32), t)
        return (state, ids), ids

    params = stream.prepared(params, batch * length)
    begun = read(stream, params, context, prompt, size, batch)
    _, text = jax.lax.scan(step, begun, jnp.arange(length))
    return text.T


def draw(weights: jax.Array, key: jax.Array) -> jax.Array:
    """One id for every row, as often as its weight says, ``[batch]`` int32; none of weight 0.

    Args:
      weights: ``[batch, V]`` float32, not negative, the largest of each row about 1.
    """
    # Denormal numbers go: one of them times a number below 1 can be itself.
    weights = jnp.where(weights < jnp.finfo(jnp.float32).tiny, 0, weights)
    # Of multiples of 2^-23 from 0 on, the middles: 0 would choose the first weight however small it is.
    uniform = jax.random.uniform(key, (len(weights), 2), jnp.float32) + 2.0**-24
    block = _inverse(jnp.sum(_blocks(weights, 0), axis=-1), uniform[:, 0])
    ids, inside = _block(weights, block, 0)
    return _at(ids, _inverse(inside, uniform[:, 1]))


def likeliest(logits: jax.Array) -> jax.Array:
    """The lowest id of the largest logit, ``[batch, V] -> [batch]`` int32.

    ``argmax`` over V is several times as slow on a CPU as the maxima of blocks.
    """
    block = jnp.argmax(jnp.max(_blocks(logits, -jnp.inf), axis=-1), axis=-1)
    ids, inside = _block(logits, block, -jnp.inf)
    return _at(ids, jnp.argmax(inside, axis=-1))


def _inverse(weights: jax.Array, uniform: jax.Array) -> jax.Array:
    """The place whose share of the cumulative sum a number in (0, 1) falls into, ``[batch, n], [batch] -> [batch]``.

    Sums in a tree can differ in their last bit where nothing was added, so that places of weight 0 would seem to have
    a share: they are left out. The threshold is below the largest sum, so there is always a place above it.
    """
    sums = jnp.where(weights > 0, jnp.cumsum(weights, axis=-1), 0)
    threshold = uniform[:, None] * jnp.max(sums, axis=-1, keepdims=True)
    places = jnp.arange(weights.shape[-1], dtype=jnp.int32)[None]
    return jnp.min(jnp.where(sums > threshold, places, places.size - 1), axis=-1)


def _block_size(size: int) -> int:
    return math.isqrt(size - 1) + 1


def _blocks(values: jax.Array, fill: float) -> jax.Array:
    """``[batch, V] -> [batch, blocks, block]``, the last filled up."""
    batch, size = values.shape
    length = _block_size(size)
    padded = jnp.pad(values, ((0, 0), (0, -size % length)), constant_values=fill)
    return padded.reshape(batch, -1, length)


def _block(values: jax.Array, block: jax.Array, fill: float) -> tuple[jax.Array, jax.Array]:
    """The ids of one block of every row, and their values, ``[batch, block]`` each."""
    length = _block_size(values.shape[-1])
    ids = block[:, None].astype(jnp.int32) * length + jnp.arange(length, dtype=jnp.int32)[None]
    return ids, jnp.take_along_axis(values, ids, axis=1, mode="fill", fill_value=fill)


def _at(ids: jax.Array, places: jax.Array) -> jax.Array:
    """One id of every row, ``[batch, n], [batch] -> [batch]``."""
    return jnp.take_along_axis(ids, places[:, None], axis=1)[:, 0]
