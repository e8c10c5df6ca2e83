"""A pack: trials that share a program, taking turns on its places until all have ended."""

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
    kind: Literal["begun", "chunk", "paused", "done", "diverged"]
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

    Places whose trial has ended go to the next one. Trials move between places as the schedule wants: on a CPU
    every place runs the same single-trial program, so a trial's bits do not depend on where it runs, nor on
    what runs beside it.

    Args:
      starts: states to go on from, as an event gave them, by index; the other trials begin at step 0.
      test: whether to score the test split at the end, and to measure what ``config.probe`` asks for; both are left
        alone while settings are still being chosen.
      due: ``(trial, step)``: whether the event of that chunk is to carry the state.
      stopping: asked after every dispatch; if so, every trial that has not ended is ``paused``, and so is the pack.
    """
    starts = starts or {}
    places = Places(program, configs, starts)
    at = {i: int(starts[i].step) if i in starts else 0 for i in range(len(configs))}
    remaining = {i: (config.train.steps - at[i]) // config.train.eval_every for i, config in enumerate(configs)}
    probe = program.probe if test else None
    fresh = {i for i in remaining if i not in starts} if probe else set()
    yield from _ended_before(program, places, remaining, test, fresh)
    unsaved: set[int] = set()
    while remaining:
        places.seat(choose(remaining, places.seated, program.places), remaining)
        yield from _begun(program, places, fresh)
        started = time.monotonic()
        faults, rows = places.advance()
        seconds = time.monotonic() - started
        ended = []
        for position, trial in enumerate(places.seated):
            if trial not in remaining:
                continue
            config = configs[trial]
            remaining[trial] -= 1
            step = at[trial] = config.train.steps - remaining[trial] * config.train.eval_every
            ends = not remaining[trial] or faults.step[position] >= 0
            state = places.state(trial) if ends or due(trial, step) else None
            found = pick(rows, position)
            if probe and looks(config, step) and faults.step[position] < 0:
                found["probe"] = probe((state or places.state(trial)).params, step)
            yield Event(trial, "chunk", step, found, seconds, state=None if ends else state)
            unsaved = unsaved | {trial} if state is None else unsaved - {trial}
            if faults.step[position] >= 0:
                del remaining[trial]
                yield _diverged(program, trial, state)
            elif ends:
                del remaining[trial]
                ended.append((position, trial, state))
        if ended:
            yield from _done(configs, places.test() if test else None, ended)
        if stopping():
            for trial in remaining:
                yield Event(trial, "paused", at[trial], {}, state=places.state(trial) if trial in unsaved else None)
            return


def _begun(program: Program, places: "Places", fresh: set[int]) -> Iterator[Event]:
    """A look at the initial parameters of those seated that have not had one."""
    for trial in places.seated:
        if program.probe and trial in fresh:
            fresh.remove(trial)
            if not looks(places.configs[trial], 0):
                continue
            params = places.state(trial).params
            yield Event(trial, "begun", 0, {"probe": program.probe(params, 0)})


def _ended_before(
    program: Program, places: "Places", remaining: dict[int, int], test: bool, fresh: set[int]
) -> Iterator[Event]:
    """Trials of no steps, and those that were restored at their end: a kill may come between the last checkpoint and
    the word of it."""
    for trial in list(places.waiting):
        if places.waiting[trial].fault.step >= 0:
            del remaining[trial]
            yield _diverged(program, trial, places.waiting.pop(trial))
    last = [trial for trial, chunks in remaining.items() if not chunks]
    for first in range(0, len(last), program.places):
        seated = last[first : first + program.places]
        places.seat(seated, ())
        yield from _begun(program, places, fresh)
        ended = [(position, trial, places.state(trial)) for position, trial in enumerate(places.seated)]
        yield from _done(places.configs, places.test() if test else None, ended)
        for trial in seated:
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

    def __init__(self, program: Program, configs: Sequence[TrialConfig], starts: Mapping[int, TrialState]):
        self.program, self.configs = program, configs
        self.seated: list[int] = []
        self.waiting: dict[int, Any] = dict(starts)
        self.states = self.lanes = None

    def seat(self, trials: list[int], wanted: Container[int]) -> None:
        """Put these trials on the places; if all sit already, no state is touched.

        Of those that must get up, the state is kept if they are ``wanted``.
        """
        if set(trials) <= set(self.seated):
            return
        for trial in self.seated:
            if trial in wanted or trial in trials:
                self.waiting[trial] = self.state(trial)
        self.seated = trials
        for trial in trials:
            if trial not in self.waiting:
                self.waiting[trial] = jax.device_get(self.program.init(lane_of(self.configs[trial])))
        # Places left over work on copies of the first trial, whose results nobody reads.
        filled = trials + trials[:1] * (self.program.places - len(trials))
        self.lanes = place([lane_of(self.configs[i]) for i in filled], self.program.mesh)
        self.states = place([self.waiting[i] for i in filled], self.program.mesh)
        for trial in trials:
            del self.waiting[trial]

    def advance(self) -> tuple[Any, dict]:
        """One chunk for every place; returns the faults and the rows as NumPy arrays."""
        self.states, rows = self.program.advance(self.states, self.lanes, self.program.data)
        return fetch((self.states.fault, rows))

    def test(self) -> dict:
        """Scores of every place's best parameters on the test split."""
        return fetch(self.program.test(self.states, self.program.data))

    def state(self, trial: int) -> Any:
        """A copy of a trial's state on the host."""
        return self.waiting[trial] if trial in self.waiting else take(self.states, self.seated.index(trial))


def pick(rows: Any, position: int) -> Any:
    """One trial's numbers out of rows that hold all."""
    return jax.tree.map(lambda values: float(np.asarray(values)[position]), rows)
