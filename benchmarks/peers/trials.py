"""What an experiment consists of, as a script for another library would have it: plain values, nothing of ours."""

from collections.abc import Sequence
from typing import Any, NamedTuple


class Arm(NamedTuple):
    """Trials that differ in their seed and rate alone.

    Attributes:
      label: of the arm, for people.
      task, options: the task by name, with its settings.
      cell, hidden: ``elman``, ``lstm`` or ``gru``, and its width.
      memory_bias: initial bias of the gate that keeps the memory, where there is one.
      steps, batch, eval_every: updates, examples in each, and updates between two looks at the validation split.
      valid, test: examples to score.
      clip_norm: largest global norm of the gradient; 0 for no clipping.
      rates: candidates, each tried by ``pilot_seeds`` pilots of ``pilot_steps`` updates.
      seeds: runs that are reported.
    """

    label: str
    task: str
    options: dict[str, Any]
    cell: str
    hidden: int
    memory_bias: float
    steps: int
    batch: int
    eval_every: int
    valid: int
    test: int
    clip_norm: float
    rates: list[float]
    pilot_steps: int
    pilot_seeds: int
    seeds: int


class Trial(NamedTuple):
    """One run of an arm."""

    arm: Arm
    stage: str  # ``pilot`` or ``main``
    seed: int
    steps: int
    rate: float


PILOT_SEED = 1_000_000  # pilots have seeds of their own


def pilots(arm: Arm) -> list[Trial]:
    """The runs that choose a rate; none where nothing is tuned."""
    seeds = range(PILOT_SEED, PILOT_SEED + arm.pilot_seeds)
    return [Trial(arm, "pilot", seed, arm.pilot_steps, rate) for rate in arm.rates for seed in seeds]


def mains(arm: Arm, rate: float) -> list[Trial]:
    """The runs that are reported."""
    return [Trial(arm, "main", seed, arm.steps, rate) for seed in range(arm.seeds)]


def choose_rate(arm: Arm, tried: Sequence[tuple[float, float]]) -> float:
    """The candidate whose pilots had the lowest validation loss on average.

    Args:
      tried: rate and best validation loss of each pilot.
    """

    def mean(rate: float) -> float:
        found = [loss for at, loss in tried if at == rate]
        return sum(found) / len(found) if found else float("inf")

    return min(arm.rates, key=mean)


def sampled(trials: list[Trial], every: int) -> list[Trial]:
    """Every so-manieth, the first among them."""
    return trials[::every]
