"""The run directory of one experiment.

::

    experiment.json                 what is asked, of which trials, on which machine
    trials/<id>/config.json         the resolved config
                card.json           what the learner and the task are: parameters, metric, baseline; and what it was
                                    trained with, see ``identity``
                codec.json          what predicting and writing need beside the parameters
                metrics.jsonl       one row per (step, split), numbers only
                exhibits.jsonl      one curve, matrix or set of texts a line, see ``rnn_research.exhibits``
                status.json         running | stopped | done | diverged | failed, with the reason
                traceback.txt       of one that failed
                checkpoints/        see ``checkpoints``
    leases/                         who is at work here, see ``leases``
    logs/                           what workers in processes of their own print
    metrics.parquet                 all rows, with the axes as columns, see ``parquet``
    report/                         tables and figures
    verify/                         trials that ``--verify`` trained again
    start/                          of a fork: the state that it goes on from
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from rnn_research.experiment.config import to_dict
from rnn_research.experiment.looks import Look, taken, with_look
from rnn_research.experiment.trials import Trial
from rnn_research.runs.files import (
    alone,
    append_rows,
    cut,
    encode,
    read_json,
    read_numbers,
    read_rows,
    storing,
    write_atomic,
    write_json,
)
from rnn_research.runs.identity import Identity, conflicts, merged, named

FORMAT = 4
OURS = ("leases", "logs", "trials", ".lock")  # what a launch may leave that was killed before it declared itself
SHOWN = 3  # differing settings that are named

State = Literal["running", "stopped", "done", "diverged", "failed"]


class RunDirectory(NamedTuple):
    """Paths and records under one directory."""

    path: Path

    @property
    def report(self) -> Path:
        return self.path / "report"

    @property
    def parquet(self) -> Path:
        return self.path / "metrics.parquet"

    def trial(self, trial_id: str) -> Path:
        return self.path / "trials" / trial_id

    def metrics(self, trial_id: str) -> Path:
        return self.trial(trial_id) / "metrics.jsonl"

    def exhibits_path(self, trial_id: str) -> Path:
        return self.trial(trial_id) / "exhibits.jsonl"

    def checkpoints(self, trial_id: str) -> Path:
        return self.trial(trial_id) / "checkpoints"

    @property
    def leases(self) -> Path:
        return self.path / "leases"

    def document(self) -> dict[str, Any] | None:
        """``experiment.json``, or None where nothing has been run."""
        return read_json(self.path / "experiment.json")

    def status(self, trial_id: str) -> dict[str, Any]:
        """A trial's status; ``{}`` where it has not begun."""
        return read_numbers(self.trial(trial_id) / "status.json")

    def card(self, trial_id: str) -> dict[str, Any]:
        """The facts about a trial's learner and task; ``{}`` where none are known yet."""
        return read_numbers(self.trial(trial_id) / "card.json")

    def codec(self, trial_id: str) -> Any:
        """What ``write_codec`` was given; None where there is none."""
        return read_json(self.trial(trial_id) / "codec.json")

    def rows(self, trial_id: str) -> list[dict[str, Any]]:
        return read_rows(self.metrics(trial_id))

    def exhibits(self, trial_id: str) -> list[dict[str, Any]]:
        """The rows of a trial's exhibits, for ``exhibits.from_row``, in the order in which they were recorded."""
        return read_rows(self.exhibits_path(trial_id))


def open_directory(path: Path, identity: dict[str, Any]) -> RunDirectory:
    """Make the directory, or take up the one that is there if it holds the same experiment; writes nothing in it.

    Args:
      identity: what must not differ: name and base settings.

    Raises:
      ValueError: the directory holds something else, or cannot be made.
    """
    run = RunDirectory(path)
    held = run.document()
    if held is not None:
        _refuse_other(path, held, identity)
    elif path.is_dir() and any(inner.name not in OURS and inner.suffix != ".tmp" for inner in path.iterdir()):
        raise ValueError(f"{path} is not empty and holds no experiment; choose another --workdir")
    try:
        (path / "trials").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"cannot write to {path}: {error.strerror or error}") from error
    return run


def declare(run: RunDirectory, identity: dict[str, Any], document: dict[str, Any]) -> None:
    """Write ``experiment.json``; its trials are noted as they come up. Only for the holder of the directory's lease.

    Raises:
      ValueError: the directory holds something else by now.
    """
    with alone(run.path):
        held = run.document()
        if held is not None:
            _refuse_other(run.path, held, identity)
        kept = {"looks": (held or {}).get("looks", []), "trials": []}
        write_json(run.path / "experiment.json", {"format": FORMAT, "identity": identity} | document | kept)


def note_look(run: RunDirectory, seeds: int, planned: Look | None) -> None:
    """Record that the verdicts are looked at, see ``experiment.looks``."""
    with alone(run.path):
        document = run.document() or {}
        before = taken(document)
        looks = with_look(before, seeds, planned)
        if looks != before:
            write_json(run.path / "experiment.json", document | {"looks": [look._asdict() for look in looks]})


def note_identity(run: RunDirectory, mine: Identity) -> None:
    """Record in ``experiment.json`` what a process of the launch trains with; they all must train with the same.

    Raises:
      ValueError: it is another's than that of the processes before.
    """
    with alone(run.path):
        document = run.document() or {}
        held = document.get("trained_with", {})
        differences = conflicts(held, mine)
        if differences:
            raise ValueError(f"the launch in {run.path} trains with something else: {named(differences)}")
        both = merged([held, mine])
        if both != held:
            write_json(run.path / "experiment.json", document | {"trained_with": both})


def check_whole(
    run: RunDirectory,
    trial_id: str,
    pilot: bool,
    status: dict[str, Any],
    facts: dict[str, Any],
    rows: list[dict[str, Any]],
    exhibits: list[dict[str, Any]],
) -> None:
    """Refuse what is left of a trial that is done, where some is not: metrics that were cut are no bad score, and what
    the test split adds hangs on the exhibits.

    Raises:
      ValueError: which file is to blame, and what to do.
    """
    if status.get("state") != "done":
        return
    wanted = ("valid", status.get("step")) if pilot else ("test", None)
    whole = any(row["split"] == wanted[0] and wanted[1] in (None, row["step"]) for row in rows)
    shown = sum(row.get("step") == status.get("step") for row in exhibits)
    again = f"remove {run.trial(trial_id)}, and the same command trains it again"
    if len({(row["step"], row["split"]) for row in rows}) < len(rows):
        raise ValueError(f"{run.metrics(trial_id)} holds some rows twice: {again}")
    for path, is_whole in (
        (run.metrics(trial_id), whole),
        (run.trial(trial_id) / "card.json", "metric" in facts),
        (run.exhibits_path(trial_id), shown >= status.get("exhibits", 0)),
    ):
        if not is_whole:
            raise ValueError(f"{path} was cut, or is lost: {again}")


def begin(run: RunDirectory, trial: Trial) -> None:
    """Start a trial's records afresh."""
    directory = run.trial(trial.id)
    with storing(directory):
        directory.mkdir(parents=True, exist_ok=True)
        for name in ("card.json", "codec.json"):
            (directory / name).unlink(missing_ok=True)
    cut(run.metrics(trial.id), 0)
    cut(run.exhibits_path(trial.id), 0)
    write_json(directory / "config.json", to_dict(trial.config))


def forget_checkpoints(run: RunDirectory, trial: Trial) -> None:
    """Remove a trial's checkpoints: they are of something that it no longer is."""
    if run.checkpoints(trial.id).exists():
        with storing(run.checkpoints(trial.id)):
            shutil.rmtree(run.checkpoints(trial.id))


def set_status(run: RunDirectory, trial: Trial, state: State, reason: str, extra: dict[str, Any]) -> None:
    """Record how a trial stands, in the place of what was recorded before.

    Args:
      extra: of ``launch`` and ``attempts``, and of ``step``, ``best_step``, ``best_valid`` and ``exhibits``, how many
        were recorded at that step.
    """
    directory = run.trial(trial.id)
    with storing(directory):
        directory.mkdir(parents=True, exist_ok=True)
    write_json(directory / "status.json", {"state": state, "reason": reason} | _known(extra))


def keep_traceback(run: RunDirectory, trial: Trial, text: str) -> None:
    """Keep where a trial failed; empty to forget it, as it begins again."""
    path = run.trial(trial.id) / "traceback.txt"
    if text:
        write_atomic(path, text)
    else:
        with storing(path):
            path.unlink(missing_ok=True)


def write_card(run: RunDirectory, trial: Trial, facts: dict[str, Any]) -> None:
    """Record what a trial's learner and task are; facts that are None are left out.

    The report reads ``metric``, ``better``, ``perfect`` and ``baseline`` (by metric), and where they are known
    ``hidden``, ``parameters``, ``cell_parameters`` and ``elman_parameters``; measures may be of any fact.
    """
    write_json(run.trial(trial.id) / "card.json", _known(facts))


def write_codec(run: RunDirectory, trial: Trial, value: Any) -> None:
    """Record what a trained trial needs to be used without its corpus: any JSON value."""
    # In ASCII: a token may be half of a surrogate pair, which UTF-8 has no form for.
    write_atomic(run.trial(trial.id) / "codec.json", encode(value) + "\n")


def record(run: RunDirectory, trial: Trial, rows: list[dict[str, Any]]) -> None:
    """Append rows to a trial's metrics."""
    append_rows(run.metrics(trial.id), rows)


def record_exhibits(run: RunDirectory, trial: Trial, rows: list[dict[str, Any]]) -> None:
    """Append rows, as of ``exhibits.as_row``, to a trial's exhibits; no row leaves no file."""
    if rows:
        append_rows(run.exhibits_path(trial.id), rows)


def entry_of(trial: Trial) -> dict[str, Any]:
    """How ``experiment.json`` lists a trial; ``tuned`` are the settings that pilots chose, or try, by path."""
    return {
        "id": trial.id,
        "stage": trial.stage,
        "arm": trial.arm,
        "labels": trial.labels,
        "seed": trial.config.seed,
        "tuned": to_dict(trial.tuned),
    }


def note_trials(run: RunDirectory, trials: Sequence[Trial]) -> None:
    """Add trials to the list in ``experiment.json``: what the report is to read, in the order of the arms.

    The order does not depend on which worker noted its trials first.
    """
    with alone(run.path):
        document = run.document() or {}
        entries = {entry["id"]: entry for entry in document["trials"]}
        entries |= {trial.id: entry_of(trial) for trial in trials}
        ordered = sorted(entries.values(), key=lambda entry: (entry["arm"], entry["stage"] == "main"))
        if ordered != document["trials"]:
            write_json(run.path / "experiment.json", document | {"trials": ordered})


def check_format(path: Path, document: dict[str, Any]) -> None:
    """Refuse a directory of another format.

    Raises:
      ValueError: which one it is.
    """
    if document.get("format") != FORMAT:
        age = "a newer" if document.get("format", 0) > FORMAT else "an older"
        found = document.get("format")
        raise ValueError(f"{path} was written by {age} version (format {found}); this one reads {FORMAT}")


def _refuse_other(path: Path, held: dict[str, Any], identity: dict[str, Any]) -> None:
    check_format(path, held)
    before, now = flat(held.get("identity", {})), flat(identity)
    if before.get("experiment") != now.get("experiment"):
        raise ValueError(
            f"{path} holds {before.get('experiment')}, not {now.get('experiment')}; choose another --workdir"
        )
    differing = [key for key in sorted(before | now) if before.get(key) != now.get(key)]
    if differing:
        shown = ", ".join(f"{key}={before.get(key)}, not {now.get(key)}" for key in differing[:SHOWN])
        more = f", and {len(differing) - SHOWN} more" if len(differing) > SHOWN else ""
        raise ValueError(f"{path} holds a run with {shown}{more}; choose another --workdir")


def flat(value: Any, prefix: str = "") -> dict[str, Any]:
    """The values of nested objects, by their dotted paths."""
    if not isinstance(value, dict):
        return {prefix: value}
    found = {}
    for key, inner in value.items():
        found |= flat(inner, f"{prefix}.{key}" if prefix else key)
    return found


def _known(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}
