"""Classes, told from the features of all steps at once."""

import jax.numpy as jnp

from rnn_research.experiment.config import ModelConfig
from rnn_research.heads.base import Head, Read
from rnn_research.heads.dense import check_pooling
from rnn_research.heads.softmax import softmax
from rnn_research.tasks.base import Target


def flattened(config: ModelConfig, target: Target) -> Head:
    """The head ``softmax`` over the features of the first ``target.time`` steps side by side, where that reads what
    they are pooled to: ``kernel [time·width, size]``, a block of rows for each step. Features in padding are zeros.

    Raises:
      ValueError: a target that does not say how many steps there are, or that has one output for each; pooling.
    """
    if target.time < 1 or target.each_step:
        raise ValueError("flattened needs a target with its number of steps (time), and one output for the sequence")
    check_pooling(config, target.head)
    head = softmax(config, target)

    def flat(read: Read) -> Read:
        steps = jnp.swapaxes(read.steps[: target.time], 0, 1)
        return read._replace(pooled=steps.reshape(len(steps), -1))

    return Head(
        init=lambda key, width: head.init(key, target.time * width),
        terms=lambda params, read, batch, noise: head.terms(params, flat(read), batch, noise),
        answer=lambda params, read, batch: head.answer(params, flat(read), batch),
    )
