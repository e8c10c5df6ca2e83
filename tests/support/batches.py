"""Batches of a task: drawn as training draws them, and those that are held out."""

from functools import lru_cache

import jax
import numpy as np

KEY = jax.random.key(42)


def draw(task, size=64, step=0, key=KEY):
    """The training batch of an update, NumPy."""
    return jax.tree.map(np.asarray, _compiled(task.data.train)(task.data.arrays, key, step, size))


@lru_cache(maxsize=32)
def _compiled(train):
    return jax.jit(train, static_argnums=3)


def held(task, split="valid", examples=10**9, batch=0):
    """One batch of a split."""
    return jax.tree.map(lambda leaf: leaf[batch], task.data.held_out(split, examples))


def in_order(batches):
    """The rows of batches by length that count, in the order of the split, without the axis of the batches."""
    counted = batches.weights.reshape(*batches.weights.shape[:2], -1).any(axis=-1)
    order = np.argsort(batches.about.row[counted])
    return jax.tree.map(lambda leaf: leaf[counted][order], batches)
