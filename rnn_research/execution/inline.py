"""Run an experiment's trials in this process, program by program."""

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from rnn_research.cells import CELLS, count_cell_parameters, count_parameters
from rnn_research.execution.display import Display
from rnn_research.experiment.choice import Choice, build
from rnn_research.experiment.config import TrialConfig
from rnn_research.experiment.experiment import Arm, Experiment, Trial, mains, pilots, signature
from rnn_research.models import Model, match_width, sequence_model
from rnn_research.runs.directory import RunDirectory, begin, note_trials, record, set_status
from rnn_research.tasks import Task

ENDED = ("done", "diverged")


class Network(NamedTuple):
    """What a config describes: the task, the model, and the facts about them that the report needs."""

    task: Task
    model: Model
    facts: dict[str, Any]


class Outcome(NamedTuple):
    """How a run ended: trials that failed, with the reason, and the signal that stopped it, or None."""

    failed: dict[str, str]
    stopped_by: int | None


def run_inline(
    experiment: Experiment, arms: Sequence[Arm], tasks: Mapping[Choice, Task], run: RunDirectory, display: Display
) -> Outcome:
    """Run what the directory lacks. Arms that share a compiled program are packed together.

    For each program: the pilots of its arms, the choice of the tuned setting on validation, then the runs
    that are reported.

    Args:
      tasks: the built task of every arm, by its ``Choice``.
    """
    failed: dict[str, str] = {}
    groups = group_arms(arms)
    workshop = Workshop(tasks, display)
    with catch_signals() as stop:
        for number, group in enumerate(groups, start=1):
            display.group(number, len(groups), group)
            tuning = {index: pilots(experiment, arm) for index, arm in enumerate(group)}
            candidates = [trial for by_value in tuning.values() for trials in by_value.values() for trial in trials]
            failed |= run_trials(candidates, workshop, run, stop)
            if stop:
                break
            chosen = {index: choose_value(run, by_value) for index, by_value in tuning.items()}
            reported = [trial for index, arm in enumerate(group) for trial in mains(experiment, arm, chosen[index])]
            failed |= run_trials(reported, workshop, run, stop)
            if stop:
                break
            display.results(run, reported)
    return Outcome(failed, stop[0] if stop else None)


def group_arms(arms: Sequence[Arm]) -> list[list[Arm]]:
    """Arms by compiled program, in order of first appearance."""
    groups: dict[str, list[Arm]] = {}
    for arm in arms:
        groups.setdefault(signature(arm.config), []).append(arm)
    return list(groups.values())


def choose_value(run: RunDirectory, by_value: dict[float, list[Trial]]) -> float | None:
    """The candidate with the lowest best validation loss, averaged over its pilots; one that failed loses."""
    if not by_value:
        return None

    def score(trials: list[Trial]) -> float:
        losses = [run.status(trial.id).get("best_valid_loss") for trial in trials]
        return sum(float("inf") if loss is None else loss for loss in losses) / len(losses)

    return min(by_value, key=lambda value: score(by_value[value]))


def run_trials(trials: Sequence[Trial], workshop: "Workshop", run: RunDirectory, stop: list[int]) -> dict[str, str]:
    """Run those trials that have not ended; returns the failures of this call, by trial id."""
    note_trials(run, list(trials))
    missing = [trial for trial in trials if run.status(trial.id).get("state") not in ENDED]
    if not missing:
        return {}
    # Imported here: with nothing to train there is no program to compile.
    from rnn_research.training.pack import run_pack

    display = workshop.display
    try:
        network, program = workshop.get(missing[0].config, len(missing))
        for trial in missing:
            begin(run, trial, network.facts)
        display.pack(missing)
        reported = missing[0].stage == "main"
        for event in run_pack(program, [trial.config for trial in missing], test=reported):
            record_event(run, missing[event.trial], event, network)
            display.event(missing[event.trial], event)
            if stop and event.kind == "chunk":
                break
    except Exception as error:  # one program's failure, be it memory or a user's cell, must not end the sweep
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        unfinished = [trial for trial in missing if run.status(trial.id).get("state") not in ENDED]
        for trial in unfinished:
            set_status(run, trial, "failed", reason, {})
        display.failure(reason, len(unfinished))
        return {trial.id: reason for trial in unfinished}
    return {}


def record_event(run: RunDirectory, trial: Trial, event: Any, network: Network) -> None:
    """Write what happened to a trial."""
    if event.kind == "chunk":
        config = trial.config.train
        speed = config.eval_every / event.seconds
        clock = {
            "seconds": event.seconds,
            "steps_per_s": speed,
            "tokens_per_s": speed * config.batch * network.task.time,
        }
        rows = [{"step": event.step, "split": split, **values} for split, values in event.rows.items()]
        rows[0] |= clock
        record(run, trial, rows)
        return
    best = event.state.best
    facts = network.facts | {"step": event.step, "best_step": int(best.step), "best_valid_loss": float(best.loss)}
    if "test" in event.rows:
        record(run, trial, [{"step": int(best.step), "split": "test", **event.rows["test"]}])
    set_status(run, trial, event.kind, event.reason, facts)


class Workshop:
    """Makes networks, their data and their programs when a trial first needs them; keeps the latest of each."""

    def __init__(self, tasks: Mapping[Choice, Task], display: Display):
        self.tasks, self.display = tasks, display
        self.data: tuple[Any, Any] = (None, None)
        self.made: tuple[Any, Any] = (None, None)

    def get(self, config: TrialConfig, trials: int) -> tuple[Network, Any]:
        """The network and program of a config; ``trials`` sets the places on an accelerator."""
        key = signature(config)
        if self.made[0] != key:
            self.made = key, self._make(config, trials)
        return self.made[1]

    def _make(self, config: TrialConfig, trials: int) -> tuple[Network, Any]:
        from rnn_research.training.program import compile_program, make_mesh
        from rnn_research.training.step import training_data

        task = self.tasks[config.task]
        key = (config.task, config.train.valid_examples, config.train.test_examples)
        with self.display.compiling():
            if self.data[0] != key:
                self.data = key, training_data(config, task)
            network = make_network(config, task)
            mesh = make_mesh()
            on_cpu = mesh.devices.flat[0].platform == "cpu"
            per_device = 1 if on_cpu else -(-trials // mesh.size)
            return network, compile_program(config, task, network.model, self.data[1], mesh, per_device)


def make_network(config: TrialConfig, task: Task) -> Network:
    """The model with its width solved for, and the facts about it, counted from the real trees."""
    import jax

    model_config = match_width(config.model, task)
    model = sequence_model(model_config, task)
    cell = build(model_config.cell, CELLS, "cell")
    hidden = model_config.cell["hidden"]
    facts = {
        "hidden": hidden,
        "parameters": count_parameters(jax.eval_shape(model.init, jax.random.key(0), 1.0)),
        "cell_parameters": count_cell_parameters(cell, task.input_size),
        "elman_parameters": count_cell_parameters(CELLS["elman"](hidden), task.input_size),
        "metric": task.metric,
        "better": task.better,
        "baseline": task.baseline,
    }
    return Network(task, model, facts)


@contextmanager
def catch_signals() -> Iterator[list[int]]:
    """A list that receives the first SIGINT or SIGTERM; a second one acts at once."""
    received: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def handler(number, frame):
        del frame
        received.append(number)
        for other, previous in before.items():
            signal.signal(other, previous)

    for number in before:
        signal.signal(number, handler)
    try:
        yield received
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
