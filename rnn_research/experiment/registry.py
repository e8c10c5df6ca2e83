"""The registry of experiments: one file is one experiment, named by its file."""

import dataclasses
import importlib.util
from pathlib import Path

from rnn_research.experiment.experiment import Experiment
from rnn_research.lookup import nearest

DIRECTORY = Path(__file__).resolve().parents[2] / "experiments"


def names() -> list[str]:
    """Every experiment in ``experiments/``."""
    return sorted(path.stem for path in DIRECTORY.glob("*.py") if not path.stem.startswith("_"))


def load(name: str) -> Experiment:
    """The experiment of that name, or the one defined by a file (``path/to/file.py``).

    Raises:
      ValueError: no such experiment, or a file that defines none.
    """
    path = Path(name) if name.endswith(".py") else DIRECTORY / f"{name}.py"
    if not path.is_file():
        hint = "no such file" if name.endswith(".py") else nearest(name, names())
        raise ValueError(f"unknown experiment {name!r}; {hint}")
    spec = importlib.util.spec_from_file_location(f"experiment_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever a user's file may raise becomes one line
        raise ValueError(f"{path}: {type(error).__name__}: {error}") from error
    experiment = getattr(module, "EXPERIMENT", None)
    if not isinstance(experiment, Experiment):
        raise ValueError(f"{path}: defines no EXPERIMENT of type rnn_research.experiment.Experiment")
    return dataclasses.replace(experiment, name=path.stem)
