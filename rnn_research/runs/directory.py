"""The run directory of one experiment.

::

    experiment.json                 what is asked, of which trials, on which machine
    trials/<id>/config.json         the resolved config
                metrics.jsonl       one row per (step, split)
                status.json         running | stopped | done | diverged | failed, with the reason
                checkpoints/        see ``checkpoints``
    leases/                         who is at work here, see ``leases``
    logs/                           what workers in processes of their own print
    metrics.parquet                 all rows, with the axes as columns
    report/                         tables and figures
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from rnn_research.experiment.config import to_dict
from rnn_research.experiment.experiment import Trial
from rnn_research.runs.files import (
    alone,
    append_rows,
    cut,
    read_json,
    read_rows,
    storing,
    write_atomic,
    write_json,
)

FORMAT = 2
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
        return read_json(self.trial(trial_id) / "status.json") or {}

    def rows(self, trial_id: str) -> list[dict[str, Any]]:
        return read_rows(self.metrics(trial_id))


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
        write_json(run.path / "experiment.json", {"format": FORMAT, "identity": identity} | document | {"trials": []})


def begin(run: RunDirectory, trial: Trial) -> None:
    """Start a trial's records afresh."""
    directory = run.trial(trial.id)
    with storing(directory):
        directory.mkdir(parents=True, exist_ok=True)
    cut(run.metrics(trial.id), 0)
    write_json(directory / "config.json", to_dict(trial.config))


def set_status(run: RunDirectory, trial: Trial, state: State, reason: str, extra: dict[str, Any]) -> None:
    """Record how a trial stands.

    Args:
      extra: what the report needs to know of the model and the task: parameters, baseline, metric.
    """
    directory = run.trial(trial.id)
    with storing(directory):
        directory.mkdir(parents=True, exist_ok=True)
    write_json(directory / "status.json", {"state": state, "reason": reason} | extra)


def record(run: RunDirectory, trial: Trial, rows: list[dict[str, Any]]) -> None:
    """Append rows to a trial's metrics."""
    append_rows(run.metrics(trial.id), rows)


def entry_of(trial: Trial) -> dict[str, Any]:
    """How ``experiment.json`` lists a trial."""
    return {
        "id": trial.id,
        "stage": trial.stage,
        "arm": trial.arm,
        "labels": trial.labels,
        "seed": trial.config.seed,
        "learning_rate": trial.config.optimizer.learning_rate,
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


def write_parquet(run: RunDirectory) -> None:
    """Gather all rows of the listed trials in ``metrics.parquet``, with the axes as columns."""
    import io

    import pandas as pd

    parts = []
    for entry in (run.document() or {}).get("trials", []):
        rows = run.rows(entry["id"])
        if not rows:
            continue
        status = run.status(entry["id"])
        columns = {"stage": entry["stage"], "learning_rate": entry["learning_rate"], **entry["labels"]}
        columns |= {"seed": entry["seed"], "trial": entry["id"]}
        columns |= {name: status.get(name) for name in ("state", "hidden", "parameters")}
        parts.append(pd.DataFrame(columns, index=range(len(rows))).join(pd.DataFrame(rows)))
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"trial": [], "step": [], "split": []})
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    write_atomic(run.parquet, buffer.getvalue())


def _refuse_other(path: Path, held: dict[str, Any], identity: dict[str, Any]) -> None:
    if held.get("format") != FORMAT:
        age = "a newer" if held.get("format", 0) > FORMAT else "an older"
        raise ValueError(f"{path} was written by {age} version (format {held.get('format')}); this one reads {FORMAT}")
    before, now = _flat(held.get("identity", {})), _flat(identity)
    if before.get("experiment") != now.get("experiment"):
        raise ValueError(
            f"{path} holds {before.get('experiment')}, not {now.get('experiment')}; choose another --workdir"
        )
    differing = [key for key in sorted(before | now) if before.get(key) != now.get(key)]
    if differing:
        shown = ", ".join(f"{key}={before.get(key)}, not {now.get(key)}" for key in differing[:SHOWN])
        more = f", and {len(differing) - SHOWN} more" if len(differing) > SHOWN else ""
        raise ValueError(f"{path} holds a run with {shown}{more}; choose another --workdir")


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {prefix: value}
    flat = {}
    for key, inner in value.items():
        flat |= _flat(inner, f"{prefix}.{key}" if prefix else key)
    return flat
