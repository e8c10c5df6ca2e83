"""The two-sequence problem: recall through noise of which sign a sequence began with."""

import math

import jax
import jax.numpy as jnp

from rnn_research.tasks.base import Batch, Inputs, Target, Task, accuracy
from rnn_research.tasks.measures import classified
from rnn_research.tasks.synthetic import synthetic

DEVIATION = math.sqrt(0.2)  # of the noise; the paper's variance is 0.2


def two_sequences(length: int = 50, informative: int = 3, noisy: bool = False) -> Task:
    """The two-sequence problem (Bengio, Simard and Frasconi 1994; Hochreiter and Schmidhuber 1997, experiment 3).

    One number a step: in the first ``informative`` steps 1 for class 1 and −1 for class 0, after them Gaussian noise of
    mean 0 and variance 0.2. The class is read after the last step. The paper's sequences are up to a tenth longer.

    Chance: accuracy 1/2, cross-entropy ln 2. Solved: at most 1% wrong; with noise on three informative steps too, the
    sign of their sum is wrong in 0.005% of the sequences.

    Args:
      length: steps in a sequence, at least ``informative``.
      informative: steps that say the class, at least 1: the paper's N, 1 or 3.
      noisy: noise of the same variance on the informative steps too (experiment 3b).

    Raises:
      ValueError: a value too small.
    """
    if informative < 1:
        raise ValueError(f"two_sequences needs informative 1 or more, not {informative}")
    if length < informative:
        raise ValueError(f"two_sequences needs length {informative} or more, not {length}")

    def make(key, size):
        draws = jax.random.normal(key, (size, length + 1))
        noise, classes = DEVIATION * draws[:, :length], (draws[:, length] > 0).astype(jnp.int32)
        says = jnp.arange(length)[None] < informative
        inputs = jnp.where(says, 2.0 * classes[:, None] - 1, 0) + jnp.where(says & (not noisy), 0, noise)
        return Batch(inputs[..., None], classes, jnp.ones(size))

    return Task(
        data=synthetic(make),
        inputs=Inputs("numbers", 1, length),
        target=Target("softmax", 2, each_step=False),
        goal=accuracy({"loss": math.log(2), "accuracy": 1 / 2}, solved=0.99),
        measure=classified,
    )
