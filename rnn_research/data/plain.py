"""Text files as text."""

import gzip
import json
import zlib
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from pathlib import Path
from typing import Any


def read(path: Path) -> str:
    """A UTF-8 text file, plain or gzip, without byte order mark and with newlines ``\\n``.

    Raises:
      ValueError: no such file, a broken gzip file, bytes that are not UTF-8; the message names the offset.
    """
    return decoded(read_bytes(path), str(path))


def read_bytes(path: Path) -> bytes:
    """What a file holds.

    Raises:
      ValueError: no such file.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:  # a name that the locale has no bytes for
        raise ValueError(f"cannot read {str(path)!r}: {error}") from None


def decoded(data: bytes, name: str) -> str:
    """The text of a file, as ``read`` gives it.

    Args:
      data: what the file holds.
      name: what to call it.

    Raises:
      ValueError: a broken gzip file, bytes that are not UTF-8; the message names the offset.
    """
    unpacked = ""
    if data.startswith(b"\x1f\x8b"):  # no UTF-8 text begins so
        try:
            data, unpacked = gzip.decompress(data), " of what it unpacks to"
        except (EOFError, OSError, zlib.error) as error:
            raise ValueError(f"cannot unpack {name}: {error}") from None
    mark = len(BOM_UTF8) if data.startswith(BOM_UTF8) else 0
    try:
        return newlines(data[mark:].decode("utf-8"))
    except UnicodeDecodeError as error:
        place, byte = mark + error.start, error.object[error.start]
        utf16 = "; it begins as UTF-16 does" if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else ""
        raise ValueError(f"{name} is not UTF-8: byte 0x{byte:02x} at offset {place}{unpacked}{utf16}") from None


def check_whole(line: str, value: Any) -> None:
    """Refuse JSON that no file could hold again.

    Args:
      line: the text that ``value`` was read from.

    Raises:
      ValueError: an escape that stands for the half of a character, which UTF-8 has no bytes for.
    """
    if "\\u" not in line:  # nothing else can bring one in
        return
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"half a character: \\u{ord(error.object[error.start]):04x}") from None


def newlines(text: str) -> str:
    """Every newline as ``\\n``, be it ``\\r\\n`` or ``\\r``."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
