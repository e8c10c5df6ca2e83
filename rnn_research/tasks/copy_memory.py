"""The copying problem: repeat ten symbols after a long wait."""

import math

import jax
import jax.numpy as jnp

from rnn_research.tasks.base import Batch, Inputs, Target, Task, lower
from rnn_research.tasks.measures import weighted
from rnn_research.tasks.synthetic import synthetic, whole

SYMBOLS, COPIED = 8, 10
BLANK, DELIMITER = SYMBOLS, SYMBOLS + 1


def copy_memory(delay: int = 50) -> Task:
    """The copying problem (Hochreiter and Schmidhuber 1997, in the form of Arjovsky et al. 2016).

    Ten symbols of eight, ``delay − 1`` blanks, a delimiter, ten blanks: delay + 20 steps. The target is a blank
    at every step until the delimiter has been followed by ten steps in which the symbols are to be repeated.

    Loss: cross-entropy over all delay + 20 steps; remembering nothing costs ``10·ln 8/(delay + 20)``, the baseline;
    solved is a tenth of that.
    Accuracy: of the ten repeated symbols; 1/8 by chance.

    Args:
      delay: steps to wait, at least 1.

    Raises:
      ValueError: no delay.
    """
    if delay < 1:
        raise ValueError(f"copy_memory needs delay 1 or more, not {delay}")
    time = delay + 2 * COPIED
    nothing = COPIED * math.log(SYMBOLS) / time

    def make(key, size):
        symbols = whole(jax.random.uniform(key, (size, COPIED)), 0, SYMBOLS)
        wait = jnp.full((size, delay - 1), BLANK)
        delimiter = jnp.full((size, 1), DELIMITER)
        tail = jnp.full((size, COPIED), BLANK)
        inputs = jnp.concatenate([symbols, wait, delimiter, tail], axis=1)
        targets = jnp.concatenate([jnp.full((size, delay + COPIED), BLANK), symbols], axis=1)
        return Batch(jax.nn.one_hot(inputs, SYMBOLS + 2), targets, jnp.ones((size, time)))

    def measure(terms, batch):
        repeated = slice(time - COPIED, time)
        recall = terms.right[:, repeated].astype(jnp.float32)
        return {
            "loss": weighted(terms.loss, terms.weight),
            "accuracy": weighted(recall, terms.weight[:, repeated]),
        }

    return Task(
        data=synthetic(make),
        inputs=Inputs("numbers", SYMBOLS + 2, time),
        target=Target("softmax", SYMBOLS + 1, each_step=True),
        goal=lower("loss", {"loss": nothing, "accuracy": 1 / SYMBOLS}, solved=nothing / 10),
        measure=measure,
    )
