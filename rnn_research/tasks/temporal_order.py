"""The temporal order problem: which two symbols came, and in which order."""

import math
from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.tasks.base import Batch, Inputs, Target, Task, accuracy
from rnn_research.tasks.measures import classified
from rnn_research.tasks.synthetic import check_lengths, synthetic, whole

SYMBOLS = 6  # A and B matter; the other four distract


def temporal_order(length: int = 50, shortest: int = 0) -> Task:
    """The temporal order problem in the form of Pascanu, Mikolov and Bengio (2013).

    A sequence of distractors (four symbols) holds two symbols from {A, B}: one at a step in
    [length/10, 2·length/10), one in [5·length/10, 6·length/10). The class, read after the last step, says
    which pair it was: AA, AB, BA or BB. Chance: accuracy 1/4, cross-entropy ln 4. Solved: at most 1% wrong.

    Args:
      length: steps in a sequence, at least 10.
      shortest: if given, each sequence draws a length of its own, uniform from this to ``length``; the symbols stand
        at the same shares of it.

    Raises:
      ValueError: too short, or a shortest that is longer.
    """
    check_lengths("temporal_order", length, shortest, least=10)

    def make(key, size):
        draws = jax.random.uniform(key, (size, length + 4 + (shortest > 0)))
        filler, first, second, pair, rest = jnp.split(draws, (length, length + 1, length + 2, length + 4), axis=1)
        filler, pair = whole(filler, 2, SYMBOLS), whole(pair, 0, 2)
        own: Any = whole(rest, shortest, length + 1) if shortest else length
        first = whole(first, own // 10, 2 * own // 10)
        second = whole(second, 5 * own // 10, 6 * own // 10)
        steps = jnp.arange(length)[None]
        symbols = jnp.where(steps == first, pair[:, :1], jnp.where(steps == second, pair[:, 1:], filler))
        inputs, classes = jax.nn.one_hot(symbols, SYMBOLS), 2 * pair[:, 0] + pair[:, 1]
        return Batch(inputs, classes, jnp.ones(size), own[:, 0] if shortest else None)

    return Task(
        data=synthetic(make),
        inputs=Inputs("numbers", SYMBOLS, length),
        target=Target("softmax", 4, each_step=False),
        goal=accuracy({"loss": math.log(4), "accuracy": 1 / 4}, solved=0.99),
        measure=classified,
    )
