"""A worker: takes trials that nobody else has, trains them, until the plan is done.

Workers share a sweep through the claims in the run directory alone, so it does not matter where they run, nor how
many there are, nor whether one of them dies: its claims die with it, and another goes on from the last checkpoint.
"""

import time
from collections.abc import Iterator
from typing import Literal

from rnn_research.execution.display import Display
from rnn_research.execution.hosts import agree, first
from rnn_research.execution.job import Job, LostClaimError, Settings, run_job
from rnn_research.execution.plan import Group, Plan
from rnn_research.execution.stop import Stop
from rnn_research.execution.workshop import Workshop
from rnn_research.experiment.experiment import Trial
from rnn_research.runs.claims import Claims
from rnn_research.runs.directory import set_status

POLL = 0.5  # seconds between looks at what others are doing
LAUNCH = "launch"  # the claim on the whole directory


def work(
    plan: Plan, workshop: Workshop, claims: Claims | None, settings: Settings, display: Display, stop: Stop
) -> None:
    """Train what the run directory lacks, as far as nobody else does; returns when all has ended, or on ``stop``.

    Args:
      claims: None in a process that follows another's decisions.

    Raises:
      StorageError: the run directory cannot be written.
      LostClaimError: another process has taken over what this one works on.
    """
    picker = Picker(plan, workshop, claims, settings, display) if claims else None
    lost = claims.lost if claims else set()
    while not stop.everywhere():
        job = agree(first(lambda: picker.next() if picker else None))
        if job == "finished":
            return
        if job == "wait":
            time.sleep(POLL)
            continue
        display.group(job.group + 1, len(plan.groups), plan.groups[job.group].arms)
        run_job(job, workshop, plan.run, settings, stop, lost)
        if claims:
            for trial in job.trials:
                claims.release(trial.id)


class Picker:
    """Chooses what a worker does next: first from the program it has compiled, then from one that is its own to start
    with, so that workers spread over the programs, then wherever help is wanted."""

    def __init__(self, plan: Plan, workshop: Workshop, claims: Claims, settings: Settings, display: Display):
        self.plan, self.workshop, self.claims = plan, workshop, claims
        self.settings, self.display = settings, display
        self.at = settings.number * len(plan.groups) // max(settings.workers, 1)
        self.shown: set[int] = set()

    def next(self) -> Job | Literal["wait", "finished"]:
        """The next job, its trials claimed; or that others have all there is, or that nothing is left."""
        if LAUNCH in self.claims.lost:
            raise LostClaimError("another launcher has taken over this directory, thinking this one dead")
        finished = True
        for group in self.order():
            trials = self.plan.open(group)
            if not trials:
                self.show(group)
                continue
            finished = False
            job = self.claim(group, trials)
            if job.trials:
                self.at = group.number
                return job
        return "finished" if finished else "wait"

    def order(self) -> Iterator[Group]:
        groups = self.plan.groups
        return (groups[(self.at + step) % len(groups)] for step in range(len(groups)))

    def claim(self, group: Group, trials: list[Trial]) -> Job:
        """As many trials as this worker should take at a time; one that has lost a worker before is taken alone."""
        share = -(-len(trials) // self.settings.workers)
        room = self.workshop.groups if self.workshop.one_by_one and self.settings.workers > 1 else share
        job = Job(group.number, [], {})
        for trial in trials:
            if len(job.trials) >= room:
                break
            if self.claims.acquire(trial.id) is not None:
                continue
            attempts = self.attempts(trial)
            spent = attempts > self.settings.retries
            if spent:
                self.give_up(trial, attempts)
            if spent or self.plan.ended(trial) or (attempts and job.trials):
                self.claims.release(trial.id)
                continue
            job.trials.append(trial)
            job.attempts[trial.id] = attempts
            if attempts:
                break
        return job

    def attempts(self, trial: Trial) -> int:
        """Attempts at a trial in this launch that have come to nothing: their worker died, or lacked memory."""
        status = self.plan.run.status(trial.id)
        mine = status.get("launch") == self.settings.launch and status.get("state") == "running"
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
            self.display.results(self.plan.run, self.plan.stage(group, "main"))
