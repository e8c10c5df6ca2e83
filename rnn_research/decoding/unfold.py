"""Sequences of any items, drawn one after another from a class (S23)."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.cells.base import Params, State


@partial(jax.jit, static_argnames=("draw", "feed", "length"))
def unfold(
    draw: Callable[..., tuple[State, Any]],
    feed: Callable[[Any, Any], Any],
    params: Params,
    state: State,
    classes: jax.Array,
    key: jax.Array,
    temperature: jax.Array | float,
    *,
    length: int,
) -> Any:
    """Items of a model that reads each before it draws the next, leaves ``[rows, length, ...]``.

    Step t draws with ``fold_in(key, t)``, so that a shorter sequence is the beginning of a longer one.

    Args:
      draw: ``(params, state, inputs, key, temperature) -> (state, items)``, as ``models.base.DrawNext``.
      feed: ``(items or None, classes) -> inputs``, as ``tasks.base.OneToMany.feed``.
      state: before anything is read, leaves ``[rows, ...]``.
      classes: what each row is to be of, ``[rows]``.
      temperature: above 0; below 1 what is likely becomes likelier.
    """

    def step(carry, t):
        state, inputs = carry
        state, items = draw(params, state, inputs, jax.random.fold_in(key, t), temperature)
        return (state, feed(items, classes)), items

    _, items = jax.lax.scan(step, (state, feed(None, classes)), jnp.arange(length))
    return jax.tree.map(lambda leaf: jnp.swapaxes(leaf, 0, 1), items)
