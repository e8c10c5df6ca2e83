"""Attention: what of the encoder's outputs a decoder reads at a step (S27; Bahdanau et al. 2015, Luong et al. 2015).

``d_t = Σ_i a_ti y_i`` with ``a_t = softmax_i sim(s_{t−1}, y_i)`` over the steps i of the source that count.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.cells.base import Params
from rnn_research.cells.initializers import lecun
from rnn_research.lookup import lookup

FAR = -1e30  # the similarity of a step that does not count


class Memory(NamedTuple):
    """What a decoder looks back at.

    Attributes:
      values: the outputs of the encoder ``[rows, source, width]``.
      keys: what of each is compared with the decoder's state, made once for all steps of the decoder.
      counts: which of them are no padding, bool ``[rows, source]``.
    """

    values: jax.Array
    keys: jax.Array
    counts: jax.Array


class Similarity(NamedTuple):
    """``sim(s, y)``: ``⟨s, y⟩``, ``⟨s, y W⟩`` or ``vᵀ tanh(s W_s + y W_y + b)``.

    Attributes:
      init: ``(key, width) -> params``.
      keys: ``(params, values [rows, source, width]) -> [rows, source, ...]``, what does not wait for the decoder.
      score: ``(params, query [rows, width], keys) -> [rows, source]``.
    """

    init: Callable[[jax.Array, int], Params]
    keys: Callable[[Params, jax.Array], jax.Array]
    score: Callable[[Params, jax.Array, jax.Array], jax.Array]


def similarity(name: str) -> Similarity:
    """The similarity of a name in ``SIMILARITIES``.

    Raises:
      ValueError: an unknown name.
    """
    return lookup(SIMILARITIES, name, "similarity")


def remember(kind: Similarity, params: Params, values: jax.Array, counts: jax.Array) -> Memory:
    """The memory of encoder outputs ``[rows, source, width]``."""
    return Memory(values, kind.keys(params, values), counts)


def attend(kind: Similarity, params: Params, query: jax.Array, memory: Memory) -> tuple[jax.Array, jax.Array]:
    """``(d_t [rows, width], a_t [rows, source])`` for the decoder's states ``[rows, width]``; the weights sum to 1 over
    the steps that count, and are exactly 0 on the others; of a source without steps all are 0."""
    scores = jnp.where(memory.counts, kind.score(params, query, memory.keys), FAR)
    weights = jnp.where(memory.counts, jax.nn.softmax(scores), 0)
    return jnp.einsum("rs,rsw->rw", weights, memory.values), weights


def _inner(params: Params, query: jax.Array, keys: jax.Array) -> jax.Array:
    return jnp.einsum("rw,rsw->rs", query, keys)


def _init_nothing(key: jax.Array, width: int) -> Params:
    return {}


def _themselves(params: Params, values: jax.Array) -> jax.Array:
    return values


def _turned(params: Params, values: jax.Array) -> jax.Array:
    return values @ params["kernel"]


def _hidden(params: Params, values: jax.Array) -> jax.Array:
    return values @ params["output_kernel"] + params["bias"][None, None]


def _init_bilinear(key: jax.Array, width: int) -> Params:
    return {"kernel": lecun(key, (width, width))}


def _init_additive(key: jax.Array, width: int) -> Params:
    of_state, of_output, of_score = jax.random.split(key, 3)
    return {
        "state_kernel": lecun(of_state, (width, width)),
        "output_kernel": lecun(of_output, (width, width)),
        "bias": jnp.zeros(width),
        "score_kernel": lecun(of_score, (width, 1)),
    }


def _score_additive(params: Params, query: jax.Array, keys: jax.Array) -> jax.Array:
    hidden = jnp.tanh(keys + (query @ params["state_kernel"])[:, None])
    return (hidden @ params["score_kernel"])[..., 0]


SIMILARITIES: Mapping[str, Similarity] = {
    "dot": Similarity(_init_nothing, _themselves, _inner),
    "bilinear": Similarity(_init_bilinear, _turned, _inner),
    "additive": Similarity(_init_additive, _hidden, _score_additive),
}
