"""The stream: what a model must be able to do to write, token by token."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.cells.base import Params, State

Prompt = np.ndarray | jax.Array | Sequence[int] | Sequence[Sequence[int]]


class Stream(NamedTuple):
    """A model that reads tokens and predicts the next, as pure functions; every leaf of its state has rows leading.

    A document begins with the id V, one past the vocabulary, which is read and never predicted: the first token is
    predicted after it, so the prompt p_0, p_1, ... is read as V, p_0, p_1, ... and an empty one as V.

    Programs are compiled for each stream and kept with it: make one of a model and use it again.

    Attributes:
      start: ``(params, context, rows) -> state`` before anything is read. ``context`` is what the text is about, leaves
        ``[rows, ...]``: a source to be translated; None for a model of text alone.
      advance: ``(params, state, ids [rows, time]) -> (state, logits [rows, time, V])``, time 1 or more: after each
        id, that of the token that follows. Ids are int32.
      prepared: ``(params, count) -> params`` for ``advance`` that is to read so many ids, of all rows: what can be made
        once for all of them is made here.
    """

    start: Callable[[Params, Any, int], State]
    advance: Callable[[Params, State, jax.Array], tuple[State, jax.Array]]
    prepared: Callable[[Params, int], Params] = lambda params, count: params


def vocabulary_size(stream: Stream, params: Params, context: Any = None) -> int:
    """V, found by shape evaluation: nothing is computed."""
    return _first_logits.eval_shape(stream, params, context).shape[-1]


def check_prompt(prompt: Prompt, size: int) -> np.ndarray:
    """The prompt as int32, ``[P]`` or ``[batch, P]``.

    Raises:
      ValueError: another shape, ids that are not integers of the vocabulary.
    """
    ids = np.asarray(prompt)
    if ids.ndim not in (1, 2):
        raise ValueError(f"prompt must be [length] or [batch, length], not shape {ids.shape}")
    if ids.size and not np.issubdtype(ids.dtype, np.integer):
        raise ValueError(f"prompt must hold integers, not {ids.dtype}")
    wrong = (ids < 0) | (ids >= size)
    if wrong.any():
        place = np.argwhere(wrong)[0]
        row = f" of row {place[0]}" if ids.ndim == 2 else ""
        raise ValueError(
            f"id {ids[tuple(place)]} at position {place[-1]} of the prompt{row} is outside the vocabulary, "
            f"0 to {size - 1}"
        )
    return ids.astype(np.int32)


def read(
    stream: Stream, params: Params, context: Any, prompt: jax.Array, size: int, batch: int
) -> tuple[State, jax.Array]:
    """The state just before the prompt's last id is read, and that id, ``[batch]``; one row is read once for all.

    The last id is left to the loop that predicts what follows it, so that the logits of the others, which nobody asks
    for, are never computed.

    Args:
      context: of as many rows as the prompt.
      prompt: ``[1 or batch, P]``, without the id that begins a document.
    """
    rows = len(prompt)
    ids = jnp.concatenate([jnp.full((rows, 1), size, jnp.int32), prompt], axis=1)
    state = stream.start(params, context, rows)
    if ids.shape[1] > 1:
        state, _ = stream.advance(params, state, ids[:, :-1])
    if rows == batch:
        return state, ids[:, -1]
    return jax.tree.map(lambda leaf: jnp.repeat(leaf, batch, axis=0), (state, ids[:, -1]))


# Compiled nowhere: what ``jax.jit`` has once traced for these shapes, it need not trace again.
@partial(jax.jit, static_argnums=0)
def _first_logits(stream: Stream, params: Params, context: Any) -> jax.Array:
    rows = next((len(leaf) for leaf in jax.tree.leaves(context)), 1)
    return stream.advance(params, stream.start(params, context, rows), jnp.zeros((rows, 1), jnp.int32))[1]
