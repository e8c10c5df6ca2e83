"""Parity: whether the ones among the bits that were read are odd in number."""

import math
from functools import partial

import jax
import jax.numpy as jnp

from rnn_research.tasks.base import Batch, Inputs, Target, Task, accuracy
from rnn_research.tasks.measures import classified
from rnn_research.tasks.synthetic import check_lengths, own_lengths, synthetic, whole


def parity(length: int = 20, shortest: int = 0, tested_to: int = 0) -> Task:
    """Parity of random bits (Hochreiter and Schmidhuber 1996; the regular task "parity check" of Delétang et al. 2023).

    Each step is a bit, one-hot. The class, read after the last step, is 1 where the number of ones is odd. One bit
    changes it, wherever it stands. Chance: accuracy 1/2, cross-entropy ln 2. Solved: at most 1% wrong.

    Args:
      length: steps in a sequence, at least 1.
      shortest: if given, each sequence draws a length of its own, uniform from this to ``length`` (Delétang et al.: 1
        to 40), so that short ones show what long ones ask for.
      tested_to: if given, the test split has lengths uniform from ``length + 1`` to this (Delétang et al.: 41 to 500).

    Raises:
      ValueError: too short, a shortest that is longer, or a test that is not of longer ones.
    """
    check_lengths("parity", length, shortest, 1, tested_to)

    def make(key, size, length=length, shortest=shortest):
        draws = jax.random.uniform(key, (size, length + 1))
        bits, own = whole(draws[:, :length], 0, 2), own_lengths(draws[:, length:], length, shortest)
        ones = jnp.sum(jnp.where(jnp.arange(length)[None] < own, bits, 0), axis=1)
        return Batch(jax.nn.one_hot(bits, 2), ones % 2, jnp.ones(size), own[:, 0] if shortest else None)

    return Task(
        data=synthetic(make, partial(make, length=tested_to, shortest=length + 1) if tested_to else None),
        inputs=Inputs("numbers", 2, length),
        target=Target("softmax", 2, each_step=False),
        goal=accuracy({"loss": math.log(2), "accuracy": 1 / 2}, solved=0.99),
        measure=classified,
    )
