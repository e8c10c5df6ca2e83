"""Small runs in processes of their own, for the tests that disturb them."""

import contextlib
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


def start(unbroken, workdir, *options, **named):
    """Such a run begun, with what it prints beside its directory; ``named`` as for ``Launch``."""
    arguments = command(unbroken.experiment, workdir, *unbroken.options, *options)
    return Launch(arguments, workdir.with_suffix(".log"), **named)


HOLDING = """

import time
from pathlib import Path

import rnn_research.execution.run_trials as work

HOLD, SEEN, plain = Path(__file__).with_name("hold"), [], work.chunk_rows


def held(*arguments):
    SEEN.append(arguments)
    while len(SEEN) > 4 and HOLD.exists():
        time.sleep(0.02)
    return plain(*arguments)


work.chunk_rows = held
"""


def holding(unbroken, place):
    """The same run, but whoever trains waits after its first looks at its trials, as long as the second path exists.

    So what is done to it meanwhile falls amid training, however fast the machine is.
    """
    experiment, hold = place / unbroken.experiment.name, place / "hold"
    experiment.write_text(unbroken.experiment.read_text() + HOLDING)
    hold.touch()
    return unbroken._replace(experiment=experiment), hold


def holders(workdir):
    """Who has a lease in the directory: by its name, as of a trial, the process."""
    found = {}
    for path in (workdir / "leases").glob("*.json"):
        with contextlib.suppress(FileNotFoundError):  # given back meanwhile
            found[path.stem] = json.loads(path.read_text())["pid"]
    return found


def wait_for(found, seconds=300):
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


def at_work(workdir):
    """The process that trains a trial of the directory, once there is one."""
    trial = wait_for(lambda: in_training(workdir))
    return holders(workdir)[trial.name]
