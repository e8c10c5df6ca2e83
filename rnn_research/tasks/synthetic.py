"""Data drawn on the device: endless, the same for a seed."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.data.batching import stack_batches
from rnn_research.tasks.base import SPLITS, Batch, Data


def synthetic(make: Callable[[jax.Array, int], Batch]) -> Data:
    """Training batches that depend on (key, step), and held-out ones that are the same for all trials.

    Args:
      make: ``(key, size) -> Batch``, jit-able. It should draw all it needs in one call and cut it up: each call of its
        own adds a third of a second to the compile time on a CPU.
    """

    def train(arrays: Any, key: jax.Array, step: jax.Array, size: int) -> Batch:
        return make(jax.random.fold_in(key, step), size)

    @lru_cache(maxsize=8)
    def held_out(split: str, examples: int) -> Batch:
        return stack_batches(lambda index, size: make(_held_out_key(split, index), size), examples)

    return Data((), train, held_out)


def _held_out_key(split: str, index: jax.Array) -> jax.Array:
    return jax.random.fold_in(jax.random.fold_in(jax.random.key(20140901), SPLITS.index(split)), index)


def whole(uniform: jax.Array, low: int | jax.Array, high: int | jax.Array) -> jax.Array:
    """Numbers uniform on [0, 1) as whole numbers uniform on [low, high)."""
    return low + jnp.floor(uniform * (high - low)).astype(jnp.int32)
