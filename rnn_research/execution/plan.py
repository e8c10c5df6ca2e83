"""What there is to do: programs, their pilots, and the runs that the pilots' outcome decides.

Every worker reads the same plan out of the same files, so no one has to hand out work.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from rnn_research.execution.identity import Identify
from rnn_research.experiment.arms import Arm
from rnn_research.experiment.config import signature
from rnn_research.experiment.experiment import Experiment
from rnn_research.experiment.measures import solves
from rnn_research.experiment.trials import Trial, count_trials, distinct
from rnn_research.experiment.tuning import Ended, Tuning, tune_runs, tuned_runs
from rnn_research.runs.directory import RunDirectory, check_whole, note_trials
from rnn_research.runs.identity import UNFINISHED, Identity, conflicts, merged, refusal

ENDED = ("done", "diverged")
STAGES = ("pilot", "main")


class Group(NamedTuple):
    """Arms that share a compiled program."""

    number: int
    arms: tuple[Arm, ...]


def group_arms(arms: Sequence[Arm]) -> list[Group]:
    """Arms by compiled program, in order of first appearance."""
    groups: dict[str, list[Arm]] = {}
    for arm in arms:
        groups.setdefault(signature(arm.config), []).append(arm)
    return [Group(number, tuple(group)) for number, group in enumerate(groups.values())]


class Plan:
    """The trials of a launch and which of them are still to be run.

    Args:
      launch: the launch's token: what failed in it is not tried again, what failed before is.
      identify: the identity of a trial that would be trained now, by its configuration.
    """

    def __init__(self, experiment: Experiment, arms: Sequence[Arm], run: RunDirectory, launch: str, identify: Identify):
        self.experiment, self.run, self.launch, self.identify = experiment, run, launch, identify
        self.groups = group_arms(arms)
        self.known_ended: set[str] = set()
        self.known: dict[tuple[int, str], list[Trial]] = {}
        self.noted: dict[tuple[int, str], int] = {}
        self.outcomes: dict[str, Ended] = {}
        self.tunings: dict[int, list[Tuning]] = {}

    def ended(self, trial: Trial) -> bool:
        """Whether nothing is left to do for a trial; of one that was trained with something else, all is."""
        if trial.id not in self.known_ended:
            status = self.run.status(trial.id)
            state = status.get("state")
            failed = state == "failed" and status.get("launch") == self.launch
            if failed or (state in ENDED and not self.differences(trial)):
                self.known_ended.add(trial.id)
        return trial.id in self.known_ended

    def differences(self, trial: Trial) -> list[str]:
        """What has changed since a trial was trained, or begun: the code, the data, the settings of jax."""
        return conflicts(self.run.card(trial.id).get("trained_with", {}), self.identify(trial.config))

    def changed(self) -> dict[str, list[str]]:
        """The trials that are not what they would be if they were trained now, and why, by id.

        Pilots that have changed still say which runs they led to.
        """
        known = [trial for group in self.groups for trial in self.recorded(group)]
        states = {trial.id: self.run.status(trial.id).get("state") for trial in known}
        begun = [trial for trial in distinct(known) if states[trial.id] in (*ENDED, *UNFINISHED)]
        found = {trial.id: self.differences(trial) for trial in begun}
        return {name: differences for name, differences in found.items() if differences}

    def recorded(self, group: Group) -> list[Trial]:
        """The trials of a group that the directory's records lead to, whatever they were trained with."""
        found: list[Trial] = []
        for arm in group.arms:
            tuning = tune_runs(self.experiment, arm, self.on_record)
            found += [trial for one in tuning for trials in one.pilots.values() for trial in trials]
            found += tuned_runs(self.experiment, arm, tuning)
        return found

    def on_record(self, trial: Trial) -> Ended | None:
        """How a pilot ended, whatever it was trained with; None of one that has not."""
        ended = self.run.status(trial.id).get("state") in ENDED
        return pilot_ended(self.run, trial) if ended else None

    def in_this_launch(self, trial: Trial) -> Ended | None:
        """How a pilot ended that need not be trained any more."""
        if trial.id not in self.outcomes and self.ended(trial):
            self.outcomes[trial.id] = pilot_ended(self.run, trial)
        return self.outcomes.get(trial.id)

    def refuse_changed(self) -> None:
        """Refuse to go on with trials that are not what they would be now.

        Raises:
          ValueError: what has changed, and for how many.
        """
        found = self.changed()
        if found:
            raise ValueError(refusal(found))

    def refuse_cut(self) -> None:
        """Refuse to go on from files that are not whole, before anything is trained: pilots of which the best looks are
        lost would choose other settings.

        Raises:
          ValueError: the first of them.
        """
        run = self.run
        for trial in distinct(trial for group in self.groups for trial in self.recorded(group)):
            of_trial = run.status(trial.id), run.card(trial.id), run.rows(trial.id), run.exhibits(trial.id)
            check_whole(run, trial.id, trial.stage == "pilot", *of_trial)

    @property
    def identity(self) -> Identity:
        """What all arms are trained with."""
        return merged(self.identify(arm.config) for group in self.groups for arm in group.arms)

    def trials(self, group: Group, stage: str) -> list[Trial]:
        """The trials of a stage, ``pilot`` or ``main``: the pilots that are asked for so far, or, when all have ended
        and no more are wanted, the runs to report."""
        key = (group.number, stage)
        if key not in self.known:
            tuning = [self.tuning(arm) for arm in group.arms]
            each = [one for of_arm in tuning for one in of_arm]
            tried = distinct(trial for one in each for of_value in one.pilots.values() for trial in of_value)
            if not all(one.complete for one in each):  # how these end may ask for more
                return tried if stage == "pilot" else []
            arms = zip(group.arms, tuning, strict=True)
            reported = [trial for arm, of_arm in arms for trial in tuned_runs(self.experiment, arm, of_arm)]
            self.known |= {(group.number, "pilot"): tried, (group.number, "main"): reported}
        return self.known[key]

    def tuning(self, arm: Arm) -> list[Tuning]:
        """Where the tuning of an arm stands, worked out again when all pilots that it asks for have ended: who waits
        for others asks twice a second, of every arm."""
        held = self.tunings.get(arm.number)
        if held is None or any(self.goes_on(one) for one in held):
            held = self.tunings[arm.number] = tune_runs(self.experiment, arm, self.in_this_launch)
        return held

    def goes_on(self, tuning: Tuning) -> bool:
        """Whether what is known of the pilots by now asks for more of them, or for a choice."""
        pilots = (trial for of_value in tuning.pilots.values() for trial in of_value)
        return not tuning.complete and all(self.in_this_launch(trial) is not None for trial in pilots)

    def runs(self, group: Group) -> int:
        """How many runs a group will have to report."""
        return len(group.arms) * self.experiment.seeds

    def expected(self) -> int:
        """How many trials there will be, as far as is known: pilots that the first ones led to come on top."""
        found = {trial.id for group in self.groups for stage in STAGES for trial in self.trials(group, stage)}
        to_come = sum(self.runs(group) for group in self.groups if not self.trials(group, "main"))
        return max(count_trials(self.experiment), len(found) + to_come)

    def open(self, group: Group) -> list[Trial]:
        """The trials to run next of a group: pilots, then, when all those have ended, runs to report."""
        for stage in STAGES:
            left = [trial for trial in self.trials(group, stage) if not self.ended(trial)]
            if left:
                return left
        return []

    def note(self, group: Group) -> None:
        """List the trials of a group that are known by now in ``experiment.json``, for the report.

        Raises:
          StorageError: it cannot be written.
        """
        for stage in STAGES:
            trials, key = self.trials(group, stage), (group.number, stage)
            if len(trials) > self.noted.get(key, 0):
                note_trials(self.run, trials)
                self.noted[key] = len(trials)

    def finished(self) -> bool:
        return not any(self.open(group) for group in self.groups)

    def failures(self) -> dict[str, str]:
        """Why trials failed in this launch, by trial id."""
        trials = [trial for group in self.groups for stage in STAGES for trial in self.trials(group, stage)]
        statuses = {trial.id: self.run.status(trial.id) for trial in trials}
        return {
            name: status["reason"]
            for name, status in statuses.items()
            if status.get("state") == "failed" and status.get("launch") == self.launch
        }


def pilot_ended(run: RunDirectory, trial: Trial) -> Ended:
    """How a pilot ended, by its records."""
    status, facts = run.status(trial.id), run.card(trial.id)
    score, metric = status.get("best_valid"), facts.get("metric")
    solved = "solved" in facts and any(
        solves(row[metric], facts) for row in run.rows(trial.id) if row["split"] == "valid" and metric in row
    )
    score = score if score is not None and math.isfinite(score) else math.inf
    return Ended(status.get("state") == "done", status.get("step") or 0, score, solved)
