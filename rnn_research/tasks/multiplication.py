"""The multiplication problem: multiply the two marked numbers of a long sequence."""

import jax.numpy as jnp

from rnn_research.tasks.adding import marked
from rnn_research.tasks.base import Batch, Inputs, Target, Task, lower
from rnn_research.tasks.measures import squared_error
from rnn_research.tasks.synthetic import synthetic

VARIANCE = 7 / 144  # of the product of two numbers uniform on [0, 1): 1/3² − 1/4²


def multiplication(length: int = 50) -> Task:
    """The multiplication problem (Hochreiter and Schmidhuber 1997, experiment 5), its sequences those of ``adding``.

    The target, read after the last step, is the product of the two marked numbers: what is kept of the first must be
    scaled by the second, so a sum of what was read does not do. Mean squared error.

    Always answering 1/4, the mean, gives the variance, 7/144 = 0.049: the baseline. Solved: 0.003 and less, which is
    the share of it that 0.01 is of the baseline of ``adding``; the paper's networks reached 0.022 and 0.014.

    Args:
      length: steps in a sequence, at least 2.

    Raises:
      ValueError: too short.
    """
    if length < 2:
        raise ValueError(f"multiplication needs length 2 or more, not {length}")

    def make(key, size):
        values, marks = marked(key, size, length)
        product = jnp.prod(jnp.where(marks > 0, values, 1), axis=1)
        return Batch(jnp.stack([values, marks], axis=-1), product, jnp.ones(size))

    return Task(
        data=synthetic(make),
        inputs=Inputs("numbers", 2, length),
        target=Target("regression", 1, each_step=False),
        goal=lower("mse", {"loss": VARIANCE, "mse": VARIANCE}, solved=0.003),
        measure=squared_error,
    )
