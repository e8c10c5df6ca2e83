"""Data that are padded examples in memory, read in batches of like lengths (``data.buckets``)."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.data.buckets import by_length, draw, make_buckets
from rnn_research.tasks.base import Batch, Cut, Data

COUNT = 6  # buckets: each is compiled by itself; with six a quarter of the steps of English sentences is padding


class Origin(NamedTuple):
    """``Batch.about`` of such data.

    Attributes:
      row: the number of each example in its split as it was given ``[batch]``.
      about: what the examples had.
    """

    row: Any
    about: Any = None


def bucketed(
    splits: Mapping[str, Batch],
    tested: tuple[str, ...] = ("test",),
    count: int = COUNT,
    cut: Cut | None = None,
    steps: Callable[[Batch], Any] | None = None,
) -> Data:
    """Training batches from one bucket each, held-out ones sorted by length.

    Args:
      splits: ``train``, ``valid`` and those that are tested: NumPy leaves ``[examples, ...]``, with ``lengths``, all
        padded to the longest of all. What they have as ``about`` is found in an ``Origin``.
      tested: see ``Data``.
      count: buckets, of the least padding that so many can have.
      cut: see ``Data``; ``cut_steps`` if left out.
      steps: see ``Data``.
    """
    splits = {split: batch._replace(about=Origin(numbers(batch), batch.about)) for split, batch in splits.items()}
    train = splits["train"]
    needed = {split: np.asarray(steps(batch) if steps else batch.lengths) for split, batch in splits.items()}
    buckets = make_buckets(needed["train"], count)
    whole = max(int(found.max()) for found in needed.values()) if steps else leading_steps(train)

    def drawn(arrays: Batch, key: jax.Array, step: jax.Array, size: int) -> Batch:
        rows = draw(buckets, key, step, size)
        return jax.tree.map(lambda leaf: jnp.asarray(leaf)[rows], arrays)

    @lru_cache(maxsize=8)
    def held_out(split: str, examples: int) -> Batch:
        found = splits[split]
        rows, counted = by_length(needed[split], examples)
        batches = jax.tree.map(lambda leaf: leaf[rows], found)
        return batches._replace(weights=batches.weights * counted.reshape(*rows.shape, *[1] * (found.weights.ndim - 1)))

    return Data(
        arrays=jax.tree.map(lambda leaf: leaf[buckets.order], train),
        train=drawn,
        held_out=held_out,
        tested=tested,
        times=tuple(sorted({*buckets.times, whole})),
        cut=cut or cut_steps,
        steps=steps,
        place=lambda batches: batches.about.row,
        mean_time=buckets.mean_time,
        mean_weight=float(train.weights.sum() / len(train.weights)),
    )


def leading_steps(batch: Batch) -> int:
    """Steps of the longest that its inputs have room for."""
    return jax.tree.leaves(batch.inputs)[0].shape[1]


def numbers(batch: Batch) -> np.ndarray:
    """0, 1, 2, … for its rows."""
    return np.arange(len(batch.weights), dtype=np.int32)


def cut_steps(batch: Batch, time: int) -> Batch:
    """The first steps of inputs and starts; of targets and weights too, where each step has its own weight."""

    def first(tree: Any) -> Any:
        return jax.tree.map(lambda leaf: leaf[:, :time], tree)

    found = batch._replace(inputs=first(batch.inputs), starts=first(batch.starts))
    if batch.weights.ndim == 1:
        return found
    return found._replace(targets=first(batch.targets), weights=first(batch.weights))
