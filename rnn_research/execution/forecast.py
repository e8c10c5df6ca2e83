"""What a command would do and how long that would take: ``--dry_run``. Nothing is compiled and nothing written."""

import statistics
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from rnn_research.execution.plan import ENDED, Group, group_arms, pilot_ended
from rnn_research.execution.program_cache import make_learner
from rnn_research.execution.words import counted
from rnn_research.experiment.arms import Arm
from rnn_research.experiment.choice import Choice
from rnn_research.experiment.experiment import Experiment
from rnn_research.experiment.trials import Trial, distinct, mains
from rnn_research.experiment.tuning import Ended, tune_runs, tuned_runs
from rnn_research.runs.directory import RunDirectory
from rnn_research.tasks import Task
from rnn_research.training.devices import make_mesh
from rnn_research.training.program import Devices

PER_PROGRAM = 5.0  # seconds that a program takes to compile


class Planned(NamedTuple):
    """One trial, what the directory knows of it, and the seconds on one core it would still take.

    Attributes:
      tuned: the settings that pilots try or have chosen, by path; a value is None while they are to choose it.
    """

    trial: Trial
    state: str
    tuned: dict[str, Any]
    seconds: float


class Forecast(NamedTuple):
    """Programs with their trials."""

    programs: list[tuple[Group, list[Planned]]]

    @property
    def missing(self) -> list[Planned]:
        return [planned for _, trials in self.programs for planned in trials if planned.state not in ENDED]

    def minutes(self, cores: int) -> float:
        """Expected time of the missing trials."""
        seconds = 0.0
        for _, trials in self.programs:
            to_do = [planned.seconds for planned in trials if planned.seconds]
            if to_do:
                seconds += PER_PROGRAM + max(sum(to_do) / cores, max(to_do))
        return seconds / 60


def forecast(
    experiment: Experiment,
    arms: Sequence[Arm],
    tasks: Mapping[Choice, Task],
    run: RunDirectory,
    changed: Collection[str] = (),
) -> Forecast:
    """The trials of a command; times from like trials that the directory holds, else from a model of the cost.

    Args:
      changed: ids of trials that are to be trained anew.
    """

    def ended(trial: Trial) -> Ended | None:
        known = trial.id not in changed and run.status(trial.id).get("state") in ENDED
        return pilot_ended(run, trial) if known else None

    programs = []
    for group in group_arms(arms):
        tuning = [tune_runs(experiment, arm, ended) for arm in group.arms]
        each = [one for of_arm in tuning for one in of_arm]
        tried = distinct(trial for one in each for trials in one.pilots.values() for trial in trials)
        found = [(trial, True) for trial in tried]
        known = all(one.complete for one in each)
        for arm, of_arm in zip(group.arms, tuning, strict=True):
            reported = tuned_runs(experiment, arm, of_arm) if known else mains(experiment, arm, None)
            found += [(trial, known) for trial in reported]
        per_step = seconds_per_step([trial for trial, _ in found], tasks, run)
        open_paths = {experiment.tune.path: None} if experiment.tune else {}
        planned = [plan_trial(trial, known and trial.id not in changed, per_step, run) for trial, known in found]
        chosen = [known for _, known in found]
        planned = [one if known else one._replace(tuned=open_paths) for one, known in zip(planned, chosen, strict=True)]
        programs.append((group, planned))
    return Forecast(programs)


def plan_trial(trial: Trial, known: bool, per_step: float, run: RunDirectory) -> Planned:
    config = trial.config
    state = run.status(trial.id).get("state", "to do") if known else "to do"
    seconds = 0.0 if state in ENDED else per_step * config.train.steps
    return Planned(trial, state, trial.tuned, seconds)


def seconds_per_step(trials: Sequence[Trial], tasks: Mapping[Choice, Task], run: RunDirectory) -> float:
    """Of an update, with its share of the scoring, on one core: the median of what was measured, else modelled."""
    measured = [1 / row["steps_per_s"] for trial in trials for row in run.rows(trial.id) if "steps_per_s" in row]
    if measured:
        return statistics.median(measured)
    config = trials[0].config
    return make_learner(config, tasks[config.task], Devices(make_mesh())).seconds_per_step


def lines(found: Forecast, cores: int) -> list[str]:
    """The forecast as text, a line per program and per trial."""
    text = []
    for group, trials in found.programs:
        to_do = [planned for planned in trials if planned.state not in ENDED]
        per_step = max((p.seconds / max(p.trial.config.train.steps, 1) for p in to_do), default=0)
        text.append(
            f"[{group.number + 1}/{len(found.programs)}] {counted(len(trials), 'trial')} in one program, "
            f"{len(to_do)} to do, at {1000 * per_step:.2f} ms a step"
        )
        for planned in trials:
            trial = planned.trial
            stage = "run  " if trial.stage == "main" else "pilot"
            labels = "  ".join(str(value) for value in trial.labels.values())
            chosen = "".join(f"  {tuned_text(path, value)}" for path, value in planned.tuned.items())
            text.append(f"    {stage}  {planned.state:8}  {labels}  seed {trial.config.seed}{chosen}")
    text.append(
        f"{counted(sum(len(trials) for _, trials in found.programs), 'trial')} in "
        f"{counted(len(found.programs), 'program')}, {len(found.missing)} to do: "
        f"about {found.minutes(cores):.1f} min on {counted(cores, 'core')}"
    )
    return text


def tuned_text(path: str, value: Any) -> str:
    """A tuned setting by the last part of its path, with what it is, or who says so."""
    name = path.rpartition(".")[2].replace("_", " ")
    return f"{name} as the pilots say" if value is None else f"{name} {value:g}"
