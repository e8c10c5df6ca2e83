"""A worker: takes trials that nobody else has, trains them, until the plan is done.

Workers share a sweep through the leases in the run directory alone, so it does not matter where they run, nor how
many there are, nor whether one of them dies: its leases die with it, and another goes on from the last checkpoint.
"""

import time
from collections.abc import Iterator
from itertools import islice
from typing import Literal

import jax

from rnn_research.execution.display import Display
from rnn_research.execution.multihost import agree, first
from rnn_research.execution.options import Options
from rnn_research.execution.plan import Group, Plan
from rnn_research.execution.program_cache import AHEAD, ProgramCache
from rnn_research.execution.run_trials import Assignment, LostLeaseError, run_trials
from rnn_research.execution.stop_request import StopRequest
from rnn_research.experiment.config import TrialConfig
from rnn_research.experiment.trials import Trial
from rnn_research.runs.comparison import of_a_clock
from rnn_research.runs.directory import set_status
from rnn_research.runs.leases import Leases

POLL = 0.5  # seconds between checks of what other workers are doing
LAUNCH = "launch"  # the lease on the whole directory


def work(
    plan: Plan, programs: ProgramCache, leases: Leases | None, options: Options, display: Display, stop: StopRequest
) -> None:
    """Train what the run directory lacks, as far as nobody else does; returns when all has ended, or on ``stop``.

    Args:
      leases: None in a process that follows another's decisions.

    Raises:
      StorageError: the run directory cannot be written.
      LostLeaseError: another process has taken over what this one works on.
    """
    picker = Picker(plan, programs, leases, options, display) if leases else None
    lost = leases.lost if leases else set()
    if picker and options.beside and programs.one_by_one:
        display.say("--beside changes nothing here: trials run one after another")
    try:
        while not stop.everywhere():
            assignment = agree(first(lambda: picker.next() if picker else None))
            if assignment == "finished":
                return
            if assignment == "wait":
                time.sleep(POLL)
                continue
            if picker and may_compile_ahead(plan, programs, options):
                programs.ahead(picker.coming(assignment))
            display.group(assignment.group + 1, len(plan.groups), plan.groups[assignment.group].arms)
            run_trials(assignment, programs, plan.run, options, display, stop, lost, plan.identify)
            if leases:
                for trial in assignment.trials:
                    leases.release(trial.id)
    finally:
        programs.close()


def may_compile_ahead(plan: Plan, programs: ProgramCache, options: Options) -> bool:
    """Whether the next programs may be compiled while trials train: on CPUs, where that needs no device's memory; by
    one worker in one process, who knows what comes next; and not where the experiment reads a clock."""
    alone = (options.workers or 1) == 1 and jax.process_count() == 1
    timed = any(of_a_clock(measure.column) for measure in plan.experiment.measures)
    return alone and programs.one_by_one and jax.default_backend() == "cpu" and not timed


class Picker:
    """Chooses a worker's next trials: first of the program it has compiled; each begins with another program, so that
    workers spread over them, and goes on to the next that has trials left."""

    def __init__(self, plan: Plan, programs: ProgramCache, leases: Leases, options: Options, display: Display):
        self.plan, self.programs, self.leases = plan, programs, leases
        self.options, self.display = options, display
        self.workers = options.workers or 1
        self.at = options.number * len(plan.groups) // self.workers
        self.shown: set[int] = set()

    def next(self) -> Assignment | Literal["wait", "finished"]:
        """The next assignment, its trials leased; or that others have all there is, or that nothing is left."""
        if LAUNCH in self.leases.lost:
            raise LostLeaseError("another launcher has taken over this directory, thinking this one dead")
        finished = True
        for group in self.order():
            self.plan.note(group)
            trials = self.plan.open(group)
            if not trials:
                self.show(group)
                continue
            finished = False
            assignment = self.lease(group, trials)
            if assignment.trials:
                self.at = group.number
                return assignment
        return "finished" if finished else "wait"

    def coming(self, assignment: Assignment) -> list[tuple[TrialConfig, int]]:
        """What is being taken and the programs after it, each by one of its trials and how many there are."""
        found = [(assignment.trials[0].config, len(assignment.trials))]
        for group in islice(self.order(), 1, None):
            trials = self.plan.open(group) if len(found) <= AHEAD else []
            found += [(trials[0].config, len(trials))] if trials else []
        return found

    def order(self) -> Iterator[Group]:
        groups = self.plan.groups
        return (groups[(self.at + step) % len(groups)] for step in range(len(groups)))

    def lease(self, group: Group, trials: list[Trial]) -> Assignment:
        """As many trials as this worker should take at a time; one that has lost a worker before is taken alone."""
        room = self.share(len(trials))
        if self.programs.one_by_one and self.workers > 1:
            room = self.programs.groups
        assignment = Assignment(group.number, [], {})
        for trial in trials:
            if len(assignment.trials) >= room:
                break
            if self.leases.acquire(trial.id) is not None:
                continue
            attempts = self.attempts(trial)
            spent = attempts > self.options.retries
            if spent:
                self.give_up(trial, attempts)
            if spent or self.plan.ended(trial) or (attempts and assignment.trials):
                self.leases.release(trial.id)
                continue
            assignment.trials.append(trial)
            assignment.attempts[trial.id] = attempts
            if attempts:
                break
        alone = any(assignment.attempts.values())  # it may have wanted memory
        return assignment if alone else assignment._replace(room=self.share(self.plan.runs(group)))

    def share(self, trials: int) -> int:
        """How many of so many trials this worker should take at a time."""
        share, beside = -(-trials // self.workers), self.options.beside
        return share if beside is None or self.programs.one_by_one else min(share, beside * self.programs.groups)

    def attempts(self, trial: Trial) -> int:
        """Attempts at a trial in this launch that have come to nothing: their worker died, or lacked memory."""
        status = self.plan.run.status(trial.id)
        mine = status.get("launch") == self.options.launch and status.get("state") == "running"
        return status["attempts"] if mine else 0

    def give_up(self, trial: Trial, attempts: int) -> None:
        status = self.plan.run.status(trial.id)
        reason = status.pop("reason") or f"its worker died {attempts} times"
        status.pop("state")
        set_status(self.plan.run, trial, "failed", reason, status)

    def show(self, group: Group) -> None:
        """The results of a program, when its last trial has ended."""
        if group.number not in self.shown:
            self.shown.add(group.number)
            self.display.results(self.plan.run, self.plan.trials(group, "main"))
