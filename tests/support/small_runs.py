"""Small runs in processes of their own, for the tests that disturb them."""

import subprocess
import time
from pathlib import Path

from benchmarks.durability import command, ending, environment, run, write_experiment

STEPS = 1000
EVERY = f"--checkpoint_every={STEPS // 20}"


class Unbroken:
    """A run nobody disturbed, the experiment it is of, and what it came to."""

    def __init__(self, place: Path):
        self.experiment = write_experiment(place, STEPS)
        run(command(self.experiment, place / "unbroken"))
        self.workdir, self.ending = place / "unbroken", ending(place / "unbroken")


def launch(unbroken, workdir, *options, **settings):
    arguments = command(unbroken.experiment, workdir, *options)
    return subprocess.run(arguments, capture_output=True, text=True, env=environment(), timeout=300, **settings)


def start(unbroken, workdir, *options):
    arguments = command(unbroken.experiment, workdir, *options)
    log = open(workdir.with_suffix(".log"), "w")  # noqa: SIM115
    return subprocess.Popen(arguments, stdout=log, stderr=subprocess.STDOUT, env=environment())


def wait_for(found, seconds=120):
    """Wait until a function gives something, and give that."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        value = found()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("waited in vain")
