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
from rnn_research.experiment.trials import Trial, distinct, mains, pilots
from rnn_research.runs.directory import RunDirectory, note_trials
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
        self.noted: set[tuple[int, str]] = set()

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
            by_value = pilots(self.experiment, arm)
            tried = [trial for trials in by_value.values() for trial in trials]
            found += tried
            if all(self.run.status(trial.id).get("state") in ENDED for trial in tried):
                found += mains(self.experiment, arm, choose_value(self.run, by_value))
        return found

    def refuse_changed(self) -> None:
        """Refuse to go on with trials that are not what they would be now.

        Raises:
          ValueError: what has changed, and for how many.
        """
        found = self.changed()
        if found:
            raise ValueError(refusal(found))

    @property
    def identity(self) -> Identity:
        """What all arms are trained with."""
        return merged(self.identify(arm.config) for group in self.groups for arm in group.arms)

    def trials(self, group: Group, stage: str) -> list[Trial]:
        """All trials of a stage, ``pilot`` or ``main``; none of ``main`` before all its pilots have ended."""
        key = (group.number, stage)
        if key not in self.known:
            tuning = [pilots(self.experiment, arm) for arm in group.arms]
            tried = distinct(trial for by_value in tuning for of_value in by_value.values() for trial in of_value)
            if stage == "pilot":
                self.known[key] = tried
            elif all(self.ended(trial) for trial in tried):
                values = [choose_value(self.run, by_value) for by_value in tuning]
                chosen = zip(group.arms, values, strict=True)
                self.known[key] = [trial for arm, value in chosen for trial in mains(self.experiment, arm, value)]
        return self.known.get(key, [])

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
            if trials and key not in self.noted:
                note_trials(self.run, trials)
                self.noted.add(key)

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


def choose_value(run: RunDirectory, by_value: dict[float, list[Trial]]) -> float | None:
    """The candidate of which the fewest pilots diverged or failed; of those the one with the lowest best validation
    loss, averaged over the pilots that reached their end.

    What a pilot had reached before it diverged says nothing of a longer run. Where none of all pilots reached its end,
    it is the candidate whose pilots made the most updates; the report says so (``report.remarks``).
    """
    if not by_value:
        return None

    def mean(numbers: list[float | None], nothing: float) -> float:
        return sum(nothing if number is None else number for number in numbers) / len(numbers)

    def rank(trials: list[Trial]) -> tuple[int, float, float]:
        statuses = [run.status(trial.id) for trial in trials]
        good = [status for status in statuses if status.get("state") == "done"]
        made = mean([status.get("step") for status in statuses], 0.0)
        loss = mean([status.get("best_valid_loss") for status in good or statuses], math.inf)
        return len(trials) - len(good), 0.0 if good else -made, loss

    return min(by_value, key=lambda value: rank(by_value[value]))
