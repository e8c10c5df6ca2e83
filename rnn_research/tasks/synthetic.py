"""Data drawn on the device: endless, the same for a seed."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.data.batching import stack_batches
from rnn_research.tasks.base import SPLITS, Batch, Data


def synthetic(
    make: Callable[[jax.Array, int], Batch], make_test: Callable[[jax.Array, int], Batch] | None = None
) -> Data:
    """Training batches that depend on (key, step), and held-out ones that are the same for all trials.

    Args:
      make: ``(key, size) -> Batch``, jit-able. It should draw all it needs in one call and cut it up: each call of its
        own adds a third of a second to the compile time on a CPU.
      make_test: the same of the test split, where that is of other sequences, longer ones for one.
    """

    def train(arrays: Any, key: jax.Array, step: jax.Array, size: int) -> Batch:
        return make(jax.random.fold_in(key, step), size)

    @lru_cache(maxsize=8)
    def held_out(split: str, examples: int) -> Batch:
        drawn = make_test if make_test and split == "test" else make
        return stack_batches(lambda index, size: drawn(_held_out_key(split, index), size), examples)

    return Data((), train, held_out)


def _held_out_key(split: str, index: jax.Array) -> jax.Array:
    return jax.random.fold_in(jax.random.fold_in(jax.random.key(20140901), SPLITS.index(split)), index)


def whole(uniform: jax.Array, low: int | jax.Array, high: int | jax.Array) -> jax.Array:
    """Numbers uniform on [0, 1) as whole numbers uniform on [low, high)."""
    return low + jnp.floor(uniform * (high - low)).astype(jnp.int32)


def own_lengths(uniform: jax.Array, length: int, shortest: int) -> jax.Array:
    """Numbers uniform on [0, 1) as lengths uniform from ``shortest`` to ``length``; a shortest of 0: all of them
    ``length``."""
    return whole(uniform, shortest or length, length + 1)


def check_lengths(task: str, length: int, shortest: int, least: int, tested_to: int = 0) -> None:
    """Refuse lengths of which there are no sequences.

    Raises:
      ValueError: one below ``least``, a shortest that is longer than the longest, or a test of longer ones that is of
        none.
    """
    if tested_to and tested_to <= length:
        raise ValueError(f"{task}: tested_to must be 0 or more than length ({length}), not {tested_to}")
    if length < least or 0 < shortest < least:
        raise ValueError(f"{task} needs length {least} or more, not {shortest or length}")
    if not 0 <= shortest <= length:
        raise ValueError(f"{task}: shortest must be from 0 to length ({length}), not {shortest}")
