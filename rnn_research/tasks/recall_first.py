"""Recall of the first symbol: the easiest dependency there is; every cell must learn it."""

import math

import jax
import jax.numpy as jnp

from rnn_research.tasks.base import Batch, Inputs, Target, Task, accuracy
from rnn_research.tasks.measures import classified
from rnn_research.tasks.synthetic import synthetic, whole


def recall_first(length: int = 20, symbols: int = 4, distractors: bool = True) -> Task:
    """Name the first of ``length`` random symbols after the last step (C28's delayed recall).

    Chance: accuracy 1/symbols, cross-entropy ln symbols. Solved: at most 1% wrong.

    Args:
      length: steps in a sequence, at least 1.
      symbols: size of the alphabet, at least 2.
      distractors: random symbols after the first; without them nothing is read there, only zeros: recall without noise.

    Raises:
      ValueError: a value too small.
    """
    if length < 1 or symbols < 2:
        raise ValueError(f"recall_first needs length 1 or more and symbols 2 or more, not {length} and {symbols}")

    def make(key, size):
        sequence = whole(jax.random.uniform(key, (size, length)), 0, symbols)
        inputs = jax.nn.one_hot(sequence, symbols)
        inputs = inputs if distractors else inputs.at[:, 1:].set(0)
        return Batch(inputs, sequence[:, 0], jnp.ones(size))

    return Task(
        data=synthetic(make),
        inputs=Inputs("numbers", symbols, length),
        target=Target("softmax", symbols, each_step=False),
        goal=accuracy({"loss": math.log(symbols), "accuracy": 1 / symbols}, solved=0.99),
        measure=classified,
    )
