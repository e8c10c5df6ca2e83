"""The adding problem: add the two marked numbers of a long sequence."""

import jax
import jax.numpy as jnp

from rnn_research.tasks.base import Batch, Task, synthetic_key, whole
from rnn_research.tasks.objectives import regression


def adding(length: int = 50) -> Task:
    """The adding problem (Hochreiter and Schmidhuber 1997, in the form of Arjovsky et al. 2016).

    Each step holds a number uniform on [0, 1) and a mark. Two steps are marked, one in each half; the target,
    read after the last step, is the sum of their numbers. Mean squared error.

    Always answering 1 gives the variance of the sum of two uniforms, 1/6 = 0.167: the baseline.

    Args:
      length: steps in a sequence, at least 2.

    Raises:
      ValueError: too short.
    """
    if length < 2:
        raise ValueError(f"adding needs length 2 or more, not {length}")
    half = length // 2

    def batch(data, key, split, index, size):
        del data
        draws = jax.random.uniform(synthetic_key(key, split, index), (size, length + 2))
        values, first, second = jnp.split(draws, (length, length + 1), axis=1)
        first, second = whole(first, 0, half), whole(second, half, length)
        steps = jnp.arange(length)[None]
        marks = ((steps == first) | (steps == second)).astype(values.dtype)
        return Batch(
            inputs=jnp.stack([values, marks], axis=-1), targets=jnp.sum(values * marks, axis=1), weights=jnp.ones(size)
        )

    return Task(
        input_size=2,
        output_size=1,
        time=length,
        readout="last",
        batch=batch,
        metrics=regression,
        metric="mse",
        better="lower",
        baseline={"loss": 1 / 6, "mse": 1 / 6},
    )
