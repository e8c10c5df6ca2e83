"""Small runs in processes of their own, for the tests that disturb them."""

import json
import time
from pathlib import Path
from typing import Any, NamedTuple

from rnn_research.runs.checkpoints import complete
from rnn_research.runs.files import alone
from tests.support import processes
from tests.support.durability import command, ending, run, write_experiment
from tests.support.processes import Launch

STEPS = 1000
EVERY = f"--checkpoint_every={STEPS // 20}"
ONE_ARM = "--grid.model.cell.name=elman"


class Unbroken(NamedTuple):
    """A run nobody disturbed, the experiment it is of, the options it was started with, and what it came to."""

    experiment: Path
    workdir: Path
    options: tuple[str, ...]
    ending: dict[str, Any]


def unbroken_run(place: Path, *options: str) -> Unbroken:
    """Make such a run in a directory, or take the one that another process of the tests has made there."""
    place.mkdir(exist_ok=True)
    with alone(place):
        experiment = write_experiment(place, STEPS)
        if not (place / "made").exists():
            run(command(experiment, place / "unbroken", *options))
            (place / "made").touch()
    return Unbroken(experiment, place / "unbroken", options, ending(place / "unbroken"))


def launch(unbroken, workdir, *options, **named):
    return processes.launch(command(unbroken.experiment, workdir, *unbroken.options, *options), timeout=300, **named)


def start(unbroken, workdir, *options):
    return Launch(command(unbroken.experiment, workdir, *unbroken.options, *options), workdir.with_suffix(".log"))


def wait_for(found, seconds=120):
    """Wait until a function gives something, and give that."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        value = found()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("waited in vain")


def in_training(workdir):
    """A trial of the directory that has a checkpoint and is running."""
    for path in (workdir / "trials").glob("*/status.json"):
        if json.loads(path.read_text())["state"] == "running" and complete(path.parent / "checkpoints"):
            return path.parent
    return None
