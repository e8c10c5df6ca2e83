"""The rows of a run as TensorBoard's event files, for those who look at all their runs there."""

import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

from rnn_research.report.drawing import slug
from rnn_research.report.results import load
from rnn_research.runs.directory import RunDirectory
from rnn_research.runs.files import storing


def check_installed() -> None:
    """Refuse to promise event files that cannot be written.

    Raises:
      ValueError: there is no tensorboardX.
    """
    try:
        import tensorboardX  # noqa: F401
    except ImportError:
        raise ValueError("--tensorboard needs tensorboardX: pip install -r requirements-tensorboard.txt") from None


def write_events(run: RunDirectory) -> Path:
    """Write ``WORKDIR/tensorboard/ARM/seed-N/`` for each reported trial that has rows, in the place of what was there;
    returns the folder of them all.

    Scalars are called ``SPLIT/COLUMN``, steps are updates, times those of training. What is not finite is left out, as
    TensorBoard draws none of it.

    Raises:
      ValueError: there is no tensorboardX, no experiment, or one of another format.
      StorageError: they cannot be written.
    """
    check_installed()
    from tensorboardX import SummaryWriter

    results, folder = load(run), run.path / "tensorboard"
    began = datetime.fromisoformat(results.document["provenance"]["started"]).timestamp()
    with storing(folder):
        if folder.exists():
            shutil.rmtree(folder)
        taken: set[str] = set()
        for trial in results.reported:
            if not trial.rows:
                continue
            arm = slug(", ".join(map(str, trial.labels.values())))
            name = f"{arm}/seed-{0 if trial.seed is None else trial.seed}"
            name = name if name not in taken else f"{name}-{trial.id}"  # labels may differ in signs alone
            taken.add(name)
            with SummaryWriter(str(folder / name), write_to_disk=True) as writer:
                _write(writer, trial.rows, began)
    return folder


def _write(writer: Any, rows: list[dict[str, Any]], began: float) -> None:
    time = began
    for row in rows:
        time += row.get("seconds", 0.0)
        for column, value in row.items():
            if column not in ("step", "split") and abs(value) < float("inf"):
                writer.add_scalar(f"{row['split']}/{column}", value, int(row["step"]), walltime=time)
