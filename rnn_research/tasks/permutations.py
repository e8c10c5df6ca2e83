"""Products of permutations: which element of a group the ones that were read multiply to."""

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.lookup import lookup
from rnn_research.tasks.base import Batch, Inputs, Target, Task, accuracy
from rnn_research.tasks.measures import last_of, weighted
from rnn_research.tasks.synthetic import check_lengths, own_lengths, synthetic, whole

Permutation = tuple[int, ...]  # where each of 0 to 4 goes
CYCLE, SWAP, THREE = (1, 2, 3, 4, 0), (1, 0, 2, 3, 4), (1, 2, 0, 3, 4)
GENERATORS = {"S5": (CYCLE, SWAP), "A5": (CYCLE, THREE)}


def permutations(
    length: int = 20,
    shortest: int = 0,
    group: str = "S5",
    generators: bool = False,
    running: bool = True,
) -> Task:
    """The word problem of S5 (120 permutations of five things) or A5 (its 60 even ones): Barrington (1989); Liu et al.
    (2023), with two generators; Merrill, Petty and Sabharwal (2024), with all elements.

    Each step is an element, one-hot and uniform; the class is the product of all that were read, the first applied
    first. Neither group is solvable, so no sum of what was read tells the product, nor any such sums in a few layers.

    Loss: over all steps. Accuracy: of the product of the whole sequence; chance is 1/120 or 1/60, cross-entropy its
    logarithm. Solved: at most 1% wrong.

    Args:
      length: steps in a sequence, at least 1.
      shortest: if given, each sequence draws a length of its own, uniform from this to ``length``.
      group: ``S5`` or ``A5``.
      generators: read only two elements that make up the group: the cycle of five things, and a swap of two (S5) or a
        cycle of three (A5).
      running: ask for the product after every step, or only after the last.

    Raises:
      ValueError: another group, too short, or a shortest that is longer.
    """
    check_lengths("permutations", length, shortest, least=1)
    known = elements(group)
    table = jnp.asarray(products(known))
    alphabet = jnp.asarray([known.index(one) for one in (GENERATORS[group] if generators else known)])

    def running_products(read):
        """Of each row, the identity (number 0) times its first elements."""

        def step(product, then):
            product = table[product, then]
            return product, product

        return jax.lax.scan(step, jnp.zeros_like(read[:, 0]), read.T)[1].T

    def make(key, size):
        draws = jax.random.uniform(key, (size, length + 1))
        read, own = whole(draws[:, :length], 0, len(alphabet)), own_lengths(draws[:, length:], length, shortest)
        targets = running_products(alphabet[read])
        steps = jnp.arange(length)[None]
        weights = (steps < own if running else steps == own - 1).astype(jnp.float32)
        return Batch(jax.nn.one_hot(read, len(alphabet)), targets, weights, own[:, 0] if shortest else None)

    def measure(terms, batch):
        right = terms.right.astype(terms.loss.dtype)
        return {"loss": weighted(terms.loss, terms.weight), "accuracy": weighted(right, last_of(terms.weight))}

    return Task(
        data=synthetic(make),
        inputs=Inputs("numbers", len(alphabet), length),
        target=Target("softmax", len(known), each_step=True),
        goal=accuracy({"loss": math.log(len(known)), "accuracy": 1 / len(known)}, solved=0.99),
        measure=measure,
    )


def elements(group: str) -> list[Permutation]:
    """Of the group, in lexical order, the identity first.

    Raises:
      ValueError: another group.
    """
    lookup(GENERATORS, group, "group")
    every = itertools.permutations(range(5))
    return [one for one in every if group == "S5" or _even(one)]


def _even(one: Permutation) -> bool:
    return sum(a > b for a, b in itertools.combinations(one, 2)) % 2 == 0


def products(known: list[Permutation]) -> np.ndarray:
    """``[first, then]``: the number of the element that applies one and then the other."""
    number = {one: index for index, one in enumerate(known)}
    return np.array([[number[tuple(then[place] for place in first)] for then in known] for first in known], np.int32)
