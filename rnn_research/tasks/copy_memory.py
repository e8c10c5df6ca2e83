"""The copying problem: repeat ten symbols after a long wait."""

import math

import jax
import jax.numpy as jnp

from rnn_research.tasks.base import Batch, Inputs, Mean, Target, Task, lower
from rnn_research.tasks.measures import weighted
from rnn_research.tasks.synthetic import synthetic, whole


def copy_memory(delay: int = 50, copied: int = 10, symbols: int = 8) -> Task:
    """The copying problem (Hochreiter and Schmidhuber 1997, in the form of Arjovsky et al. 2016).

    Ten symbols of eight, ``delay − 1`` blanks, a delimiter, ten blanks: delay + 20 steps. The target is a blank
    at every step until the delimiter has been followed by ten steps in which the symbols are to be repeated.

    Loss: cross-entropy over all delay + 20 steps; remembering nothing costs ``10·ln 8/(delay + 20)``, the baseline;
    solved is a tenth of that.
    Accuracy: of the ten repeated symbols; 1/8 by chance.
    Bits recalled: ``10·log2 8 − Σ −log2 p(symbol)`` over the ten, a mean over sequences; at most as many as what the
    network has read and what it says have in common (the bound of Barber and Agakov 2003), 0 of a network that knows
    the symbols' frequencies alone, below 0 of a worse one.

    Args:
      delay: steps to wait, at least 1.
      copied: how many symbols in the place of ten, at least 1.
      symbols: size of the alphabet in the place of eight, at least 2.

    Raises:
      ValueError: a value too small.
    """
    if delay < 1 or copied < 1 or symbols < 2:
        raise ValueError(
            f"copy_memory needs delay 1 or more, copied 1 or more and symbols 2 or more, not {delay}, {copied} and "
            f"{symbols}"
        )
    blank, delimiter = symbols, symbols + 1
    time = delay + 2 * copied
    nothing = copied * math.log(symbols) / time

    def make(key, size):
        drawn = whole(jax.random.uniform(key, (size, copied)), 0, symbols)
        wait = jnp.full((size, delay - 1), blank)
        end = jnp.full((size, 1), delimiter)
        tail = jnp.full((size, copied), blank)
        inputs = jnp.concatenate([drawn, wait, end, tail], axis=1)
        targets = jnp.concatenate([jnp.full((size, delay + copied), blank), drawn], axis=1)
        return Batch(jax.nn.one_hot(inputs, symbols + 2), targets, jnp.ones((size, time)))

    def measure(terms, batch):
        repeated = slice(time - copied, time)
        weight = terms.weight[:, repeated]
        nats = weighted(terms.loss[:, repeated], weight)
        sequences = nats.weight / copied
        return {
            "loss": weighted(terms.loss, terms.weight),
            "accuracy": weighted(terms.right[:, repeated].astype(jnp.float32), weight),
            "bits_recalled": Mean(sequences * copied * math.log2(symbols) - nats.total / math.log(2), sequences),
        }

    return Task(
        data=synthetic(make),
        inputs=Inputs("numbers", symbols + 2, time),
        target=Target("softmax", symbols + 1, each_step=True),
        goal=lower("loss", {"loss": nothing, "accuracy": 1 / symbols, "bits_recalled": 0.0}, solved=nothing / 10),
        measure=measure,
    )
