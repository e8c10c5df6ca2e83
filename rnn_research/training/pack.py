"""A pack: trials that share a program, taking turns on its slots until all have ended."""

import time
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np

from rnn_research.experiment.config import TrialConfig
from rnn_research.models import Weights
from rnn_research.tasks.base import Seen, conclude
from rnn_research.training.devices import fetch, place, take
from rnn_research.training.event import Event, Looking
from rnn_research.training.program import Program
from rnn_research.training.step import (
    ACTIVATIONS,
    LOSS,
    NOTHING,
    PARAMETERS,
    Best,
    Setup,
    TrialState,
    answers,
    losses,
)
from rnn_research.training.traced import traced_values

# What was not finite first, where it was no gradient.
FIRST = {
    NOTHING: "all gradients finite",
    PARAMETERS: "first in the parameters, after an update by finite gradients",
    ACTIVATIONS: "first in the activations, with finite parameters",
    LOSS: "first in the loss itself, with finite activations",
}


class Watched(NamedTuple):
    """A pack's trials, what is asked of them at the end and by whom they are looked at.

    Attributes:
      score: ``(config, scores by split, best) -> Findings`` of the test; None where nothing is tested.
      looking: None where nobody looks.
      fresh: trials that have not been looked at before their first step.
    """

    configs: Sequence[TrialConfig]
    score: Callable | None
    looking: Looking | None
    fresh: set[int]


def run_pack(
    program: Program,
    configs: Sequence[TrialConfig],
    starts: Mapping[int, TrialState] | None = None,
    *,
    looking: Looking | None = None,
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
      looking: the trials' probes.
      test: whether to score what is tested at the end, and to look; both are left alone while settings are still being
        chosen.
      due: ``(trial, step)``: whether the event of that chunk is to carry the state.
      stopping: asked after every dispatch; if so, every trial that has not ended is ``paused``, and so is the pack.
    """
    starts = starts or {}
    slots = Slots(program, configs, starts)
    at = {i: int(starts[i].step) if i in starts else 0 for i in range(len(configs))}
    remaining = {i: (config.train.steps - at[i]) // config.train.eval_every for i, config in enumerate(configs)}
    looking = looking if test else None
    score = scorer(program.setup) if test else None
    watched = Watched(configs, score, looking, {i for i in remaining if i not in starts} if looking else set())
    yield from _ended_before(program, slots, remaining, watched)
    unsaved: set[int] = set()
    while remaining:
        slots.assign(choose(remaining, slots.running, program.slots), remaining)
        yield from _started(slots, watched)
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
            found, exhibits = as_floats(pick(rows, position)), ()
            if looking and looking.due(config, step) and faults.step[position] < 0:
                found["probe"], exhibits = looking.look(weights_of(state or slots.state(trial)), config, step)
            yield Event(trial, "chunk", step, found, exhibits, seconds, state=None if ends else state)
            unsaved = unsaved | {trial} if state is None else unsaved - {trial}
            if faults.step[position] >= 0:
                del remaining[trial]
                yield _diverged(program, trial, state)
            elif ends:
                del remaining[trial]
                ended.append((position, trial, state))
        if ended:
            yield from _done(slots, watched, ended)
        if stopping():
            for trial in remaining:
                yield Event(trial, "paused", at[trial], {}, state=slots.state(trial) if trial in unsaved else None)
            return


def scorer(setup: Setup) -> Callable:
    """``(config, scores by split, best) -> Findings``: the row of the test and its exhibits."""
    task, answer, lose = setup.task, jax.jit(partial(answers, setup)), jax.jit(partial(losses, setup))

    def score(config: TrialConfig, scores: Mapping[str, tuple[dict, Any]], best: Best):
        weights = Weights(best.params, best.statistics)

        def seen(split: str) -> Seen:
            examples = task.data.held_out(split, config.train.test_examples)

            def answers_to() -> Any:
                return jax.tree.map(np.asarray, answer(weights, examples))

            means, by_row = scores[split]
            return Seen(means, answers_to, examples, by_row, lambda: np.asarray(lose(weights, examples)))

        return conclude(task, {split: seen(split) for split in task.data.tested})

    return score


def weights_of(state: TrialState) -> Weights:
    """What a probe looks at."""
    return Weights(state.params, state.carry.statistics)


def _started(slots: "Slots", watched: Watched) -> Iterator[Event]:
    """A look at the initial parameters of those running that have not had one."""
    for trial in slots.running:
        if watched.looking and trial in watched.fresh:
            watched.fresh.remove(trial)
            config = watched.configs[trial]
            if watched.looking.due(config, 0):
                row, exhibits = watched.looking.look(weights_of(slots.state(trial)), config, 0)
                yield Event(trial, "started", 0, {"probe": row}, exhibits)


def _ended_before(program: Program, slots: "Slots", remaining: dict[int, int], watched: Watched) -> Iterator[Event]:
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
        yield from _started(slots, watched)
        ended = [(position, trial, slots.state(trial)) for position, trial in enumerate(slots.running)]
        yield from _done(slots, watched, ended)
        for trial in running:
            del remaining[trial]


def _done(slots: "Slots", watched: Watched, ended: list[tuple[int, int, Any]]) -> Iterator[Event]:
    scores = slots.test() if watched.score else None
    for position, trial, state in ended:
        rows, exhibits, config = {}, (), watched.configs[trial]
        if watched.score:
            found, exhibits = watched.score(config, pick(scores, position), state.best)
            rows["test"] = as_floats(found)
        yield Event(trial, "done", config.train.steps, rows, exhibits, state=state, best=_best(state))


def _diverged(program: Program, trial: int, state: Any) -> Event:
    step, reason = int(state.fault.step), why_diverged(state, program.group_names)
    return Event(trial, "diverged", step, {}, reason=reason, state=state, best=_best(state))


def why_diverged(state: TrialState, group_names: Sequence[str]) -> str:
    """What the fault of a state on the host was."""
    step, group = int(state.fault.step), int(state.fault.group)
    where = f"first in the gradient of {group_names[group]}" if group >= 0 else FIRST[group]
    if step < int(state.step):
        return f"non-finite loss at step {step}; {where}"
    parts = {"parameters": state.params, "optimiser": state.opt_state, "statistics": state.carry.statistics}
    for name, tree in parts.items():
        if not all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(tree)):
            return f"non-finite {name} after {step} updates; {where}"
    return f"no finite validation loss in {step} updates"


def _best(state: Any) -> tuple[int, float]:
    return int(state.best.step), float(state.best.score)


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
        self.states = self.traced = None

    def assign(self, trials: list[int], wanted: Container[int]) -> None:
        """Put these trials on the slots; if all are there already, no state is touched.

        Of those that make way, the state is kept if they are ``wanted``.
        """
        if set(trials) <= set(self.running):
            return
        for trial in self.running:
            if trial in wanted or trial in trials:
                self.waiting[trial] = self.state(trial)
        self.running = trials
        for trial in trials:
            if trial not in self.waiting:
                self.waiting[trial] = jax.device_get(self.program.init(traced_values(self.configs[trial])))
        # Slots left over work on copies of the first trial, whose results nobody reads.
        filled = trials + trials[:1] * (self.program.slots - len(trials))
        self.traced = place([traced_values(self.configs[i]) for i in filled], self.program.mesh)
        self.states = place([self.waiting[i] for i in filled], self.program.mesh)
        for trial in trials:
            del self.waiting[trial]

    def advance(self) -> tuple[Any, dict]:
        """One chunk for every slot; returns the faults and the rows as NumPy arrays."""
        self.states, rows = self.program.advance(self.states, self.traced, self.program.data)
        return fetch((self.states.fault, rows))

    def test(self) -> dict:
        """Scores of every slot's best parameters on the splits that are tested."""
        return fetch(self.program.test(self.states, self.program.data))

    def state(self, trial: int) -> Any:
        """A copy of a trial's state on the host."""
        return self.waiting[trial] if trial in self.waiting else take(self.states, self.running.index(trial))


def pick(rows: Any, position: int) -> Any:
    """One trial's numbers, NumPy scalars, out of rows that hold all."""
    return jax.tree.map(lambda values: np.asarray(values)[position], rows)


def as_floats(rows: Any) -> Any:
    """Numbers as a file keeps them."""
    return jax.tree.map(float, rows)
