"""Workers in processes of their own, here or elsewhere, watched and replaced until the plan is done.

What they share is the run directory. Where they run is an ``Executor``: processes of this machine, Ray, Slurm.
"""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from rnn_research.execution.display import Display
from rnn_research.execution.options import Options
from rnn_research.execution.plan import Plan
from rnn_research.execution.run_trials import LostLeaseError
from rnn_research.execution.stop_request import StopRequest
from rnn_research.execution.worker import LAUNCH, POLL
from rnn_research.runs.files import CANNOT_WRITE, StorageError
from rnn_research.runs.leases import Leases

GRACE = 10.0  # seconds that workers get to end by themselves when nothing is left to do
REFUSED = 2  # the exit status of a worker that is not to train here: other code, data or settings than the launch
HASTY = 3  # deaths in a row, of workers that have begun nothing, after which no more are started


class WorkersError(Exception):
    """Workers cannot be kept at work."""


class Executor(NamedTuple):
    """How to start workers and what becomes of them.

    Attributes:
      start: ``(number) -> worker``.
      status: ``(worker) -> exit status``, or None while it works.
      stop: ``(worker)``: ask it to stop after its chunk.
      kill: ``(worker)``: end it at once.
      where: for people.
      workers: how many.
    """

    start: Callable[[int], Any]
    status: Callable[[Any], int | None]
    stop: Callable[[Any], None]
    kill: Callable[[Any], None]
    where: str
    workers: int


def supervise(plan: Plan, leases: Leases, executor: Executor, display: Display, stop: StopRequest) -> None:
    """Keep workers running until all trials have ended, or until ``stop``.

    A worker that dies costs the trials it had one attempt each; another takes its place.

    Raises:
      StorageError: a worker could not write.
      WorkersError: workers die before they begin anything.
      LostLeaseError: another launcher has taken over.
    """
    workers: dict[int, Any] = {}
    marks: dict[int, str] = {}  # how far the work was when a worker was started

    def start_worker(number: int) -> None:
        marks[number] = progress_mark(plan)
        workers[number] = executor.start(number)

    note(plan)
    for number in range(0 if plan.finished() else executor.workers):
        start_worker(number)
    stop.at_once = lambda: [executor.kill(worker) for worker in workers.values()]
    hasty, shown = 0, set()
    try:
        while workers and not stop() and not plan.finished():
            if LAUNCH in leases.lost:
                raise LostLeaseError("another launcher has taken over this directory, thinking this one dead")
            for number, worker in list(workers.items()):
                status = executor.status(worker)
                if status is None:
                    continue
                del workers[number]
                if status == CANNOT_WRITE:
                    raise StorageError(f"a worker could not write; see {log(plan.run.path, number)}")
                if status == REFUSED:
                    raise WorkersError(f"a worker refuses: {last_line(log(plan.run.path, number))}")
                if status == 0:
                    continue
                hasty = hasty + 1 if progress_mark(plan) == marks[number] else 0
                display.say(f"worker {number} died ({died_of(status)}); its trials go on elsewhere")
                if hasty >= HASTY:
                    raise WorkersError(f"workers die before they begin a trial; see {log(plan.run.path, number)}")
                start_worker(number)
            note(plan)
            show_progress(plan, display, shown, len(workers))
            time.sleep(POLL)
        note(plan)
        show_progress(plan, display, shown, len(workers))
        if not stop() and not plan.finished():
            raise WorkersError(f"the workers found nothing to do, yet trials are missing; see {plan.run.path / 'logs'}")
    finally:
        stop_workers(workers, leases, executor, plan.finished())


def note(plan: Plan) -> None:
    """List in ``experiment.json`` what is known of the trials by now: workers list only what they come by."""
    for group in plan.groups:
        plan.note(group)


def stop_workers(workers: dict[int, Any], leases: Leases, executor: Executor, finished: bool) -> None:
    """Wait for the workers to end: by themselves where nothing is left to do, else after the chunk they are at."""
    until = time.monotonic() + (GRACE if finished else math.inf)
    if workers and not finished:
        for worker in workers.values():
            executor.stop(worker)
        leases.release(LAUNCH)  # which workers that no signal reaches take as the wish to stop
    while working := [worker for worker in workers.values() if executor.status(worker) is None]:
        if time.monotonic() > until:
            for worker in working:
                executor.kill(worker)
            return
        time.sleep(POLL)


def worker_command(options: Options) -> list[str]:
    """The command of a worker of a launch, but for its number."""
    return [*options.command, f"--launch={options.launch}"]


def log(path: Path, number: int) -> Path:
    """Where worker ``number`` of a run directory writes what it would print."""
    return path / "logs" / f"worker-{number}.log"


def last_line(path: Path) -> str:
    lines = path.read_text(errors="replace").split("\n") if path.exists() else []
    return next((line.removeprefix("launch.py: ") for line in reversed(lines) if line.strip()), f"see {path}")


def died_of(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"exit status {status}"


def progress_mark(plan: Plan) -> str:
    """Changes whenever a worker begins or ends a trial."""
    open_trials = [trial for group in plan.groups for trial in plan.open(group)]
    return str([(trial.id, plan.run.status(trial.id).get("attempts")) for trial in open_trials])


def show_progress(plan: Plan, display: Display, shown: set[int], workers: int) -> None:
    """The results of every program that is complete, once, and how many trials have ended."""
    for group in plan.groups:
        if group.number not in shown and not plan.open(group):
            shown.add(group.number)
            display.results(plan.run, plan.trials(group, "main"))
    display.workers(len(plan.known_ended), plan.expected(), workers)
