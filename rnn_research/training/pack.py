"""A pack: trials that share a program, taking turns on its slots until all have ended."""

import math
import time
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import jax
import numpy as np

from rnn_research.experiment.config import TrialConfig
from rnn_research.training.devices import fetch, place, take
from rnn_research.training.optimizer import lane_of
from rnn_research.training.probe import looks
from rnn_research.training.program import Program
from rnn_research.training.step import TrialState


class Event(NamedTuple):
    """What happened to one trial.

    Attributes:
      trial: its index in the pack.
      kind: ``begun`` before the first step, where there is something to measure; ``chunk`` after each dispatch;
        ``paused`` where the pack was stopped; ``done`` or ``diverged``, once.
      step: updates made so far; for ``diverged``, the step whose loss was not finite.
      rows: metrics by split: ``train`` and ``valid`` after a chunk, perhaps ``probe`` then too, ``test`` when done.
      seconds: wall time of the dispatch, shared by all trials in it.
      reason: why it diverged.
      best: of a trial that has ended, the step of its lowest validation loss, and that loss.
      state: the trial's state as NumPy arrays: of a chunk where it was due; of a pause unless an event had it already,
        or there is none yet; always at the end.
    """

    trial: int
    kind: Literal["started", "chunk", "paused", "done", "diverged"]
    step: int
    rows: dict[str, dict[str, Any]]
    seconds: float = 0.0
    reason: str = ""
    state: Any = None
    best: tuple[int, float] = (0, math.inf)


def run_pack(
    program: Program,
    configs: Sequence[TrialConfig],
    starts: Mapping[int, TrialState] | None = None,
    *,
    test: bool = True,
    due: Callable[[int, int], bool] = lambda trial, step: False,
    stopping: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """Train every trial of a pack; yield what happens, chunk by chunk.

    Slots whose trial has ended go to the next one. Trials move between slots as the schedule wants: on a CPU
    every slot runs the same single-trial program, so a trial's bits do not depend on where it runs, nor on
    what runs beside it.

    Args:
      starts: states to go on from, as an event gave them, by index; the other trials begin at step 0.
      test: whether to score the test split at the end, and to measure what ``config.probe`` asks for; both are left
        alone while settings are still being chosen.
      due: ``(trial, step)``: whether the event of that chunk is to carry the state.
      stopping: asked after every dispatch; if so, every trial that has not ended is ``paused``, and so is the pack.
    """
    starts = starts or {}
    slots = Slots(program, configs, starts)
    at = {i: int(starts[i].step) if i in starts else 0 for i in range(len(configs))}
    remaining = {i: (config.train.steps - at[i]) // config.train.eval_every for i, config in enumerate(configs)}
    probe = program.probe if test else None
    fresh = {i for i in remaining if i not in starts} if probe else set()
    yield from _ended_before(program, slots, remaining, test, fresh)
    unsaved: set[int] = set()
    while remaining:
        slots.assign(choose(remaining, slots.running, program.slots), remaining)
        yield from _started(program, slots, fresh)
        started = time.monotonic()
        faults, rows = slots.advance()
        seconds = time.monotonic() - started
        ended = []
        for position, trial in enumerate(slots.running):
            if trial not in remaining:
                continue
            config = configs[trial]
            remaining[trial] -= 1
            step = at[trial] = config.train.steps - remaining[trial] * config.train.eval_every
            ends = not remaining[trial] or faults.step[position] >= 0
            state = slots.state(trial) if ends or due(trial, step) else None
            found = pick(rows, position)
            if probe and looks(config, step) and faults.step[position] < 0:
                found["probe"] = probe((state or slots.state(trial)).params, step)
            yield Event(trial, "chunk", step, found, seconds, state=None if ends else state)
            unsaved = unsaved | {trial} if state is None else unsaved - {trial}
            if faults.step[position] >= 0:
                del remaining[trial]
                yield _diverged(program, trial, state)
            elif ends:
                del remaining[trial]
                ended.append((position, trial, state))
        if ended:
            yield from _done(configs, slots.test() if test else None, ended)
        if stopping():
            for trial in remaining:
                yield Event(trial, "paused", at[trial], {}, state=slots.state(trial) if trial in unsaved else None)
            return


def _started(program: Program, slots: "Slots", fresh: set[int]) -> Iterator[Event]:
    """A look at the initial parameters of those running that have not had one."""
    for trial in slots.running:
        if program.probe and trial in fresh:
            fresh.remove(trial)
            if not looks(slots.configs[trial], 0):
                continue
            params = slots.state(trial).params
            yield Event(trial, "started", 0, {"probe": program.probe(params, 0)})


def _ended_before(
    program: Program, slots: "Slots", remaining: dict[int, int], test: bool, fresh: set[int]
) -> Iterator[Event]:
    """Trials of no steps, and those that were restored at their end: a kill may come between the last checkpoint and
    the word of it."""
    for trial in list(slots.waiting):
        if slots.waiting[trial].fault.step >= 0:
            del remaining[trial]
            yield _diverged(program, trial, slots.waiting.pop(trial))
    last = [trial for trial, chunks in remaining.items() if not chunks]
    for first in range(0, len(last), program.slots):
        running = last[first : first + program.slots]
        slots.assign(running, ())
        yield from _started(program, slots, fresh)
        ended = [(position, trial, slots.state(trial)) for position, trial in enumerate(slots.running)]
        yield from _done(slots.configs, slots.test() if test else None, ended)
        for trial in running:
            del remaining[trial]


def _done(configs: Sequence[TrialConfig], scores: dict | None, ended: list[tuple[int, int, Any]]) -> Iterator[Event]:
    for position, trial, state in ended:
        rows = {} if scores is None else {"test": pick(scores, position)}
        yield Event(trial, "done", configs[trial].train.steps, rows, state=state, best=_best(state))


def _diverged(program: Program, trial: int, state: Any) -> Event:
    step, group = int(state.fault.step), int(state.fault.group)
    where = f"first in {program.group_names[group]}" if group >= 0 else "all gradients finite"
    reason = f"non-finite loss at step {step}; {where}"
    return Event(trial, "diverged", step, {}, reason=reason, state=state, best=_best(state))


def _best(state: Any) -> tuple[int, float]:
    return int(state.best.step), float(state.best.loss)


def choose(remaining: dict[int, int], running: Sequence[int], slots: int) -> list[int]:
    """The trials to run next: the fewest rounds in all, and among those the fewest moves.

    A trial with as many chunks to go as there are rounds left must run now; the other slots go to those
    already running, then to those with most to go.
    """
    rounds = max(max(remaining.values()), -(-sum(remaining.values()) // slots))
    order = sorted(remaining, key=lambda i: (remaining[i] < rounds, i not in running, -remaining[i], i))
    return order[:slots]


class Slots:
    """The trials' states: those running lie stacked on the devices, the others wait on the host."""

    def __init__(self, program: Program, configs: Sequence[TrialConfig], starts: Mapping[int, TrialState]):
        self.program, self.configs = program, configs
        self.running: list[int] = []
        self.waiting: dict[int, Any] = dict(starts)
        self.states = self.lanes = None

    def assign(self, trials: list[int], wanted: Container[int]) -> None:
        """Put these trials on the slots; if all sit already, no state is touched.

        Of those that must get up, the state is kept if they are ``wanted``.
        """
        if set(trials) <= set(self.running):
            return
        for trial in self.running:
            if trial in wanted or trial in trials:
                self.waiting[trial] = self.state(trial)
        self.running = trials
        for trial in trials:
            if trial not in self.waiting:
                self.waiting[trial] = jax.device_get(self.program.init(lane_of(self.configs[trial])))
        # Slots left over work on copies of the first trial, whose results nobody reads.
        filled = trials + trials[:1] * (self.program.slots - len(trials))
        self.lanes = place([lane_of(self.configs[i]) for i in filled], self.program.mesh)
        self.states = place([self.waiting[i] for i in filled], self.program.mesh)
        for trial in trials:
            del self.waiting[trial]

    def advance(self) -> tuple[Any, dict]:
        """One chunk for every slot; returns the faults and the rows as NumPy arrays."""
        self.states, rows = self.program.advance(self.states, self.lanes, self.program.data)
        return fetch((self.states.fault, rows))

    def test(self) -> dict:
        """Scores of every slot's best parameters on the test split."""
        return fetch(self.program.test(self.states, self.program.data))

    def state(self, trial: int) -> Any:
        """A copy of a trial's state on the host."""
        return self.waiting[trial] if trial in self.waiting else take(self.states, self.running.index(trial))


def pick(rows: Any, position: int) -> Any:
    """One trial's numbers out of rows that hold all."""
    return jax.tree.map(lambda values: float(np.asarray(values)[position]), rows)
