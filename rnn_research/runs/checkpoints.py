"""Checkpoints: arrays kept by Orbax, with a manifest of digests that says whether they came back as they were.

::

    checkpoints/00000500/arrays/          Orbax's own files
                         manifest.json    digests of every leaf and of every file; written last

Orbax is whole or absent after a kill, but it restores flipped bits without a word and may report a save that a full
disk lost. So a directory counts as a checkpoint only once its manifest is there, and is restored only if every digest
agrees.
"""

import json
import logging
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rnn_research.runs.files import StorageError, digest, write_atomic
from rnn_research.trees import Arrays

FORMAT = 1
MARGIN = 256 * 1024  # bytes that must be free besides twice the arrays
ARRAYS, MANIFEST = "arrays", "manifest.json"


class Checkpoint(NamedTuple):
    """What was restored: the step, the arrays by name, and the notes saved beside them."""

    step: int
    arrays: Arrays
    notes: dict[str, Any]


def save(directory: Path, step: int, arrays: Arrays, notes: dict[str, Any], keep: int = 2) -> None:
    """Save a checkpoint and remove all but the newest ``keep``.

    Args:
      directory: a trial's ``checkpoints/``.
      step: names the checkpoint.
      arrays: by name, without slashes.
      notes: JSON values to keep beside them.

    Raises:
      StorageError: it could not be saved; the older checkpoints stand.
    """
    target = directory / f"{step:08d}"
    leaves = {name: _leaf(array) for name, array in arrays.items()}
    held = _manifest(target)
    if held is not None and held["leaves"] == leaves and held["notes"] == notes:
        return
    try:
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        _check_room(target, arrays)
        # Orbax takes no array without elements; the manifest knows all there is to know of those.
        _checkpointer().save(target.absolute() / ARRAYS, {name: a for name, a in arrays.items() if a.size})
        manifest = {"format": FORMAT, "step": step, "notes": notes, "leaves": leaves, "files": _files(target / ARRAYS)}
        write_atomic(target / MANIFEST, _text(manifest | {"digest": digest(_text(manifest).encode())}))
    except Exception as error:  # tensorstore raises ValueError, Orbax errors of its own: all mean the same here
        shutil.rmtree(target, ignore_errors=True)
        reason = "no space left on device" if "no space left" in str(error).lower() else _first_line(error)
        raise StorageError(f"cannot save checkpoint {target}: {reason}") from error
    for path in complete(directory)[:-keep]:
        _remove(path)


def restore(
    directory: Path, fits: Callable[[Checkpoint], str] = lambda checkpoint: "", warn: Callable[[str], None] = print
) -> Checkpoint | None:
    """The newest checkpoint that is whole; None where there is none.

    One that is damaged, or that ``fits`` has something against, is set aside under another name and told of by
    ``warn``; the one before it is tried. What a killed save left is removed.

    Raises:
      ValueError: a checkpoint of a newer version of this package.
    """
    for path in list(directory.glob("*")):
        if path.name.isdecimal() and not (path / MANIFEST).exists():
            warn(f"{path}: no manifest, as a killed save leaves it; not used")
            shutil.rmtree(path, ignore_errors=True)
    for path in reversed(complete(directory)):
        try:
            checkpoint = read(path)
            fault = fits(checkpoint)
        except DamagedError as error:
            checkpoint, fault = None, str(error)
        if checkpoint is not None and not fault:
            return checkpoint
        warn(f"{path}: {fault}; set aside, the one before it is used")
        _set_aside(path)
    return None


def complete(directory: Path) -> list[Path]:
    """Checkpoints that have a manifest, oldest first."""
    found = (path for path in directory.glob("*") if path.name.isdecimal() and (path / MANIFEST).exists())
    return sorted(found, key=lambda path: int(path.name))  # of steps from 10^8 on, the names are longer


class DamagedError(Exception):
    """A checkpoint that is not what was saved."""


def read(path: Path) -> Checkpoint:
    """The checkpoint at a path, every digest verified.

    Raises:
      DamagedError: it is not what was saved.
      ValueError: it is of a newer version of this package.
    """
    manifest = _manifest(path)
    if manifest is None:
        raise DamagedError("its manifest is damaged")
    if manifest["format"] > FORMAT:
        raise ValueError(
            f"{path} was written by a newer version (format {manifest['format']}; this one reads {FORMAT})"
        )
    try:
        files = _files(path / ARRAYS)
    except OSError as error:
        raise DamagedError(f"its files cannot be read ({error.strerror or error})") from error
    for name in sorted(manifest["files"] | files):
        if manifest["files"].get(name) != files.get(name):
            raise DamagedError(f"its file {name} is {'damaged' if name in files else 'gone'}")
    try:
        stored = _checkpointer().restore(path.absolute() / ARRAYS)
    except Exception as error:
        raise DamagedError(f"cannot be read ({_first_line(error)})") from error
    leaves, arrays = manifest["leaves"], {name: np.asarray(array) for name, array in stored.items()}
    arrays |= {n: np.zeros(leaf["shape"], leaf["dtype"]) for n, leaf in leaves.items() if not math.prod(leaf["shape"])}
    found = {name: _leaf(array) for name, array in arrays.items()}
    for name in sorted(leaves | found):
        if leaves.get(name) != found.get(name):
            raise DamagedError(f"its array {name} is not what was saved")
    return Checkpoint(manifest["step"], arrays, manifest["notes"])


def leaves(path: Path) -> dict[str, dict[str, Any]]:
    """Shape, type and digest of every array of a checkpoint, by name; ``{}`` where its manifest is damaged."""
    return (_manifest(path) or {"leaves": {}})["leaves"]


def _manifest(path: Path) -> dict[str, Any] | None:
    """A checkpoint's manifest if it is there and not a byte of it has changed."""
    try:
        text = (path / MANIFEST).read_text(encoding="utf-8")
        manifest = json.loads(text)
        stated = manifest.pop("digest")
    except (ValueError, LookupError, AttributeError, TypeError, OSError):
        return None
    same = digest(_text(manifest).encode()) == stated and _text(manifest | {"digest": stated}) == text
    return manifest if same else None


def _text(manifest: dict[str, Any]) -> str:
    return json.dumps(manifest, indent=1, sort_keys=True)


def _leaf(array: np.ndarray) -> dict[str, Any]:
    return {
        "shape": list(array.shape),
        "dtype": str(array.dtype),
        "digest": digest(np.ascontiguousarray(array).tobytes()),
    }


def _files(directory: Path) -> dict[str, str]:
    """Digest of every file under a directory, by its path there."""
    files = (path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): digest(path.read_bytes()) for path in files}


def _check_room(directory: Path, arrays: Arrays) -> None:
    """Find out before Orbax does, whose threads take a full disk with much noise.

    Raises:
      OSError: there may not be room.
    """
    if shutil.disk_usage(directory).free < 2 * sum(array.nbytes for array in arrays.values()) + MARGIN:
        raise OSError("no space left on device")


def _checkpointer() -> Any:
    import jax
    import orbax.checkpoint as ocp

    for name in ("absl", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what goes wrong is raised as well
    # This process alone reads and writes, whatever other processes there are.
    me = jax.process_index()
    options = ocp.options.MultiprocessingOptions(
        primary_host=me, active_processes={me}, barrier_sync_key_prefix=f"p{me}"
    )
    return ocp.Checkpointer(
        ocp.PyTreeCheckpointHandler(multiprocessing_options=options), multiprocessing_options=options
    )


def _set_aside(path: Path) -> None:
    for number in range(1, 1000):
        aside = path.with_name(f"{path.name}.damaged-{number}")
        if not aside.exists():
            path.rename(aside)
            return


def _remove(path: Path) -> None:
    """The manifest first: what is half removed must not count."""
    (path / MANIFEST).unlink(missing_ok=True)
    shutil.rmtree(path, ignore_errors=True)


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]
