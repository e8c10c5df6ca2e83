"""What a model makes of the letters of a word, so that case and suffix tell of words that it has no vector for.

A new encoder is a function here and a line in ``CHARACTERS``.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.cells import CELLS, Cell, Params, SplitStep, output_size
from rnn_research.cells.initializers import named
from rnn_research.lookup import lookup
from rnn_research.recurrence import run
from rnn_research.recurrence.layers import last_features

PADDING = 0  # the number of no letter
CHUNK = 128  # words that are encoded at a time
SPREAD = named("normal(0.3)")  # of the first vectors of letters


class Encoder(NamedTuple):
    """From the letters of words to features of words.

    Attributes:
      width: of the features.
      init: ``(key, letters) -> params``, for so many letters.
      apply: ``(params, characters [words, letters]) -> [words, width]``; 0 is no letter, and stands after all others.
        More of it changes nothing.
    """

    width: int
    init: Callable[[jax.Array, int], Params]
    apply: Callable[[Params, jax.Array], jax.Array]


def none() -> None:
    """No letters: words are what their vectors say."""


def recurrent(cell: str = "lstm", hidden: int = 25, embedding: int = 16, both_ways: bool = True) -> Encoder:
    """A recurrent cell over the letters; a word is what it ends with (Ling et al. 2015).

    Args:
      cell: a name in ``CELLS``, with the defaults of its options.
      hidden: width of the cell.
      embedding: width of a letter's vector.
      both_ways: another cell reads from the last letter back to the first; the width is twice as large then.

    Raises:
      ValueError: an unknown cell, a width below 1.
    """
    _check(hidden=hidden, embedding=embedding)
    reader: Cell = lookup(CELLS, cell, "cell")(hidden=hidden)
    ways = 2 if both_ways else 1

    def init(key, letters):
        letters_key, *keys = jax.random.split(key, 1 + ways)
        cells = tuple(reader.init(one, embedding) for one in keys)
        return {"letters": {"kernel": SPREAD(letters_key, (letters, embedding))}, "cells": cells}

    def apply(params, characters):
        lengths = (characters != PADDING).sum(axis=1)
        outputs = []
        for cell_params, reverse in zip(params["cells"], (False, True), strict=False):
            x, left = _products(reader, params["letters"]["kernel"], cell_params, characters.T)
            outputs.append(run(reader, left, x, lengths=lengths, reverse=reverse)[1])
        return last_features(jnp.concatenate(outputs, axis=-1), lengths, both_ways)

    return Encoder(ways * output_size(reader, embedding), init, apply)


def convolution(features: int = 50, span: int = 3, embedding: int = 16) -> Encoder:
    """``h_j = max_t relu(Σ_k W_k e_{t+k} + b)_j`` over the letters t, k over ``span`` letters around each, nothing
    beyond the ends (dos Santos and Zadrozny 2014; Ma and Hovy 2016).

    Args:
      features: the width.
      span: letters that are read together, an odd number.
      embedding: width of a letter's vector.

    Raises:
      ValueError: a width below 1, an even span.
    """
    _check(features=features, embedding=embedding, span=span)
    if span % 2 == 0:
        raise ValueError(f"characters.span must be odd, not {span}")
    kernel_init = named("glorot")

    def init(key, letters):
        letters_key, kernel_key = jax.random.split(key)
        kernel = kernel_init(kernel_key, (span * embedding, features)).reshape(span, embedding, features)
        letters_kernel = SPREAD(letters_key, (letters, embedding))
        return {"letters": {"kernel": letters_kernel}, "kernel": kernel, "bias": jnp.zeros(features)}

    def apply(params, characters):
        here = characters != PADDING
        # Of each letter its products are made once, not once a place; a place without one adds nothing.
        table = jnp.einsum("le,kef->klf", params["letters"]["kernel"], params["kernel"]).at[:, PADDING].set(0)
        around = jnp.pad(characters, ((0, 0), (span // 2, span // 2)), constant_values=PADDING)
        time = characters.shape[1]
        total = sum(table[k][around[:, k : k + time]] for k in range(span)) + params["bias"][None, None]
        return jnp.where(here[..., None], jax.nn.relu(total), 0).max(axis=1)

    return Encoder(features, init, apply)


CHARACTERS: dict[str, Callable[..., Encoder | None]] = {
    "none": none,
    "recurrent": recurrent,
    "convolution": convolution,
}


def _check(**sizes: int) -> None:
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"characters.{name} must be 1 or more, not {size}")


def _products(cell: Cell, letters: jax.Array, params: Params, ids: jax.Array) -> tuple[jax.Array, Params]:
    """What a cell reads of letters, and the parameters that it reads it with: where it can, ``W e`` of each letter made
    once, not once a place."""
    if not isinstance(cell.step, SplitStep):
        return letters[ids], params
    left = {name: leaf for name, leaf in params.items() if name != "input_kernel"}
    return (letters @ params["input_kernel"])[ids], left


def encode_distinct(encoder: Encoder, params: Params, surfaces: jax.Array, characters: jax.Array) -> jax.Array:
    """``encoder.apply`` of the words of sentences, each spelling read once: a text has half as many spellings as words,
    and all padding is one.

    Args:
      surfaces: ``[...]``, equal where the letters are.
      characters: ``[..., letters]``.

    Returns:
      ``[..., width]``.
    """
    flat, spelled = surfaces.reshape(-1), characters.reshape(-1, characters.shape[-1])
    order = jnp.argsort(flat)
    ranked = flat[order]
    group = jnp.cumsum(jnp.concatenate([jnp.zeros(1, int), ranked[1:] != ranked[:-1]]))
    group_of = jnp.zeros(len(flat), int).at[order].set(group)
    room = -(-len(flat) // CHUNK) * CHUNK
    first = jnp.full(room, len(flat) - 1).at[group].min(order)  # where each spelling comes first
    found: Any = _in_chunks(encoder.apply, params, spelled[first], group[-1] + 1)
    return found[group_of].reshape(*surfaces.shape, found.shape[-1])


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _in_chunks(apply: Callable, params: Params, spelled: jax.Array, count: jax.Array) -> jax.Array:
    """``apply`` of the first ``count`` words ``[words, letters]``, a multiple of ``CHUNK``; of the chunks after them
    nothing is computed, and zeros stand there."""
    width = jax.eval_shape(apply, params, spelled[:CHUNK])

    def one(index, found):
        made = apply(params, _chunk(spelled, index))
        return jax.lax.dynamic_update_slice_in_dim(found, made, index * CHUNK, 0)

    return jax.lax.fori_loop(0, _chunks(count), one, jnp.zeros((len(spelled), *width.shape[1:]), width.dtype))


def _forward(apply, params, spelled, count):
    return _in_chunks(apply, params, spelled, count), (params, spelled, count)


def _backward(apply, kept, errors):
    """The features of a chunk are computed again, so that nothing of its size is kept."""
    params, spelled, count = kept

    def one(index, total):
        words = _chunk(spelled, index)
        (gradient,) = jax.vjp(lambda params: apply(params, words), params)[1](_chunk(errors, index))
        return jax.tree.map(jnp.add, total, gradient)

    return jax.lax.fori_loop(0, _chunks(count), one, jax.tree.map(jnp.zeros_like, params)), None, None


_in_chunks.defvjp(_forward, _backward)


def _chunk(leaf: jax.Array, index: Any) -> jax.Array:
    return jax.lax.dynamic_slice_in_dim(leaf, index * CHUNK, CHUNK, 0)


def _chunks(count: jax.Array) -> jax.Array:
    return (count + CHUNK - 1) // CHUNK
