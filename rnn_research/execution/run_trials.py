"""Trials that a worker has leased, trained in one pack, with all that must be on record."""

import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax

from rnn_research.data.codec import to_json
from rnn_research.execution import xla_settings
from rnn_research.execution.blame import said
from rnn_research.execution.display import Display
from rnn_research.execution.identity import Identify, made_on
from rnn_research.execution.multihost import agree, first, is_first
from rnn_research.execution.options import Options
from rnn_research.execution.plan import ENDED
from rnn_research.execution.program_cache import ProgramCache, card_of
from rnn_research.execution.stop_request import StopRequest
from rnn_research.execution.write_queue import WriteQueue
from rnn_research.exhibits import as_row
from rnn_research.experiment.trials import Trial
from rnn_research.learners import Learner
from rnn_research.runs import checkpoints
from rnn_research.runs.directory import (
    RunDirectory,
    begin,
    forget_checkpoints,
    keep_traceback,
    record,
    record_exhibits,
    set_status,
    write_card,
    write_codec,
)
from rnn_research.runs.files import StorageError, cut, digest, storing
from rnn_research.runs.identity import Identity, conflicts, named
from rnn_research.tasks import Task
from rnn_research.training.event import Event
from rnn_research.trees import arrays_of, misfit, tree_of


class Assignment(NamedTuple):
    """Trials of one program.

    Attributes:
      group: the number of the program.
      attempts: made at the trials before in this launch, by trial id.
      room: trials that a program which runs them side by side should be made for, if that is more than there are here:
        those that come later need no other, and their last bits, which hang on it, are the same.
    """

    group: int
    trials: list[Trial]
    attempts: dict[str, int]
    room: int = 0

    @property
    def places(self) -> int:
        return max(len(self.trials), self.room)


class LostLeaseError(Exception):
    """Another process took over what this one was working on, thinking it dead."""


def run_trials(
    assignment: Assignment,
    programs: ProgramCache,
    run: RunDirectory,
    options: Options,
    display: Display,
    stop: StopRequest,
    lost: set[str],
    identify: Identify,
) -> None:
    """Train the trials of an assignment, each from its last checkpoint if it has one.

    Args:
      stop: the wish to stop; every trial is then saved after the chunk.
      lost: leases that others have taken; trials among them are left alone.
      identify: what a trial is trained with here, by its configuration.

    Raises:
      StorageError: the run directory cannot be written.
      LostLeaseError: a lease was lost.
    """
    leased = {trial.id for trial in assignment.trials}

    def check_leases() -> None:
        if leased & lost:
            raise LostLeaseError("another process has taken over trials of this one, which it thought dead")

    def due(index: int, step: int) -> bool:
        chunk = assignment.trials[index].config.train.eval_every
        every = max(options.checkpoint_every, chunk)
        return options.checkpoint_every > 0 and step // every > (step - chunk) // every

    if is_first():
        for trial in assignment.trials:  # before anything that may end this process
            set_status(run, trial, "running", "", attempt(assignment, trial, options))
    try:
        learner = programs.get(assignment.trials[0].config, assignment.places, display)
        task = programs.tasks[assignment.trials[0].config.task]
        beside = {} if programs.one_by_one else {"beside": assignment.places}
        recorder = Recorder(run, assignment, task, learner, options, identify, beside) if is_first() else None
        try:
            starts = agree(first(lambda: recorder.open(learner.template, display.say) if recorder else None))
            done = {index: int(start.step) for index, start in starts.items()}
            display.pack(assignment.trials, done, task.goal.metric)
            started, probing = time.monotonic(), 0.0
            configs, test = [trial.config for trial in assignment.trials], assignment.trials[0].stage == "main"
            events = learner.run(configs, starts, test=test, due=due, stopping=stop.everywhere)
            for event in events:
                check_leases()
                if recorder:
                    recorder.write(event)
                probing += event.rows.get("probe", {}).get("probe_seconds", 0.0)
                display.event(assignment.trials[event.trial], event)
            display.pack_ended(probing, time.monotonic() - started)
        except LostLeaseError as error:
            if recorder:
                recorder.queue.abandon(error)
            raise
        finally:
            if recorder:
                recorder.close()
    except (StorageError, LostLeaseError):
        raise
    except Exception as error:  # one program's failure, be it memory or a user's cell, must not end the sweep
        if is_first():
            record_failure(assignment, run, options, error, display)


class Recorder:
    """Keeps an assignment's records, in the background, and reads back what an earlier attempt left."""

    def __init__(
        self,
        run: RunDirectory,
        assignment: Assignment,
        task: Task,
        learner: Learner,
        options: Options,
        identify: Identify,
        beside: dict[str, int],
    ):
        self.run, self.assignment, self.options = run, assignment, options
        self.time = task.inputs.time
        self.identity = identify(assignment.trials[0].config)  # trials of one program differ in numbers alone
        self.codec = None if task.data.codec is None else to_json(task.data.codec)
        self.card = card_of(assignment.trials[0].config, task, learner)
        self.card |= {"trained_with": self.identity, "made_on": made_on(), "devices": jax.device_count(), **beside}
        self.queue = WriteQueue()

    def open(self, template: Any, warn: Callable[[str], None]) -> dict[int, Any]:
        """States to go on from, by the trial's index; all others begin afresh."""
        starts = {}
        for index, trial in enumerate(self.assignment.trials):
            if conflicts(self.run.card(trial.id).get("trained_with", {}), self.identity):
                forget_checkpoints(self.run, trial)
            start = restore(self.run, trial, template, self.identity, warn) if template is not None else None
            if start is None:
                begin(self.run, trial)
            else:
                starts[index] = start
            keep_traceback(self.run, trial, "")
            write_card(self.run, trial, self.card)
            if self.codec is not None:
                write_codec(self.run, trial, self.codec)
            set_status(self.run, trial, "running", "", attempt(self.assignment, trial, self.options))
        return starts

    def write(self, event: Event) -> None:
        """Record what happened to a trial.

        The checkpoint comes before the test scores, so that the rows it vouches for are those of training; the status
        comes last.

        Raises:
          StorageError: something put before could not be written.
        """
        trial, put = self.assignment.trials[event.trial], self.queue.put
        exhibits = [as_row(exhibit, event.step) for exhibit in event.exhibits]
        if event.kind in ("started", "chunk"):
            put(record, self.run, trial, chunk_rows(trial, event, self.time))
            put(record_exhibits, self.run, trial, exhibits)
        if event.state is not None and self.options.checkpoint_every:
            put(save, self.run, trial, event, self.identity, self.options.keep)
        if event.kind == "paused":
            put(set_status, self.run, trial, "stopped", f"stopped at step {event.step}", {})
        if event.kind in ENDED:
            put(record, self.run, trial, test_rows(event))
            put(record_exhibits, self.run, trial, exhibits)
            put(set_status, self.run, trial, event.kind, event.reason, facts_of_end(event))

    def close(self) -> None:
        """Wait until all is written.

        Raises:
          StorageError: something could not be.
        """
        try:
            self.queue.drain()
        finally:
            self.queue.close()


def chunk_rows(trial: Trial, event: Event, time: int) -> list[dict[str, Any]]:
    """The rows of a chunk, the wall-clock columns in the first; or of the look before the first step."""
    config = trial.config.train
    rows = [{"step": event.step, "split": split, **values} for split, values in event.rows.items()]
    if event.kind == "chunk":
        speed = config.eval_every / event.seconds
        tokens = speed * config.batch * time
        rows[0] |= {"seconds": event.seconds, "steps_per_s": speed, "tokens_per_s": tokens}
    return rows


def test_rows(event: Event) -> list[dict[str, Any]]:
    """The test scores of the best parameters, at the step those are from."""
    return [{"step": event.best[0], "split": split, **values} for split, values in event.rows.items()]


def facts_of_end(event: Event) -> dict[str, Any]:
    step, score = event.best
    return {"step": event.step, "best_step": step, "best_valid": score, "exhibits": len(event.exhibits)}


def save(run: RunDirectory, trial: Trial, event: Event, identity: Identity, keep: int) -> None:
    """A checkpoint of a trial, which vouches for the rows written until now.

    Args:
      identity: what the trial is trained with.
    """
    notes = {"trained_with": identity, "rows": {path.name: stamp(path, None) for path in row_files(run, trial)}}
    checkpoints.save(run.checkpoints(trial.id), event.step, arrays_of(event.state), notes, keep)


def restore(run: RunDirectory, trial: Trial, template: Any, identity: Identity, warn: Callable[[str], None]) -> Any:
    """A trial's newest good state, its rows cut to that step; None where there is none.

    Args:
      identity: what the trial is trained with; a state that was trained with something else is none of its own.
    """

    def fits(checkpoint: checkpoints.Checkpoint) -> str:
        return fault_of(checkpoint, run, trial, template, identity)

    found = checkpoints.restore(run.checkpoints(trial.id), fits, warn)
    if found is None:
        return None
    for path in row_files(run, trial):
        cut(path, found.notes["rows"][path.name][0])
    return tree_of(template, found.arrays)


def fault_of(
    checkpoint: checkpoints.Checkpoint, run: RunDirectory, trial: Trial, template: Any, identity: Identity
) -> str:
    """Why a trial cannot go on from a checkpoint: its rows, what it was trained with, its arrays; empty if it can."""
    for path in row_files(run, trial):
        held = checkpoint.notes["rows"][path.name]
        if stamp(path, held[0]) != held:
            return f"{path.name} is not what it was at this step"
    differences = conflicts(checkpoint.notes["trained_with"], identity)
    if differences:
        return f"{named(differences)} changed since"
    return misfit(template, checkpoint.arrays)


def row_files(run: RunDirectory, trial: Trial) -> tuple[Path, Path]:
    """The files that grow with a trial."""
    return run.metrics(trial.id), run.exhibits_path(trial.id)


def stamp(path: Path, size: int | None) -> list[Any]:
    """Bytes and digest of the beginning of a file, or of all of it; of nothing where there is none."""
    with storing(path):
        content = path.read_bytes() if path.exists() else b""
    return [len(content[:size]), digest(content[:size])]


def record_failure(
    assignment: Assignment, run: RunDirectory, options: Options, error: Exception, display: Display
) -> None:
    """What had not ended has failed; after want of memory only if its attempts are used up. Its folder keeps the
    traceback."""
    reason = said(error)
    unfinished = [trial for trial in assignment.trials if run.status(trial.id).get("state") not in ENDED]
    memory = xla_settings.out_of_memory(error)
    again = [trial for trial in unfinished if memory and may_retry(assignment.attempts, trial, options)]
    for trial in unfinished:
        state = "running" if trial in again else "failed"
        set_status(run, trial, state, reason, attempt(assignment, trial, options))
        keep_traceback(run, trial, "".join(traceback.format_exception(error)))
    display.failure(reason, len(unfinished), len(again))


def attempt(assignment: Assignment, trial: Trial, options: Options) -> dict[str, Any]:
    """Which attempt at a trial this is, in which launch: for its status."""
    return {"launch": options.launch, "attempts": assignment.attempts.get(trial.id, 0) + 1}


def may_retry(attempts: Mapping[str, int], trial: Trial, options: Options) -> bool:
    return attempts.get(trial.id, 0) < options.retries
