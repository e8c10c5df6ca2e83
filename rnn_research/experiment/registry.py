"""The registry of experiments: one file is one experiment, named by its file; files lie in folders by subject. A file
without an ``EXPERIMENT`` is none: others import it."""

import dataclasses
import importlib.util
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from rnn_research.experiment.checks import check_patterns
from rnn_research.experiment.config import fingerprint
from rnn_research.experiment.experiment import Experiment
from rnn_research.lookup import nearest

DEFINES = re.compile(rb"\bEXPERIMENT\b|\bimport \*")  # as a file may, that is one
DIRECTORY = Path(__file__).resolve().parents[2] / "experiments"


def names() -> list[str]:
    """Every experiment in ``experiments/`` and its folders.

    Raises:
      ValueError: two files have the same name.
    """
    return sorted(_files())


def by_folder() -> dict[str, list[str]]:
    """The experiments of each folder of ``experiments/``; of those that lie in none, under ``""``.

    Raises:
      ValueError: two files have the same name.
    """
    found: dict[str, list[str]] = {}
    for name, path in sorted(_files().items()):
        folder = path.parent.relative_to(DIRECTORY).as_posix()
        found.setdefault("" if folder == "." else folder, []).append(name)
    return dict(sorted(found.items()))


def load(name: str, full: bool = False) -> Experiment:
    """The experiment of that name, or the one defined by a file (``path/to/file.py``).

    Args:
      full: take its second set of settings, which the file calls ``FULL``, in the place of ``EXPERIMENT``.

    Raises:
      ValueError: no such experiment, a file that defines none, or one whose claims or figures speak of what it has not;
        a file without ``FULL`` where that is asked for.
    """
    if name.endswith(".py"):
        path = Path(name)
        if not path.is_file():
            raise ValueError(f"unknown experiment {name!r}; no such file")
    else:
        files = _files()
        if name not in files and not (others := [path for path in _python_files() if path.stem == name]):
            raise ValueError(f"unknown experiment {name!r}; {nearest(name, files)}")
        path = files[name] if name in files else others[0]
    try:
        module = _execute(path.resolve())
    except (Exception, SystemExit) as error:  # whatever a user's file may raise becomes one line
        raise ValueError(f"{path}: {type(error).__name__}: {error}") from error
    experiment = getattr(module, "EXPERIMENT", None)
    if not isinstance(experiment, Experiment):
        raise ValueError(f"{path}: defines no EXPERIMENT of type rnn_research.experiment.Experiment")
    experiment = getattr(module, "FULL", None) if full else experiment
    if not isinstance(experiment, Experiment):
        raise ValueError(f"--full: {path.stem} has one set of settings; leave it out")
    try:
        check_patterns(experiment)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return dataclasses.replace(experiment, name=path.stem, file=str(path.resolve()))


def _files() -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in _python_files():
        if not DEFINES.search(path.read_bytes()):
            continue
        if path.stem in found:
            raise ValueError(f"two experiments are called {path.stem!r}: {found[path.stem]} and {path}")
        found[path.stem] = path
    return found


def _python_files() -> list[Path]:
    """In ``experiments/`` and its folders, but those that begin with ``_`` or ``.``."""
    found = [path for path in sorted(DIRECTORY.rglob("*.py")) if path.is_file()]
    return [path for path in found if not any(p.startswith(("_", ".")) for p in path.relative_to(DIRECTORY).parts)]


def _execute(path: Path) -> ModuleType:
    """The module that a file defines, under a name of its own.

    It stays in ``sys.modules``: dataclasses look their module up there.
    """
    name = f"rnn_research_experiment_{fingerprint(str(path))}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with _neighbours(path.parent):
            spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


@contextmanager
def _neighbours(folder: Path) -> Iterator[None]:
    """Let a file import those beside it; afterwards they are forgotten: other folders may have files of those names."""
    sys.path.insert(0, str(folder))
    before = set(sys.modules)
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        new = set(sys.modules) - before
        files = {name: getattr(sys.modules[name], "__file__", None) for name in new}
        beside = (str(folder / "{}.py"), str(folder / "{}" / "__init__.py"))
        ours = {name for name in new if files[name] in [form.format(name) for form in beside]}
        for name in new:
            if name.partition(".")[0] in ours:
                del sys.modules[name]
