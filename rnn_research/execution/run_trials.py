"""Trials that a worker has leased, trained in one pack, with all that must be on record."""

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from rnn_research.execution.display import Display
from rnn_research.execution.multihost import agree, first, is_first
from rnn_research.execution.plan import ENDED
from rnn_research.execution.program_cache import Network, ProgramCache
from rnn_research.execution.stop_request import StopRequest
from rnn_research.execution.write_queue import WriteQueue
from rnn_research.experiment.experiment import Trial
from rnn_research.runs import checkpoints
from rnn_research.runs.directory import RunDirectory, begin, record, set_status
from rnn_research.runs.files import StorageError, cut, digest, storing


class Settings(NamedTuple):
    """How workers work; nothing here changes a number.

    Attributes:
      launch: token of the launch, in which attempts are counted.
      workers: how many share the sweep.
      number: which of them this is.
      retries: attempts after the first for a trial whose worker died or ran out of memory.
      checkpoint_every: updates between checkpoints; 0 for none at all.
      keep: checkpoints kept of a trial.
    """

    launch: str
    workers: int = 1
    number: int = 0
    retries: int = 2
    checkpoint_every: int = 1000
    keep: int = 2


class Assignment(NamedTuple):
    """Trials of one program, and the attempts made at them before in this launch, by trial id."""

    group: int
    trials: list[Trial]
    attempts: dict[str, int]


class LostLeaseError(Exception):
    """Another process took over what this one was working on, thinking it dead."""


def run_trials(
    assignment: Assignment,
    programs: ProgramCache,
    run: RunDirectory,
    settings: Settings,
    stop: StopRequest,
    lost: set[str],
) -> None:
    """Train the trials of a assignment, each from its last checkpoint if it has one.

    Args:
      stop: the wish to stop; every trial is then saved after the chunk.
      lost: leases that others have taken; trials among them are left alone.

    Raises:
      StorageError: the run directory cannot be written.
      LostLeaseError: a lease was lost.
    """
    from rnn_research.training.counting import Counting, run_counting
    from rnn_research.training.pack import run_pack

    display = programs.display
    leased = {trial.id for trial in assignment.trials}

    def check_claims() -> None:
        if leased & lost:
            raise LostLeaseError("another process has taken over trials of this one, which it thought dead")

    def due(index: int, step: int) -> bool:
        chunk = assignment.trials[index].config.train.eval_every
        every = max(settings.checkpoint_every, chunk)
        return settings.checkpoint_every > 0 and step // every > (step - chunk) // every

    if is_first():
        for trial in assignment.trials:  # before anything that may end this process
            set_status(run, trial, "running", "", attempt(assignment, trial, settings))
    try:
        network, program = programs.get(assignment.trials[0].config, len(assignment.trials))
        recorder = Recorder(run, assignment, network, settings) if is_first() else None
        try:
            starts = agree(first(lambda: recorder.open(program.template, display.say) if recorder else None))
            display.pack(assignment.trials, {index: int(start.step) for index, start in starts.items()})
            started, probing = time.monotonic(), 0.0
            configs, test = [trial.config for trial in assignment.trials], assignment.trials[0].stage == "main"
            if isinstance(program, Counting):
                events = run_counting(program, configs, test=test, stopping=stop.everywhere)
            else:
                events = run_pack(program, configs, starts, test=test, due=due, stopping=stop.everywhere)
            for event in events:
                check_claims()
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
            record_failure(assignment, run, settings, error, display)


class Recorder:
    """Keeps a assignment's records, in the background, and reads back what an earlier attempt left."""

    def __init__(self, run: RunDirectory, assignment: Assignment, network: Network, settings: Settings):
        self.run, self.assignment, self.network, self.settings = run, assignment, network, settings
        self.queue = WriteQueue()

    def open(self, template: Any, warn: Callable[[str], None]) -> dict[int, Any]:
        """States to go on from, by the trial's index; all others begin afresh."""
        starts = {}
        for index, trial in enumerate(self.assignment.trials):
            start = restore(self.run, trial, template, self.network.facts.get("text"), warn)
            if start is None:
                begin(self.run, trial)
            else:
                starts[index] = start
            set_status(
                self.run, trial, "running", "", self.network.facts | attempt(self.assignment, trial, self.settings)
            )
        return starts

    def write(self, event: Any) -> None:
        """Record what happened to a trial.

        The checkpoint comes before the test scores, so that the rows it vouches for are those of training; the status
        comes last.

        Raises:
          StorageError: something put before could not be written.
        """
        trial, put = self.assignment.trials[event.trial], self.queue.put
        if event.kind in ("started", "chunk"):
            put(record, self.run, trial, chunk_rows(trial, event, self.network))
        if event.state is not None and self.settings.checkpoint_every:
            put(save, self.run, trial, event.state, self.network.facts.get("text"), self.settings.keep)
        if event.kind == "paused":
            put(set_status, self.run, trial, "stopped", f"stopped at step {event.step}", self.network.facts)
        if event.kind in ENDED:
            put(record, self.run, trial, test_rows(event))
            put(set_status, self.run, trial, event.kind, event.reason, self.network.facts | facts_of_end(event))

    def close(self) -> None:
        """Wait until all is written.

        Raises:
          StorageError: something could not be.
        """
        try:
            self.queue.drain()
        finally:
            self.queue.close()


def chunk_rows(trial: Trial, event: Any, network: Network) -> list[dict[str, Any]]:
    """The rows of a chunk, the wall-clock columns in the first; or of the look before the first step."""
    config = trial.config.train
    rows = [{"step": event.step, "split": split, **values} for split, values in event.rows.items()]
    if event.kind == "chunk":
        speed = config.eval_every / event.seconds
        tokens = speed * config.batch * network.task.time
        rows[0] |= {"seconds": event.seconds, "steps_per_s": speed, "tokens_per_s": tokens}
    return rows


def test_rows(event: Any) -> list[dict[str, Any]]:
    """The test scores of the best parameters, at the step those are from."""
    return [{"step": event.best[0], "split": split, **values} for split, values in event.rows.items()]


def facts_of_end(event: Any) -> dict[str, Any]:
    step, loss = event.best
    return {"step": event.step, "best_step": step, "best_valid_loss": loss}


def save(run: RunDirectory, trial: Trial, state: Any, text: str | None, keep: int) -> None:
    """A checkpoint of a trial, which vouches for the rows written until now and for the text that was read."""
    path = run.metrics(trial.id)
    with storing(path):
        rows = path.read_bytes()
    notes = {"metrics_bytes": len(rows), "metrics_digest": digest(rows), "text": text}
    checkpoints.save(run.checkpoints(trial.id), int(state.step), checkpoints.arrays_of(state), notes, keep)


def restore(run: RunDirectory, trial: Trial, template: Any, text: str | None, warn: Callable[[str], None]) -> Any:
    """A trial's newest good state, its rows cut to that step; None where there is none.

    Args:
      text: digest of the text that a language model reads; a state that has read another is none of its own.
    """
    path = run.metrics(trial.id)
    rows = path.read_bytes() if path.exists() else b""

    def fits(checkpoint: checkpoints.Checkpoint) -> str:
        size = checkpoint.notes["metrics_bytes"]
        if digest(rows[:size]) != checkpoint.notes["metrics_digest"]:
            return f"{path.name} is not what it was at this step"
        if checkpoint.notes.get("text") != text:
            return "the text is not the one it was trained on"
        return checkpoints.misfit(template, checkpoint.arrays)

    found = checkpoints.restore(run.checkpoints(trial.id), fits, warn)
    if found is None:
        return None
    cut(path, found.notes["metrics_bytes"])
    return checkpoints.tree_of(template, found.arrays)


def record_failure(
    assignment: Assignment, run: RunDirectory, settings: Settings, error: Exception, display: Display
) -> None:
    """What had not ended has failed; after want of memory only if its attempts are used up."""
    reason = f"{type(error).__name__}: {error}".splitlines()[0]
    unfinished = [trial for trial in assignment.trials if run.status(trial.id).get("state") not in ENDED]
    again = [trial for trial in unfinished if out_of_memory(error) and may_retry(assignment.attempts, trial, settings)]
    for trial in unfinished:
        state = "running" if trial in again else "failed"
        set_status(run, trial, state, reason, attempt(assignment, trial, settings))
    display.failure(reason, len(unfinished), len(again))


def attempt(assignment: Assignment, trial: Trial, settings: Settings) -> dict[str, Any]:
    """Which attempt at a trial this is, in which launch: for its status."""
    return {"launch": settings.launch, "attempts": assignment.attempts.get(trial.id, 0) + 1}


def may_retry(attempts: Mapping[str, int], trial: Trial, settings: Settings) -> bool:
    return attempts.get(trial.id, 0) < settings.retries


def out_of_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error)
