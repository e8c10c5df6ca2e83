"""Files that are written whole or not at all, and rows that may be torn at the end.

What is written is strict JSON (RFC 8259) in UTF-8, which has no NaN and no infinities. NaN is written as ``null`` and
the infinities as ``1e999`` and ``-1e999``, which readers with float64 round to them; no text is mistaken for either.
``read_rows`` and ``read_numbers`` give back the floats.
"""

import errno
import fcntl
import hashlib
import json
import math
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# A string, which is passed over, or what Python writes that JSON does not know.
UNKNOWN_TO_JSON = re.compile(r'"(?:[^"\\]|\\.)*"|NaN|-?Infinity')
STRICT = {"NaN": "null", "Infinity": "1e999", "-Infinity": "-1e999"}
CANNOT_WRITE = 74  # the exit status of a worker that met a ``StorageError`` (EX_IOERR)


# What a person can do where the operating system says that a file cannot be written.
REMEDIES = {
    errno.ENOSPC: "make room",
    errno.EDQUOT: "make room",
    errno.EACCES: "allow writing there",
    errno.EPERM: "allow writing there",
    errno.EROFS: "mount it writable",
    errno.ENOLCK: "use a file system that has locks",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENFILE: "raise the limit of open files (ulimit -n)",
}


class StorageError(Exception):
    """A record could not be written: a full disk, a lost mount, a missing permission. One line."""

    @property
    def remedy(self) -> str:
        """What is to be done about it, as far as the cause says; else nothing."""
        cause = self.__cause__
        return REMEDIES.get(cause.errno or 0, "") if isinstance(cause, OSError) else ""


@contextmanager
def storing(path: Path) -> Iterator[None]:
    """Turn what the operating system says about a failed write into a ``StorageError`` that names the path."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror or error}") from error
    except UnicodeEncodeError as error:
        reason = f"the locale's encoding, {error.encoding}, cannot name it; set PYTHONUTF8=1"
        raise StorageError(f"cannot write {path!a}: {reason}") from error


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


def encode(value: Any, **options: Any) -> str:
    """As strict JSON; ``options`` of ``json.dumps``."""
    text = json.dumps(value, **options)
    if "NaN" in text or "Infinity" in text:
        text = UNKNOWN_TO_JSON.sub(lambda found: STRICT.get(found[0], found[0]), text)
    return text


def write_json(path: Path, value: Any) -> None:
    write_atomic(path, encode(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """The file's value, or None where there is no such file; a ``null`` in it is None.

    Raises:
      ValueError: the file holds no JSON.
    """
    try:
        return json.loads(_bytes(path).decode("utf-8-sig"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise ValueError(f"{path} is not readable as JSON: {error}") from error


def read_numbers(path: Path) -> dict[str, Any]:
    """The object that a file holds, in which None stands for nothing but NaN; ``{}`` where there is no such file.

    Raises:
      ValueError: the file holds no JSON.
    """
    return _with_nan(read_json(path) or {})


def append_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    """Append rows to a ``.jsonl`` file in one write, and see them on the disk."""
    with storing(path), open(path, "a", encoding="utf-8") as file:
        file.write("".join(encode(row) + "\n" for row in rows))
        file.flush()
        os.fsync(file.fileno())


def read_rows(path: Path) -> list[dict[str, Any]]:
    """All whole rows of a ``.jsonl`` file, with NaN for ``null``; a torn last line, the mark of a kill, is left out.

    Raises:
      ValueError: another line that holds no JSON; which one.
    """
    if not path.exists():
        return []
    # A line may be torn inside a character.
    *lines, _ = _bytes(path).split(b"\n")
    try:
        rows = json.loads(b"[" + b",".join(lines) + b"]")  # at once, in half the time
        if len(rows) == len(lines):
            return [_with_nan(row) if b"null" in line else row for row, line in zip(rows, lines, strict=True)]
    except ValueError:
        pass  # line by line, to say which
    rows = []
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            rows.append(_with_nan(row) if b"null" in line else row)
        except ValueError as error:
            raise ValueError(f"{path}, line {number}, is not readable as JSON: {error}") from error
    return rows


def _bytes(path: Path) -> bytes:
    """What a file holds. Where another host replaces it between opening and reading, NFS has nothing more to give of
    the old file; the name leads to the new one."""
    try:
        return path.read_bytes()
    except OSError as error:
        if error.errno != errno.ESTALE:
            raise
        return path.read_bytes()


def _with_nan(value: Any) -> Any:
    if value is None:
        return math.nan
    if isinstance(value, dict):
        return {name: _with_nan(inner) for name, inner in value.items()}
    return [_with_nan(inner) for inner in value] if isinstance(value, list) else value


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
