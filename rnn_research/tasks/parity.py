"""Parity: whether the ones among the bits that were read are odd in number."""

import math

import jax
import jax.numpy as jnp

from rnn_research.tasks.base import Batch, Inputs, Target, Task, accuracy
from rnn_research.tasks.measures import classified
from rnn_research.tasks.synthetic import check_lengths, own_lengths, synthetic, whole


def parity(length: int = 20, shortest: int = 0) -> Task:
    """Parity of random bits (Hochreiter and Schmidhuber 1996; the regular task "parity check" of Delétang et al. 2023).

    Each step is a bit, one-hot. The class, read after the last step, is 1 where the number of ones is odd. One bit
    changes it, wherever it stands. Chance: accuracy 1/2, cross-entropy ln 2. Solved: at most 1% wrong.

    Args:
      length: steps in a sequence, at least 1.
      shortest: if given, each sequence draws a length of its own, uniform from this to ``length`` (Delétang et al.: 1
        to 40), so that short ones show what long ones ask for.

    Raises:
      ValueError: too short, or a shortest that is longer.
    """
    check_lengths("parity", length, shortest, least=1)

    def make(key, size):
        draws = jax.random.uniform(key, (size, length + 1))
        bits, own = whole(draws[:, :length], 0, 2), own_lengths(draws[:, length:], length, shortest)
        ones = jnp.sum(jnp.where(jnp.arange(length)[None] < own, bits, 0), axis=1)
        return Batch(jax.nn.one_hot(bits, 2), ones % 2, jnp.ones(size), own[:, 0] if shortest else None)

    return Task(
        data=synthetic(make),
        inputs=Inputs("numbers", 2, length),
        target=Target("softmax", 2, each_step=False),
        goal=accuracy({"loss": math.log(2), "accuracy": 1 / 2}, solved=0.99),
        measure=classified,
    )
