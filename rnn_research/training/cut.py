"""Batches cut to the steps that their sequences have: what an update or a score computes of them."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.tasks.base import Batch, Mean, Task, steps_of


def longest_of(task: Task, batch: Batch) -> jax.Array | None:
    """Steps of the longest sequence, where batches may be cut to it."""
    if not task.data.times:
        return None
    return steps_of(task.data, batch).max()


def padding(batch: Batch) -> dict[str, Mean]:
    """The share of the steps computed that are padding; nothing where all steps count."""
    if batch.lengths is None:
        return {}
    rows, time = jax.tree.leaves(batch.inputs)[0].shape[:2]
    computed = jnp.float32(rows * time)
    return {"padding": Mean(computed - batch.lengths.sum().astype(jnp.float32), computed)}


def cut_to_length(
    task: Task, times: Sequence[int], longest: jax.Array | None, batch: Batch, function: Callable[[Batch], Any]
) -> Any:
    """``function`` of the batch, cut to the fewest of ``times`` that hold its longest sequence; what it gives is padded
    with zeros to the shapes it would have of the whole.

    Trials side by side must agree on ``longest`` (``Setup.greatest``), or every cut would be computed for each of them.
    """
    cut = task.data.cut
    if longest is None or cut is None:
        return function(batch)
    whole = jax.eval_shape(function, batch)

    def of_cut(time: int) -> Any:
        return jax.tree.map(padded, function(cut(batch, time)), whole)

    index = jnp.searchsorted(jnp.array(times), longest)
    return jax.lax.switch(index, [partial(of_cut, time) for time in times])


def times_cut(task: Task, most: int) -> tuple[int, ...]:
    """At most so many of ``Data.times``, evenly left out, that of the whole among them."""
    times = task.data.times
    kept = min(most, len(times))
    return tuple(times[-(-place * len(times) // kept) - 1] for place in range(1, kept + 1))


def padded(array: jax.Array, like: Any) -> jax.Array:
    """An array with zeros after it on every axis that is shorter than the other's."""
    if array.shape == like.shape:
        return array
    return jnp.pad(array, [(0, size - own) for own, size in zip(array.shape, like.shape, strict=True)])
