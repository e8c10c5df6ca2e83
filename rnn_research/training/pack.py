"""A pack: trials that share a program, taking turns on its places until all have ended."""

import time
from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

import jax
import numpy as np

from rnn_research.experiment.config import TrialConfig
from rnn_research.training.optimizer import lane_of
from rnn_research.training.program import Program, place, take


class Event(NamedTuple):
    """What happened to one trial.

    Attributes:
      trial: its index in the pack.
      kind: ``chunk`` after each dispatch; then ``done`` or ``diverged``, once.
      step: updates made so far; for ``diverged``, the step whose loss was not finite.
      rows: metrics by split: ``train`` and ``valid`` after a chunk, perhaps ``test`` when done.
      seconds: wall time of the dispatch, shared by all trials in it.
      reason: why it diverged.
      state: the trial's final state as NumPy arrays, when it has ended.
    """

    trial: int
    kind: Literal["chunk", "done", "diverged"]
    step: int
    rows: dict[str, dict[str, float]]
    seconds: float = 0.0
    reason: str = ""
    state: Any = None


def run_pack(program: Program, configs: Sequence[TrialConfig], *, test: bool = True) -> Iterator[Event]:
    """Train every trial of a pack; yield what happens, chunk by chunk.

    With ``test=False`` the test split is left alone, as it must be while settings are still being chosen.

    Places whose trial has ended go to the next one. Trials move between places as the schedule wants: on a CPU
    every place runs the same single-trial program, so a trial's bits do not depend on where it runs, nor on
    what runs beside it.
    """
    places = Places(program, configs)
    remaining = {i: config.train.steps // config.train.eval_every for i, config in enumerate(configs)}
    while remaining:
        places.seat(choose(remaining, places.seated, program.places))
        started = time.monotonic()
        faults, rows = places.advance()
        seconds = time.monotonic() - started
        ended = []
        for position, trial in enumerate(places.seated):
            if trial not in remaining:
                continue
            config = configs[trial]
            remaining[trial] -= 1
            step = config.train.steps - remaining[trial] * config.train.eval_every
            yield Event(trial, "chunk", step, pick(rows, position), seconds)
            if faults.step[position] >= 0:
                del remaining[trial]
                where = fault_reason(program, faults, position)
                yield Event(trial, "diverged", int(faults.step[position]), {}, reason=where, state=places.state(trial))
            elif not remaining[trial]:
                del remaining[trial]
                ended.append((position, trial, step))
        if ended:
            scores = places.test() if test else {}
            for position, trial, step in ended:
                rows = {"test": pick(scores, position)} if test else {}
                yield Event(trial, "done", step, rows, state=places.state(trial))


def choose(remaining: dict[int, int], seated: Sequence[int], places: int) -> list[int]:
    """The trials to run next: the fewest rounds in all, and among those the fewest moves.

    A trial with as many chunks to go as there are rounds left must run now; the other places go to those
    already seated, then to those with most to go.
    """
    rounds = max(max(remaining.values()), -(-sum(remaining.values()) // places))
    order = sorted(remaining, key=lambda i: (remaining[i] < rounds, i not in seated, -remaining[i], i))
    return order[:places]


class Places:
    """The trials' states: those seated lie stacked on the devices, the others wait on the host."""

    def __init__(self, program: Program, configs: Sequence[TrialConfig]):
        self.program, self.configs = program, configs
        self.seated: list[int] = []
        self.waiting: dict[int, Any] = {}
        self.states = self.lanes = None

    def seat(self, trials: list[int]) -> None:
        """Put these trials on the places; one that stays keeps its place's state untouched if all stay."""
        if set(trials) <= set(self.seated):
            return
        for trial in self.seated:
            self.waiting[trial] = self.state(trial)
        self.seated = trials
        for trial in trials:
            if trial not in self.waiting:
                self.waiting[trial] = jax.device_get(self.program.init(lane_of(self.configs[trial])))
        # Places left over work on copies of the first trial, whose results nobody reads.
        filled = trials + trials[:1] * (self.program.places - len(trials))
        self.lanes = place([lane_of(self.configs[i]) for i in filled], self.program.mesh)
        self.states = place([self.waiting[i] for i in filled], self.program.mesh)
        self.waiting = {i: state for i, state in self.waiting.items() if i not in self.seated}

    def advance(self) -> tuple[Any, dict]:
        """One chunk for every place; returns the faults and the rows as NumPy arrays."""
        self.states, rows = self.program.advance(self.states, self.lanes, self.program.data)
        return jax.device_get((self.states.fault, rows))

    def test(self) -> dict:
        """Scores of every place's best parameters on the test split."""
        return jax.device_get(self.program.test(self.states, self.program.data))

    def state(self, trial: int) -> Any:
        """A copy of a seated trial's state on the host."""
        return take(self.states, self.seated.index(trial))


def pick(rows: Any, position: int) -> Any:
    """One trial's numbers out of rows that hold all."""
    return jax.tree.map(lambda values: float(np.asarray(values)[position]), rows)


def fault_reason(program: Program, faults: Any, position: int) -> str:
    group = int(faults.group[position])
    where = f"first in {program.group_names[group]}" if group >= 0 else "all parameters and gradients finite"
    return f"non-finite loss at step {int(faults.step[position])}; {where}"
