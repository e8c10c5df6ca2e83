"""The adding problem: add the two marked numbers of a long sequence."""

import jax
import jax.numpy as jnp

from rnn_research.tasks.base import Batch, Inputs, Target, Task, lower
from rnn_research.tasks.measures import squared_error
from rnn_research.tasks.synthetic import synthetic, whole


def adding(length: int = 50) -> Task:
    """The adding problem (Hochreiter and Schmidhuber 1997, in the form of Arjovsky et al. 2016).

    Each step holds a number uniform on [0, 1) and a mark. Two steps are marked, one in each half; the target,
    read after the last step, is the sum of their numbers. Mean squared error.

    Always answering 1 gives the variance of the sum of two uniforms, 1/6 = 0.167: the baseline. Solved: 0.01 and less.

    Args:
      length: steps in a sequence, at least 2.

    Raises:
      ValueError: too short.
    """
    if length < 2:
        raise ValueError(f"adding needs length 2 or more, not {length}")

    def make(key, size):
        values, marks = marked(key, size, length)
        return Batch(
            inputs=jnp.stack([values, marks], axis=-1), targets=jnp.sum(values * marks, axis=1), weights=jnp.ones(size)
        )

    return Task(
        data=synthetic(make),
        inputs=Inputs("numbers", 2, length),
        target=Target("regression", 1, each_step=False),
        goal=lower("mse", {"loss": 1 / 6, "mse": 1 / 6}, solved=0.01),
        measure=squared_error,
    )


def marked(key: jax.Array, size: int, length: int) -> tuple[jax.Array, jax.Array]:
    """Numbers uniform on [0, 1) ``[size, length]``, and marks: 1 at a step of each half, 0 elsewhere."""
    half = length // 2
    draws = jax.random.uniform(key, (size, length + 2))
    values, first, second = jnp.split(draws, (length, length + 1), axis=1)
    first, second = whole(first, 0, half), whole(second, half, length)
    steps = jnp.arange(length)[None]
    return values, ((steps == first) | (steps == second)).astype(values.dtype)
