"""The likeliest texts, found approximately by keeping the likeliest beginnings (S26)."""

import math
from functools import partial
from numbers import Integral
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.cells.base import Params, check_size
from rnn_research.decoding.stream import Prompt, Stream, check_prompt, read, vocabulary_size

# A token of probability 0: below every sum of logarithms, yet above −inf, which is what no text at all scores.
IMPOSSIBLE = -1e30


def beam_search(
    stream: Stream,
    params: Params,
    prompt: Prompt,
    length: int,
    width: int,
    *,
    end: int | None = None,
    alpha: float = 0.0,
    context: Any = None,
) -> tuple[jax.Array, jax.Array]:
    """Extends, token by token, the ``width`` beginnings whose log-probabilities are the highest (S26).

    A width of 1 is greedy; one of ``V ** length`` finds all texts. Of equally likely ones, those of the likelier
    beginning come first, then those of the lower id. The texts are all different.

    It is compiled anew for every stream, every length of prompt and text, and width. Call it outside ``jax.jit``.

    Args:
      stream: the model; see ``Stream``.
      params: its parameters.
      prompt: ``[P]``, the beginning of all texts; P may be 0.
      length: tokens of every text.
      width: texts to keep.
      end: the id that ends a text: its score stays, and ``end`` fills it up. By default none does.
      alpha: at the last, ranks texts by their score over ``tokens ** alpha``, the tokens up to the first ``end`` with
        it: above 0 long ones lose less by being long (Wu et al. 2016 without their constant). Which texts are kept, and
        the scores returned, are not changed by it.
      context: what the texts are about, of one row; see ``Stream``.

    Returns:
      ``(ids [width, length] int32, scores [width])``, best first, without the prompt; a score is the sum of the natural
      logarithms of the tokens' probabilities given what came before, prompt included; −inf where one is 0.

    Raises:
      ValueError: a prompt of another shape or with ids that are not integers of the vocabulary; a length or width that
        is not a positive whole number; a width above the number of texts there are; an ``end`` outside the vocabulary;
        an ``alpha`` that is negative or not finite.
    """
    check_size("length", length)
    check_size("width", width)
    if not 0 <= alpha < math.inf:
        raise ValueError(f"alpha must be 0 (off) or positive and finite, not {alpha!r}")
    size = vocabulary_size(stream, params, context)
    ids = check_prompt(prompt, size)
    if ids.ndim != 1:
        raise ValueError(f"prompt must be one-dimensional, not shape {ids.shape}")
    if end is not None and not (isinstance(end, Integral) and 0 <= end < size):
        raise ValueError(f"end must be an id of the vocabulary, 0 to {size - 1}, not {end!r}")
    most = _texts(size, int(length), end is not None, int(width))
    if width > most:
        raise ValueError(f"width must be at most {most}, the number of texts of length {length}, not {width}")
    return _search(
        params,
        context,
        ids[None],
        np.float32(alpha),
        stream=stream,
        size=size,
        length=int(length),
        width=int(width),
        end=None if end is None else int(end),
    )


@partial(jax.jit, static_argnames=("stream", "size", "length", "width", "end"))
def _search(params, context, prompt, alpha, *, stream, size, length, width, end):
    # No beginning has more than ``width`` children among the ``width`` likeliest of all.
    children = min(width, size)

    def step(carry, _):
        state, last, scores, tokens, ended = carry
        state, logits = stream.advance(params, state, last[:, None])
        logits = logits[:, 0].astype(jnp.float32)
        best, ids = jax.lax.top_k(logits, children)
        steps = jnp.maximum(best - jax.nn.logsumexp(logits, axis=-1, keepdims=True), IMPOSSIBLE)
        if end is not None:
            # A text that has ended has one child, itself.
            itself = jnp.where(jnp.arange(children) == 0, 0.0, -jnp.inf)[None]
            steps = jnp.where(ended[:, None], itself, steps)
            ids = jnp.where(ended[:, None], end, ids)
        scores, chosen = jax.lax.top_k((scores[:, None] + steps).reshape(-1), width)
        parents, last = chosen // children, ids.reshape(-1)[chosen]
        state, tokens, ended = jax.tree.map(lambda leaf: leaf[parents], (state, tokens, ended))
        tokens = tokens + ~ended
        if end is not None:
            ended = ended | (last == end)
        return (state, last, scores, tokens, ended), (last, parents)

    params = stream.prepared(params, width * length)
    state, last = read(stream, params, context, prompt, size, width)
    # All begin as the same text, so only the first may have children; the others are no text.
    scores = jnp.where(jnp.arange(width) == 0, 0.0, -jnp.inf)
    begun = (state, last, scores, jnp.zeros(width, jnp.int32), jnp.zeros(width, bool))
    (_, _, scores, tokens, _), history = jax.lax.scan(step, begun, length=length)

    order = jax.lax.top_k(scores / tokens**alpha, width)[1]
    scores = jnp.where(scores <= IMPOSSIBLE / 2, -jnp.inf, scores)[order]

    def back(row, last_parents):
        last, parents = last_parents
        return parents[row], last[row]

    _, text = jax.lax.scan(back, order, history, reverse=True)
    return text.T, scores


def _texts(size: int, length: int, ends: bool, enough: int) -> int:
    """How many texts there are, or a number above ``enough``."""
    if not ends:
        # 2 ** 64 is above any width; a larger power need not be computed.
        return size ** min(length, 64)
    # Those that have not ended yet, times the ids that do not end them; and those that have.
    running, ended = 1, 0
    for _ in range(length):
        ended, running = ended + running, running * (size - 1)
        if not running or ended + running > enough:
            break
    return ended + running
