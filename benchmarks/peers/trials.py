"""What an experiment consists of, as a script for another library would have it: plain values, nothing of ours."""

from collections.abc import Mapping, Sequence
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
      rates: candidates, each tried by ``pilot_seeds`` pilots of ``pilot_steps`` updates, and the best two by
        ``final_seeds``.
      limits: how far more of them are added; empty for not at all.
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
    final_seeds: int
    limits: list[float]
    seeds: int


class Trial(NamedTuple):
    """One run of an arm."""

    arm: Arm
    stage: str  # ``pilot`` or ``main``
    seed: int
    steps: int
    rate: float


PILOT_SEED = 1_000_000  # pilots have seeds of their own


def next_pilots(arm: Arm, losses: Mapping[tuple[float, int], float]) -> list[Trial]:
    """The runs that are still to choose a rate, by the losses of those that have: every candidate first; then one more
    beyond the best, where that is at an end and within the limits; then the best two on further seeds.

    Args:
      losses: lowest validation loss of each pilot, by rate and seed.
    """

    def missing(rates: Sequence[float], seeds: int) -> list[Trial]:
        wanted = [(rate, seed) for rate in rates for seed in range(PILOT_SEED, PILOT_SEED + seeds)]
        return [Trial(arm, "pilot", seed, arm.pilot_steps, rate) for rate, seed in wanted if (rate, seed) not in losses]

    first = missing(arm.rates, arm.pilot_seeds)
    if first or not arm.rates or not arm.pilot_seeds:
        return first
    ranked = by_loss(losses)
    tried, best = sorted(ranked), ranked[0]
    if arm.limits and len(tried) > 1 and best in (tried[0], tried[-1]):
        neighbour = tried[1] if best == tried[0] else tried[-2]
        beyond = float(f"{best * best / neighbour:.2g}")
        if arm.limits[0] <= beyond <= arm.limits[1]:
            return missing([beyond], arm.pilot_seeds)
    return missing(ranked[:2], arm.final_seeds) if len(tried) > 1 else []


def by_loss(losses: Mapping[tuple[float, int], float]) -> list[float]:
    """The rates tried, that of the lowest mean loss first."""
    found: dict[float, list[float]] = {}
    for (rate, _), loss in losses.items():
        found.setdefault(rate, []).append(loss)
    return sorted(found, key=lambda rate: sum(found[rate]) / len(found[rate]))


def mains(arm: Arm, rate: float) -> list[Trial]:
    """The runs that are reported."""
    return [Trial(arm, "main", seed, arm.steps, rate) for seed in range(arm.seeds)]
