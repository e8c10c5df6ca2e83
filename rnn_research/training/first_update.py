"""Two ways to go on from one state, update by update, until they part."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

from rnn_research.experiment.config import TrialConfig
from rnn_research.training.step import Setup, TrialState, train_step
from rnn_research.training.traced import Traced, traced_values
from rnn_research.trees import arrays_of


class FirstUpdate(NamedTuple):
    """The first update that differs.

    Attributes:
      number: counted from 1: the update after ``number - 1``.
      groups: by the name of the parameter group, with ``Δ`` what the update adds to the parameters one way and ``Δ′``
        what it adds the other: ``‖Δ′ − Δ‖ / ‖Δ‖``; infinite where ``Δ`` alone is zero, 0 where both are the same.
    """

    number: int
    groups: Mapping[str, float]


def first_update(
    one: tuple[Setup, TrialConfig], other: tuple[Setup, TrialConfig], state: TrialState, last: int
) -> FirstUpdate | None:
    """The first update, of those up to the ``last``, that changes a parameter otherwise; None where none does.

    Both ways read the same batches and draw the same noise, as far as the settings let them. Where they differ in
    traced settings alone, they are one program: what differs by a bit does so for the settings. Otherwise the last bits
    may differ for the compiler too.

    Args:
      one, other: what each way trains, and its configuration.
      state: that both go on from, with arrays.
    """
    step = stepper(one[0])
    steps = step, step if one[0].config == other[0].config else stepper(other[0])
    traced = [traced_values(config) for _, config in (one, other)]
    before = [state, state]
    for number in range(int(state.step) + 1, last + 1):
        after = [take(at, values) for take, at, values in zip(steps, before, traced, strict=True)]
        params = [arrays_of(at.params) for at in (before[0], *after)]
        if any(params[1][name].tobytes() != params[2][name].tobytes() for name in params[1]):
            found = {name.replace(".", "/"): difference(*(at[name] for at in params)) for name in params[0]}
            return FirstUpdate(number, found)
        before = after
    return None


def stepper(setup: Setup) -> Callable[[TrialState, Mapping[str, Any]], TrialState]:
    """One update, compiled."""
    data = {"train": setup.task.data.arrays}

    @jax.jit
    def step(state: TrialState, traced: Traced, data: Any) -> TrialState:
        return train_step(setup, state, traced, data)[0]

    return lambda state, traced: step(state, traced, data)


def difference(before: np.ndarray, one: np.ndarray, other: np.ndarray) -> float:
    """How far two updates of a group of parameters are apart; see ``FirstUpdate``."""
    if one.tobytes() == other.tobytes():
        return 0.0
    start = before.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        norm, apart = np.linalg.norm(one - start), np.linalg.norm(other - one.astype(np.float64))
    return float(apart / norm) if norm else float("inf")
