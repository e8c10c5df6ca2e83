"""Digits written with a pen on a tablet, point by point: the UNIPEN files of Alpaydin and Alimoglu (1998)."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rnn_research.data.locate import DataNotFoundError, find
from rnn_research.data.plain import decoded, read_bytes

FILES = {"train": "pendigits_orig/pendigits-train.gz", "test": "pendigits_orig/pendigits-test.gz"}
HELD_OUT = range(26, 31)  # of the 30 writers of the training file, those who wrote the valid split
CLASSES = 10
POINT = re.compile(r"\s*(-?\d+)\s+(-?\d+)\s*").fullmatch  # of a stroke
HEADER = (".INCLUDE", ".LEXICON", ".HIERARCHY", ".DT", ".COMMENT")  # lines that need say nothing of a digit
NOT_GIVEN = ("", "?")  # in the place of a label


class Digit(NamedTuple):
    """A digit as it was written.

    Attributes:
      points: where the pen was, at even intervals of time while it was down, ``[n, 2]`` float64: x to the right, y
        upwards, in units of the tablet; some 200 of them make a digit.
      strokes: which stroke each belongs to, ``[n]``: 0, 0, …, 1, …; the pen is lifted between them.
      label: 0 to 9; −1 where none is given.
      writer: a number from 1 on, 0 where none is given; those of the training file are other people than those of the
        test file.
      line: of its file, from 1 on, that it begins with.
    """

    points: np.ndarray
    strokes: np.ndarray
    label: int
    writer: int
    line: int = 0


def pen_digits() -> dict[str, list[Digit]]:
    """The official split by writers, 30 and 14 of them with 250 digits each: the test is by people whom training does
    not know. The valid split is so too: writers 26 to 30 of the training file. 6,246, 1,248 and 3,498 digits.

    Read from ``pendigits_orig/pendigits-{train,test}.gz`` in the data directory.

    Raises:
      DataNotFoundError: one of them is not there.
      ValueError: it holds something else; the message names file and line.
    """
    written, test = (read_unipen(_path(split)) for split in ("train", "test"))
    return {
        "train": [digit for digit in written if digit.writer not in HELD_OUT],
        "valid": [digit for digit in written if digit.writer in HELD_OUT],
        "test": test,
    }


def _path(split: str) -> Path:
    path = find(FILES[split])
    if path is None:
        also = "UCI pen-based recognition of handwritten digits, original, unnormalised"
        raise DataNotFoundError("pen digits", FILES[split], also)
    return path


def read_unipen(path: Path) -> list[Digit]:
    """The digits of a file, each with its label and its writer; see ``parse_unipen``.

    Raises:
      ValueError: a file that cannot be read, a digit without one of them; the message names file and line.
    """
    found = parse_unipen(read_bytes(path), str(path))
    for digit in found:
        if digit.label < 0 or not digit.writer:
            raise ValueError(f"{path}:{digit.line}: a digit without a {'writer' if digit.label >= 0 else 'label'}")
    return found


def parse_unipen(data: bytes, name: str) -> list[Digit]:
    """The digits of a file, gzip or plain, in order.

    Each begins with ``.SEGMENT DIGIT 6-7 ? "4"`` (strokes, quality, label); ``.COMMENT 4 1 117`` (label, writer, place
    among the writer's digits) may tell its writer; its strokes stand between ``.PEN_DOWN`` and ``.PEN_UP``, a point
    ``x y`` a line. The label may be left out, or be ``"?"``.

    Args:
      data: what the file holds.
      name: what to call it.

    Raises:
      ValueError: a line that is none of these, a label that is no digit, a digit without points; the message names file
        and line.
    """
    lines = decoded(data, name).split("\n")
    starts = [number for number, line in enumerate(lines) if line.startswith(".SEGMENT")]
    if not starts:
        raise ValueError(f"{name}: no line .SEGMENT, so no digits")
    return [
        _digit(name, lines[first:end], first + 1) for first, end in zip(starts, [*starts[1:], len(lines)], strict=True)
    ]


def _digit(name: str, lines: Sequence[str], first: int) -> Digit:
    """The digit of the lines from number ``first`` on."""
    label = "".join(lines[0].split()[4:]).strip('"')
    if label not in NOT_GIVEN and not (label.isascii() and label.isdigit() and len(label) == 1):
        raise ValueError(f'{name}:{first}: no digit as the label of {lines[0]!r}; one is written "7"')
    writer, down, points, strokes, stroke = 0, False, [], [], -1
    for number, line in enumerate(lines[1:], first + 1):
        point = POINT(line)
        if point and down:
            points.append((int(point[1]), int(point[2])))
            strokes.append(stroke)
            continue
        words = line.split()
        if words and words[0] == ".COMMENT" and len(words) == 4 and words[2].isdigit():
            writer = int(words[2])
        elif not words or words[0] in HEADER:
            continue
        elif words[0] == ".PEN_DOWN":
            down, stroke = True, stroke + 1
        elif words[0] == ".PEN_UP":
            down = False
        else:
            raise ValueError(f"{name}:{number}: neither a point of a stroke nor a line of UNIPEN's: {line!r}")
    if not points:
        raise ValueError(f"{name}:{first}: a digit without points")
    known = -1 if label in NOT_GIVEN else int(label)
    return Digit(np.array(points, np.float64), np.array(strokes), known, writer, first)


def digest(splits: dict[str, list[Digit]]) -> str:
    """Of all points, strokes and labels."""
    found = hashlib.sha256()
    for split in sorted(splits):
        for digit in splits[split]:
            found.update(digit.points.tobytes() + digit.strokes.astype(np.int32).tobytes() + bytes([digit.label]))
    return found.hexdigest()[:16]


def normalised(points: np.ndarray) -> np.ndarray:
    """``[n, 2]`` with the middle of the box around them at 0 and its longer side from −1 to 1; the shape is kept."""
    low, high = points.min(axis=0), points.max(axis=0)
    return (points - (low + high) / 2) / max((high - low).max() / 2, 1e-9)


def lifts(strokes: np.ndarray) -> np.ndarray:
    """``[n]``: 1 at the last point of each stroke, after which the pen is lifted, 0 elsewhere."""
    return np.append(np.diff(strokes) != 0, True).astype(np.float64)


def offsets(points: np.ndarray) -> np.ndarray:
    """``[n, 2]``: from the point before, 0 for the first; over a lift of the pen too."""
    return np.diff(points, axis=0, prepend=points[:1])


def resampled(points: np.ndarray, strokes: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """``count`` points at even distances along the ink, between its first and its last point, and their strokes.

    The way of the lifted pen has no length. A stroke shorter than a distance may be passed over.
    """
    if len(points) == 1:
        return np.repeat(points, count, axis=0), np.repeat(strokes, count)
    lengths = np.hypot(*np.diff(points, axis=0).T) * (np.diff(strokes) == 0)
    along = np.append(0.0, np.cumsum(lengths))
    wanted = np.linspace(0, along[-1], count)
    before = np.clip(np.searchsorted(along, wanted, side="right") - 1, 0, len(lengths) - 1)
    length = lengths[before]
    share = np.where(length > 0, (wanted - along[before]) / np.where(length > 0, length, 1), 1)[:, None]
    return (1 - share) * points[before] + share * points[before + 1], strokes[before + (share[:, 0] >= 1)]
