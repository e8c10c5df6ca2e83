"""Reverse or sort a string that was read, with one network that reads it and then writes."""

import math
from collections.abc import Callable
from functools import partial
from typing import Literal

import jax
import jax.numpy as jnp

from rnn_research.tasks.base import Batch, Inputs, Mean, Target, Task, accuracy
from rnn_research.tasks.measures import weighted
from rnn_research.tasks.synthetic import check_lengths, own_lengths, synthetic, whole

Operation = Literal["reverse", "sort"]
# ``(string [batch, length], own [batch, 1], steps [1, length]) -> [batch, length]``: what is written, from the first
# step on; past a string's own length, where all its symbols are greater than any, whatever.
OPERATIONS: dict[str, Callable] = {
    "reverse": lambda string, own, steps: jnp.take_along_axis(string, jnp.maximum(own - 1 - steps, 0), axis=1),
    "sort": lambda string, own, steps: jnp.sort(string, axis=1),
}


def string_operations(
    op: Operation = "reverse", symbols: int = 2, length: int = 40, shortest: int = 0, tested_to: int = 0
) -> Task:
    """A string and as many blanks, during which it is to be written again: from its end, or in the order of its symbols
    (Delétang et al. 2023: "reverse string" with 2 symbols, "bucket sort" with 5).

    A string of n symbols takes 2n steps, one-hot, the blank one feature more. Nothing that was written is read again;
    there is no encoder with a decoder (``symbols`` has those). Loss: cross-entropy of the n steps that are written.
    Accuracy: the share of right symbols of a string, averaged over strings, so that long ones weigh as short ones do.
    Chance: 1/symbols; in sorting long strings the place alone tells most, so that a network may know more than that
    without having read a thing. Solved: at most 1% wrong.

    Args:
      op: what is written.
      symbols: in the alphabet, at least 2.
      length: of the longest string to train on.
      shortest: if given, each string draws a length of its own, uniform from this to ``length``.
      tested_to: if given, the test split has lengths uniform from ``length + 1`` to this.

    Raises:
      ValueError: fewer symbols; too short, a shortest that is longer, or a test that is not of longer ones.
    """
    check_lengths("string_operations", length, shortest, 1, tested_to)
    if symbols < 2:
        raise ValueError(f"string_operations needs 2 symbols or more, not {symbols}")

    def make(key, size, length=length, shortest=shortest):
        draws, steps = jax.random.uniform(key, (size, length + 1)), jnp.arange(length)[None]
        own = own_lengths(draws[:, length:], length, shortest)
        string = jnp.where(steps < own, whole(draws[:, :length], 0, symbols), symbols)
        written = OPERATIONS[op](string, own, steps)
        time = jnp.arange(2 * length)[None]
        writing = (time >= own) & (time < 2 * own)
        inputs = jnp.concatenate([string, jnp.full((size, length), symbols)], axis=1)
        targets = jnp.take_along_axis(written, jnp.clip(time - own, 0, length - 1), axis=1)
        return Batch(
            jax.nn.one_hot(inputs, symbols + 1),
            jnp.where(writing, targets, 0),
            writing.astype(jnp.float32),
            2 * own[:, 0] if shortest else None,
        )

    return Task(
        data=synthetic(make, partial(make, length=tested_to, shortest=length + 1) if tested_to else None),
        inputs=Inputs("numbers", symbols + 1, 2 * length),
        target=Target("softmax", symbols, each_step=True),
        goal=accuracy({"loss": math.log(symbols), "accuracy": 1 / symbols}, solved=0.99),
        measure=by_string,
    )


def by_string(terms, batch):
    """The loss, a mean over what is written; of accuracy a mean over strings."""
    xp = terms.loss.__array_namespace__()
    written = terms.weight.sum(axis=1)
    right = (terms.right.astype(terms.loss.dtype) * terms.weight).sum(axis=1) / xp.where(written > 0, written, 1)
    counted = (written > 0).astype(terms.loss.dtype)
    return {"loss": weighted(terms.loss, terms.weight), "accuracy": Mean((right * counted).sum(), counted.sum())}
