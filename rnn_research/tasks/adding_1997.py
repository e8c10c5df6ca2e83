"""The adding problem in its first form."""

import jax
import jax.numpy as jnp

from rnn_research.tasks.base import Batch, Inputs, Mean, Target, Task, Terms, accuracy
from rnn_research.tasks.measures import squared_error, weighted
from rnn_research.tasks.synthetic import own_lengths, synthetic, whole

NEAR = 0.04  # a greater error is a wrong answer
FIRST = 10  # steps of which one is the first marked
TESTED = 2560  # sequences, of which the paper counts the wrong ones


def adding_1997(length: int = 100, linear: bool = False) -> Task:
    """The adding problem (Hochreiter and Schmidhuber 1997, experiment 4); ``adding`` is the form of today.

    A sequence has T = ``length`` to T + T/10 steps, uniformly, each with a number uniform on [−1, 1) and a mark. One of
    the first ten steps is marked, then one of the first T/2 − 1 that are left, both with 1; the first and the last step
    have −1, all others 0. Where the first step was drawn, its mark stays −1 and its number counts as 0. The target,
    read after the last step, is ``0.5 + (X₁ + X₂)/4``, from 0 to 1; the output unit is logistic.

    Accuracy: the share of answers at most 0.04 from the target; ``accuracy_middle``: where the target is from 0.1 to
    0.9, so that no logistic unit need come near its limits; ``wrong``: how many of 2,560 are further off, as the paper
    counts. Always answering 0.5 is the baseline: with S the sum, a mean squared error of Var(S)/16, and right where
    |S| ≤ 0.16. Solved: at most 1% wrong.

    Args:
      length: T, steps of the shortest sequence, at least 20.
      linear: whether the output unit is linear instead.

    Raises:
      ValueError: too short.
    """
    if length < 2 * FIRST:
        raise ValueError(f"adding_1997 needs length {2 * FIRST} or more, not {length}")
    longest = length + length // 10
    second_of = length // 2 - 1

    def make(key, size):
        draws = jax.random.uniform(key, (size, longest + 3))
        values, first, second, own = jnp.split(draws, (longest, longest + 1, longest + 2), axis=1)
        values, lengths = 2 * values - 1, own_lengths(own, longest, length)
        first, second = whole(first, 0, FIRST), whole(second, 0, second_of)
        second += second >= first  # of the steps that are left
        steps = jnp.arange(longest)[None]
        drawn = ((steps == first) | (steps == second)) & (steps > 0)
        marks = jnp.where((steps == 0) | (steps == lengths - 1), -1.0, drawn)
        inputs = jnp.where((steps < lengths)[..., None], jnp.stack([values, marks], axis=-1), 0)
        targets = 0.5 + jnp.sum(values * drawn, axis=1) / 4
        return Batch(inputs, targets, jnp.ones(size), lengths[:, 0])

    def measure(terms: Terms, batch: Batch) -> dict[str, Mean]:
        right = (terms.loss <= NEAR**2).astype(terms.loss.dtype)
        middle = terms.weight * (abs(batch.targets - 0.5) <= 0.4)
        return squared_error(terms, batch) | {
            "accuracy": weighted(right, terms.weight),
            "accuracy_middle": weighted(right, middle),
        }

    return Task(
        data=synthetic(make),
        inputs=Inputs("numbers", 2, longest),
        target=Target("regression" if linear else "sigmoid_regression", 1, each_step=False),
        goal=accuracy(_always_a_half(second_of), solved=0.99),
        measure=measure,
        derive=lambda averages: {"wrong": TESTED * (1 - averages["accuracy"])},
    )


def _always_a_half(second_of: int) -> dict[str, float]:
    """What always answering 0.5 comes to: S is a sum of two uniform numbers, but one where the first step was drawn."""
    one = 1 / FIRST + (1 - 1 / FIRST) / second_of
    near = 4 * NEAR
    mse = (one / 3 + (1 - one) * 2 / 3) / 16
    right = one * near + (1 - one) * (near - near**2 / 4)
    return {"loss": mse, "mse": mse, "accuracy": right}
