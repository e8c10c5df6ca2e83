"""Label a file with a model that an experiment trained: texts, words, names, handwriting (S20-S22, S24).

    python -m rnn_research.predict --workdir=runs/sentiment --input=reviews.csv --output=labelled.csv

The input has the format that the trial's task reads, with or without labels of its own; the output is the same with the
labels that the model gives, packed where its name ends in .gz. It takes its name when it is whole; a link stays one,
and what it leads to is written; a pipe or a device is written into.

Of the run directory's trials, the one with the best validation score labels, --arm=LSTM the best of an arm, --trial=ID
that one; with the parameters of its best look at the validation split. A line on the standard error says which it is.
What it was trained on need not be there.

Exit status: 0 done; 2 bad input, of which nothing is written; 1 where the output cannot be written.
"""

import gzip
import os
import sys
from pathlib import Path
from typing import Any

from rnn_research.commands import flags
from rnn_research.execution import compile_cache, xla_settings
from rnn_research.runs.files import storing, write_atomic

STREAM = "-"
STANDARD_OUTPUT = (STREAM, "/dev/stdout")  # where the latter leads to a file, that is not to be replaced by another
FLAGS = (
    flags.text("workdir", "run directory of an experiment on a task that reads files"),
    flags.text("trial", "id of a trial, a folder under WORKDIR/trials; the best on validation if left out"),
    flags.text("arm", "an arm, by one of its labels or all: the best of its trials on validation"),
    flags.text("input", "file to label; - for the standard input", STREAM),
    flags.text("output", "file to write; - for the standard output", STREAM),
)


def main(argv: list[str]) -> int:
    """The whole command; returns the exit status."""
    return flags.run("predict", __doc__, FLAGS, argv, act)


def act(given: flags.Given) -> int:
    """Write the labelled file that the flags ask for, whole or not at all; returns the exit status.

    Raises:
      ValueError: bad input.
      StorageError: the output cannot be written.
    """
    values = given.values
    if not values.workdir:
        raise ValueError("name a run directory: --workdir=runs/NAME")
    workdir = flags.directory("workdir", values.workdir)
    output = None if values.output in STANDARD_OUTPUT else _writable(values.output)
    xla_settings.configure()
    compile_cache.use(True)
    xla_settings.check_devices()
    labelled = labels(workdir, values)
    if output:
        write_output(output, labelled)
    else:
        sys.stdout.buffer.write(labelled)
    return 0


def labels(workdir: Path, values: Any) -> bytes:
    """What the output is to hold; which trial labels is said on the standard error.

    Raises:
      ValueError: no trained trial there, or none that labels files; an input that cannot be read.
    """
    # Imported now: the settings of the host must stand before jax is loaded.
    from rnn_research.data.plain import read_bytes
    from rnn_research.execution.labelling import label
    from rnn_research.execution.trained import load_trial
    from rnn_research.runs.directory import RunDirectory

    trial = load_trial(RunDirectory(workdir), values.trial, arm=values.arm)

    def say(examples: int) -> None:
        counted = f"{examples} example{'' if examples == 1 else 's'}"
        print(f"predict: trial {trial.id}, {trial.about}: {counted}", file=sys.stderr)

    if values.input == STREAM:
        return label(trial, sys.stdin.buffer.read(), "standard input", say)
    path = Path(values.input).expanduser()
    return label(trial, read_bytes(path), str(path), say)


def write_output(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, or into what is there and is none: a pipe, a device.

    Args:
      path: where a link leads is written; a name that ends in ``.gz`` asks for gzip.

    Raises:
      StorageError: it could not be written.
    """
    if path.suffix == ".gz":
        content = gzip.compress(content, mtime=0)  # the same labels, the same bytes
    if path.exists() and not path.is_file():
        with storing(path), open(path, "wb") as file:
            file.write(content)
    else:
        write_atomic(_target(path), content)


def _target(path: Path) -> Path:
    """Where a link leads, be it to a file that is not there yet; of what is no link, itself."""
    return Path(os.path.realpath(path))


def _writable(output: str) -> Path:
    """The path of a file that can be made.

    Raises:
      ValueError: its folder is not there, or it is one itself.
    """
    path = Path(output).expanduser()
    if not path.exists() and not _target(path).parent.is_dir():
        raise ValueError(f"--output: no directory {_target(path).parent if path.is_symlink() else path.parent}")
    if path.is_dir():
        raise ValueError(f"--output: {path} is a directory")
    return path
