"""Files that are written whole or not at all, and rows that may be torn at the end."""

import fcntl
import hashlib
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CANNOT_WRITE = 74  # the exit status of a worker that met a ``StorageError`` (EX_IOERR)


class StorageError(Exception):
    """A record could not be written: a full disk, a lost mount, a missing permission. One line."""


@contextmanager
def storing(path: Path) -> Iterator[None]:
    """Turn what the operating system says about a failed write into a ``StorageError`` that names the path."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror or error}") from error


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write under a temporary name, fsync, rename: a reader never sees half a file.

    Raises:
      StorageError: it could not be written; what was there before stands.
    """
    data = content.encode() if isinstance(content, str) else content
    with storing(path):
        # A name of its own for every call: two threads or hosts may write the same file.
        temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
        try:
            with open(temporary, "xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
            _sync(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    write_atomic(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """The file's value, or None where there is no such file.

    Raises:
      ValueError: the file holds no JSON.
    """
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise ValueError(f"{path} is not readable as JSON: {error}") from error


def append_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    """Append rows to a ``.jsonl`` file in one write, and see them on the disk."""
    with storing(path), open(path, "a") as file:
        file.write("".join(json.dumps(row) + "\n" for row in rows))
        file.flush()
        os.fsync(file.fileno())


def read_rows(path: Path) -> list[dict[str, Any]]:
    """All whole rows of a ``.jsonl`` file; a torn last line, the mark of a kill, is left out."""
    if not path.exists():
        return []
    lines = path.read_text().split("\n")
    return [json.loads(line) for line in lines[:-1]]


def cut(path: Path, size: int) -> None:
    """Shorten a file to its first ``size`` bytes; none to begin with is as good as an empty one."""
    if size or path.exists():
        with storing(path):
            os.truncate(path, size)


def _sync(directory: Path) -> None:
    """See a directory's new names on the disk."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """No other process is in such a block for this directory; the kernel frees the lock of one that dies."""
    with storing(directory), open(directory / ".lock", "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
