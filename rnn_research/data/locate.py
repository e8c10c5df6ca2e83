"""Where corpora lie: the directory that ``--data_dir`` or ``RNN_RESEARCH_DATA`` names."""

import os
from pathlib import Path

VARIABLE = "RNN_RESEARCH_DATA"


class DataNotFoundError(ValueError):
    """A corpus is not to be had: what it is, where it was looked for, what would satisfy."""

    def __init__(self, corpus: str, file: str, also: str):
        where = os.environ.get(VARIABLE) or "no --data_dir given"
        super().__init__(f"{corpus} not found (data directory: {where}; {also}): put {file} into --data_dir")


def use(directory: str) -> None:
    """Make this the data directory, of this process and of those it starts.

    Raises:
      ValueError: it is none.
    """
    if not Path(directory).is_dir():
        raise ValueError(f"--data_dir: no directory {directory}")
    os.environ[VARIABLE] = directory


def find(file: str) -> Path | None:
    """Path of a file in the data directory, or None."""
    directory = os.environ.get(VARIABLE)
    path = Path(directory, file) if directory else None
    return path if path and path.is_file() else None
