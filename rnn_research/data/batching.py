"""Stateless batching: the batch is a function of (seed, step), so resuming needs one integer."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

ROUNDS = 64
LARGEST = 256  # examples of a batch that is scored


def of_examples(
    splits: Mapping[str, Any], read: Callable[[Any, jax.Array, jax.Array], Any]
) -> tuple[Callable, Callable]:
    """Batches of examples in memory: ``Data.train``, of ``splits["train"]`` as ``Data.arrays``, and ``Data.held_out``,
    which gives the training split too, each example once and in order.

    Args:
      splits: by name, trees of arrays with the examples leading.
      read: ``(arrays, rows, weights) -> batch``, jit-able.
    """

    def train(arrays: Any, key: jax.Array, step: jax.Array, size: int) -> Any:
        return read(arrays, *batch_indices(number_of(arrays), key, "train", step, size))

    @lru_cache(maxsize=8)
    def held_out(split: str, examples: int) -> Any:
        count = number_of(splits[split])

        def one(index, size):
            return read(splits[split], *batch_indices(count, jax.random.key(0), "held out", index, size))

        return stack_batches(one, min(count, examples))

    return train, held_out


def number_of(arrays: Any) -> int:
    """Examples in a tree of arrays that they lead."""
    return len(jax.tree.leaves(arrays)[0])


def stack_batches(make: Callable[[Any, int], Any], count: int) -> Any:
    """``count`` examples, rounded up to batches of one size of at most ``LARGEST``: NumPy, ``[batches, size, ...]``.

    Args:
      make: ``(index, size) -> `` the tree of that batch, jit-able.
    """
    batches = -(-count // LARGEST)
    size = -(-count // batches)
    one = jax.jit(lambda index: make(index, size))
    return jax.tree.map(lambda *leaves: np.stack(leaves), *(one(index) for index in range(batches)))


def batch_indices(examples: int, key: jax.Array, split: str, index: Any, size: int) -> tuple[jax.Array, jax.Array]:
    """Rows of batch ``index`` and their weights, both ``[size]``.

    Of the split ``train`` every row is walked through once an epoch, each epoch in an order of its own that depends on
    the key only. Others are read from the first row on; rows past the end have weight 0.
    """
    position = index * size + jnp.arange(size)
    if split == "train":
        return shuffled(position, examples, key), jnp.ones(size)
    return jnp.minimum(position, examples - 1), (position < examples).astype(jnp.float32)


def shuffled(position: jax.Array, examples: int | jax.Array, key: jax.Array) -> jax.Array:
    """Row at each position of an endless walk, epoch after epoch: a permutation of the rows in each.

    The swap-or-not shuffle (Hoang, Morris and Rogaway 2012): each round pairs row x with k − x and swaps the
    pairs that a hash chooses. Any row is found without making the permutation.

    Args:
      position: places in the walk, whole numbers ``[n]``.
      examples: rows.
      key: a jax key.
    """
    words = jax.random.bits(key, (2,), jnp.uint32)
    epoch = (position // examples).astype(jnp.uint32)
    row = (position % examples).astype(jnp.uint32)
    rows = jnp.uint32(examples)

    def swap_or_not(round_index, row):
        seed = _mix(words[0] ^ _mix(epoch ^ _mix(round_index.astype(jnp.uint32) ^ words[1])))
        partner = (seed % rows + rows - row) % rows
        chosen = _mix(jnp.maximum(row, partner) ^ _mix(seed ^ words[1])) & 1
        return jnp.where(chosen == 1, partner, row)

    return jax.lax.fori_loop(0, ROUNDS, swap_or_not, row).astype(jnp.int32)


def _mix(x: jax.Array) -> jax.Array:
    """A 32-bit integer hash (Wellons' lowbias32): every input bit moves every output bit."""
    x = (x ^ (x >> 16)) * jnp.uint32(0x7FEB352D)
    x = (x ^ (x >> 15)) * jnp.uint32(0x846CA68B)
    return x ^ (x >> 16)
