"""Embedded Reber strings: the symbol before the last is the second one, however long the string between."""

import math

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.tasks.base import Batch, Inputs, Target, Task, accuracy
from rnn_research.tasks.measures import last_of, weighted
from rnn_research.tasks.synthetic import check_lengths, own_lengths, synthetic, whole

SYMBOLS = "BTPSXVE"
# Reber's grammar after its B: of each state, the two symbols that may follow, each as likely, and where they lead.
GRAMMAR = (("TP", (1, 2)), ("SX", (1, 3)), ("TV", (2, 4)), ("XS", (2, 5)), ("PV", (3, 5)), ("EE", (6, 6)))
DONE = len(GRAMMAR)
READ = np.array([[SYMBOLS.index(symbol) for symbol in pair] for pair, _ in GRAMMAR] + [[SYMBOLS.index("E")] * 2])
LEADS = np.array([pair for _, pair in GRAMMAR] + [(DONE, DONE)])
FRAME = 5  # symbols of an embedded string that the walk through the grammar does not make: B, T or P, B; T or P, E


def embedded_reber(length: int = 20, shortest: int = 0) -> Task:
    """Predict the next symbol of embedded Reber strings (Smith and Zipser 1989; Cleeremans et al. 1989; Hochreiter and
    Schmidhuber 1997, experiment 1).

    ``B x R x E``: x is T or P, R a string of Reber's grammar, in which every state leads to two others, each as likely.
    Strings of one length are as likely as the grammar makes them among those of that length. The last symbol but one
    is x again, ``length − 4`` steps after it was read: what the grammar between does not say.

    Loss: cross-entropy over all steps, also where two symbols may follow. Accuracy: of the last symbol but one, the
    only one that takes a memory beyond the grammar's six states. Who knows the grammar and not x is right in half of
    the strings, the baseline; its loss is that of even chances, ln 7. Solved: at most 1% wrong.

    Args:
      length: symbols in a string, at least 9.
      shortest: if given, each string draws a length of its own, uniform from this to ``length``.

    Raises:
      ValueError: too short, or a shortest that is longer.
    """
    check_lengths("embedded_reber", length, shortest, least=9)
    chances = jnp.asarray(first_branch(length - FRAME), jnp.float32)
    reads, leads = jnp.asarray(READ), jnp.asarray(LEADS)

    def walk(left, draws):
        """The symbols after the inner B ``[walked, size]``, ``left`` of them until its E."""

        def step(carry, draw):
            state, left = carry
            branch = (draw >= chances[left, state]).astype(jnp.int32)
            return (leads[state, branch], jnp.maximum(left - 1, 0)), reads[state, branch]

        return jax.lax.scan(step, (jnp.zeros_like(left), left), draws)[1]

    def make(key, size):
        draws = jax.random.uniform(key, (length - FRAME + 2, size))
        own, x = own_lengths(draws[0], length, shortest), 1 + whole(draws[1], 0, 2)
        begin = jnp.zeros_like(x)
        inner = walk(own - FRAME, draws[2:])
        end = jnp.full((2, size), SYMBOLS.index("E"))
        string = jnp.concatenate([jnp.stack([begin, x, begin]), inner, end], axis=0).T
        steps = jnp.arange(length)[None]
        string = jnp.where(steps == own[:, None] - 2, x[:, None], string)
        weights = (steps[:, :-1] < own[:, None] - 1).astype(jnp.float32)
        inputs = jax.nn.one_hot(string[:, :-1], len(SYMBOLS))
        return Batch(inputs, string[:, 1:], weights, own - 1 if shortest else None)

    def measure(terms, batch):
        last = last_of(terms.weight)
        asked = last.__array_namespace__().roll(last, -1, axis=1)
        right = terms.right.astype(terms.loss.dtype)
        return {"loss": weighted(terms.loss, terms.weight), "accuracy": weighted(right, asked)}

    return Task(
        data=synthetic(make),
        inputs=Inputs("numbers", len(SYMBOLS), length - 1),
        target=Target("softmax", len(SYMBOLS), each_step=True),
        goal=accuracy({"loss": math.log(len(SYMBOLS)), "accuracy": 1 / 2}, solved=0.99),
        measure=measure,
    )


def first_branch(longest: int) -> np.ndarray:
    """``[left, state]``: how likely the first of a state's two symbols is, with ``left`` more until the E, that one
    included; by Bayes' rule from the chance that either ends there."""
    ends = np.zeros((longest + 1, DONE + 1))
    ends[0, DONE] = 1
    first = np.ones((longest + 1, DONE + 1))
    for left in range(1, longest + 1):
        both = ends[left - 1][LEADS[:DONE]]
        ends[left, :DONE] = both.mean(axis=1)
        first[left, :DONE] = np.divide(both[:, 0], both.sum(axis=1), out=np.ones(DONE), where=both.sum(axis=1) > 0)
    return first
