"""Where a fork begins: a trial's state at a step, kept or made again, and the records of the trials that go on from it.

Nothing is written in the directory that the trial is of.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from rnn_research.execution.display import Display
from rnn_research.execution.identity import made_on
from rnn_research.execution.options import Options
from rnn_research.execution.run_trials import chunk_rows, fault_of, row_files, stamp
from rnn_research.execution.stop_request import StopRequest
from rnn_research.experiment.trials import Trial
from rnn_research.learners import Learner
from rnn_research.runs import checkpoints
from rnn_research.runs.comparison import row_differences, without_clocks
from rnn_research.runs.directory import RunDirectory, begin, set_status, write_card, write_codec
from rnn_research.runs.files import write_atomic
from rnn_research.runs.identity import Identity
from rnn_research.training.event import Event
from rnn_research.trees import arrays_of, misfit, tree_of


class Origin(NamedTuple):
    """What is forked: a trial of a run directory, as it is made here, at a step.

    Attributes:
      beside: trials that its program ran side by side; 0 where it ran them one after another.
    """

    run: RunDirectory
    trial: Trial
    step: int
    identity: Identity
    beside: int


def state_at(
    origin: Origin, learner: Learner, place: Path, options: Options, display: Display, stop: StopRequest
) -> Any:
    """The trial's state after ``origin.step`` updates; None where training was stopped before.

    It is that of a checkpoint at the step, or of one before it, trained on from there, or from the start; every row on
    the way must then be what the trial's own is, to the bit.

    Args:
      place: directory of checkpoints of one's own: a state on the way, and at last this one, is kept there.

    Raises:
      ValueError: training again does not lead to the trial's own rows.
      StorageError: the state cannot be kept.
    """
    template = learner.template
    kept = checkpoints.restore(place, lambda found: misfit(template, found.arrays), display.say)
    found = kept or nearest(origin, template)
    step = found.step if found else 0
    state = tree_of(template, found.arrays) if found else None
    if step < origin.step:
        come_from = f"its checkpoint at step {step}" if step else "its start"
        display.say(f"no checkpoint at step {origin.step}: training again from {come_from}")
        state = trained_to(origin, learner, state, place, options, display, stop)
    if state is not None and (kept is None or kept.step != origin.step):
        checkpoints.save(place, origin.step, arrays_of(state), {}, keep=1)
    return state


def nearest(origin: Origin, template: Any) -> checkpoints.Checkpoint | None:
    """The trial's last checkpoint up to the step that is whole and its own; what is not is passed over."""
    for path in reversed(checkpoints.complete(origin.run.checkpoints(origin.trial.id))):
        if int(path.name) > origin.step:
            continue
        try:
            found = checkpoints.read(path)
        except checkpoints.DamagedError:
            continue
        if not fault_of(found, origin.run, origin.trial, template, origin.identity):
            return found
    return None


def trained_to(
    origin: Origin, learner: Learner, state: Any, place: Path, options: Options, display: Display, stop: StopRequest
) -> Any:
    """The state at the step, trained on from another, None for the start; None where it was stopped."""
    trial, rows = origin.trial, origin.run.rows(origin.trial.id)
    chunk = trial.config.train.eval_every
    every = max(options.checkpoint_every, chunk)

    def due(_: int, step: int) -> bool:
        return step == origin.step or step // every > (step - chunk) // every

    starts = {} if state is None else {0: state}
    display.pack([trial], {index: int(start.step) for index, start in starts.items()})
    for event in learner.run([trial.config], starts, test=False, due=due, stopping=stop.everywhere):
        if event.kind == "chunk":
            check_rows(origin, rows, event)
            display.event(trial, event)
        if event.step == origin.step and event.state is not None:
            return event.state
        if event.state is not None:
            checkpoints.save(place, event.step, arrays_of(event.state), {}, keep=1)
    return None


def check_rows(origin: Origin, rows: list[dict[str, Any]], event: Event) -> None:
    """Refuse to go on where training again has led elsewhere.

    Raises:
      ValueError: at which step, by how much, and what is another here.
    """
    again = without_clocks(chunk_rows(origin.trial, event, 1))
    before = [row for row in rows if row["step"] == event.step and row["split"] in event.rows]
    found = row_differences(without_clocks(before), again)
    if not found:
        return
    where = max(found, key=lambda name: found[name])
    there, here = origin.run.card(origin.trial.id).get("made_on", {}), made_on()
    others = ", ".join(f"{name} was {there.get(name)}" for name in here if there.get(name) != here[name])
    raise ValueError(
        f"trained again, trial {origin.trial.id} is not what it was: {where} differs by {found[where]:.1e} at step "
        f"{event.step}{f' ({others})' if others else ''}; fork it at a step that has a checkpoint: "
        f"{', '.join(map(str, steps_kept(origin))) or 'there is none'}"
    )


def steps_kept(origin: Origin) -> list[int]:
    return [int(path.name) for path in checkpoints.complete(origin.run.checkpoints(origin.trial.id))]


def plant(run: RunDirectory, origin: Origin, trial: Trial, state: Any, identity: Identity) -> None:
    """Begin a trial's records as those of the origin until its step, byte for byte, with a checkpoint there; the
    checkpoint comes last: without it nothing counts as begun.

    Args:
      identity: what the trial is trained with from there on.

    Raises:
      StorageError: they cannot be written.
    """
    source, name = origin.run, origin.trial.id
    begin(run, trial)
    card = {fact: value for fact, value in source.card(name).items() if fact not in ("trained_with", "made_on")}
    write_card(run, trial, card | {"trained_with": identity, "made_on": made_on()})
    codec = source.codec(name)
    if codec is not None:
        write_codec(run, trial, codec)
    for path, ours in zip(row_files(source, origin.trial), row_files(run, trial), strict=True):
        lines = b"".join(until(path, origin.step))
        if lines or path == source.metrics(name):
            write_atomic(ours, lines)
    set_status(run, trial, "stopped", f"forked from {name} at step {origin.step}", {})
    notes = {"trained_with": identity, "rows": {path.name: stamp(path, None) for path in row_files(run, trial)}}
    checkpoints.save(run.checkpoints(trial.id), origin.step, arrays_of(state), notes)


def until(path: Path, step: int) -> Iterator[bytes]:
    """The whole lines of a ``.jsonl`` file until a step's last one; test scores, which come last, stand at the step of
    the best parameters."""
    if not path.exists():
        return
    for line in path.read_bytes().split(b"\n")[:-1]:
        row = json.loads(line)
        if row["step"] > step or row.get("split") == "test":
            return
        yield line + b"\n"
