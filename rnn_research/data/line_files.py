"""Files of handwritten lines, one JSON object a line: ``{"picture": [[0, 0.5, …], …], "text": "4031"}``, rows of ink
from 0 to 1, or ``{"strokes": [[[x, y], …], …]}``; with the text, or without it where it is to be read (S24)."""

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnn_research.data.digit_lines import NEAREST, line_features, line_scale, thinned
from rnn_research.data.plain import check_whole, decoded

ROWS = 24  # of the picture of a written line
SMALLEST = NEAREST / 2  # on the scale of a line 2 high, nearer than points of the lines that are composed ever are


class Written(NamedTuple):
    """A line of a file.

    Attributes:
      line: its number in the file, from 1 on.
      fields: the JSON object.
    """

    line: int
    fields: dict[str, Any]


class PictureLines(NamedTuple):
    """The codec of pictures of lines, read column by column.

    Attributes:
      names: the labels, a character each.
      height: rows of a picture.
      columns: of the widest one.
    """

    names: tuple[str, ...]
    height: int
    columns: int

    def read(self, data: bytes, name: str) -> list[Written]:
        """The lines of a file; those that are blank are passed over.

        Raises:
          ValueError: what is wrong with it, as ``NAME:LINE: what``.
        """
        return objects(data, name, self._check)

    def _check(self, fields: dict[str, Any]) -> None:
        height, columns = check_picture(fields)
        if height != self.height:
            raise ValueError(f"a picture of {height} rows; those that were learned have {self.height}")
        if columns > self.columns:
            raise ValueError(f"a picture of {columns} columns; those that were learned have up to {self.columns}")

    def encode(self, examples: Sequence[Written]) -> tuple[np.ndarray, np.ndarray]:
        """``(columns [n, time, height], lengths [n])``."""
        return padded([np.asarray(example.fields["picture"], np.float32).T for example in examples])

    def write(self, examples: Sequence[Written], answers: Sequence[Any]) -> bytes:
        """The same objects with what was read as ``text``."""
        return _with_texts(examples, read_texts(answers, self.names))

    def agreement(self, examples: Sequence[Written], answers: Sequence[Any]) -> dict[str, float]:
        """The character error rate of the lines that have a text."""
        return _error_rate(examples, read_texts(answers, self.names))

    @staticmethod
    def picture(frames: np.ndarray) -> np.ndarray:
        """``[height, time]``, of frames ``[time, height]``: ink 1 on 0."""
        return frames.T

    def state(self) -> dict[str, Any]:
        return {"kind": "picture_lines"} | self._asdict()


class StrokeLines(NamedTuple):
    """The codec of lines written with a pen, read point by point, see ``digit_lines.compose_strokes``; points that lie
    closer together than an eighth of half the line's height are thinned out.

    Attributes:
      names: the labels, a character each.
      points: of the longest line.
    """

    names: tuple[str, ...]
    points: int

    def read(self, data: bytes, name: str) -> list[Written]:
        """As ``PictureLines.read``."""
        return objects(data, name, self._check)

    def _check(self, fields: dict[str, Any]) -> None:
        count = len(self._features(fields))
        if count > self.points:
            raise ValueError(f"strokes of {count} points; those that were learned have up to {self.points}")

    @staticmethod
    def _features(fields: dict[str, Any]) -> np.ndarray:
        points, stroke = check_strokes(fields)
        scaled = points * line_scale(points)
        kept = thinned(scaled, stroke, SMALLEST)
        return line_features(scaled[kept], stroke[kept])

    def encode(self, examples: Sequence[Written]) -> tuple[np.ndarray, np.ndarray]:
        """``(frames [n, time, 3], lengths [n])``."""
        return padded([self._features(example.fields) for example in examples])

    def write(self, examples: Sequence[Written], answers: Sequence[Any]) -> bytes:
        """The same objects with what was read as ``text``."""
        return _with_texts(examples, read_texts(answers, self.names))

    def agreement(self, examples: Sequence[Written], answers: Sequence[Any]) -> dict[str, float]:
        """The character error rate of the lines that have a text."""
        return _error_rate(examples, read_texts(answers, self.names))

    @staticmethod
    def picture(frames: np.ndarray) -> np.ndarray:
        """As it looks, ``[ROWS, width]``, of frames ``[time, 3]``: ink 1 on 0."""
        return drawn(frames)

    def state(self) -> dict[str, Any]:
        return {"kind": "stroke_lines"} | self._asdict()


def drawn(frames: np.ndarray) -> np.ndarray:
    """A picture of a written line, ``[ROWS, width]``, from its frames (``digit_lines.compose_strokes``)."""
    places, scale = np.cumsum(frames[:, :2], axis=0), (ROWS - 1) / 2
    at = (places - places.min(axis=0)) * scale
    picture = np.zeros((ROWS, int(at[:, 0].max()) + 2))
    shares = np.linspace(0, 1, ROWS)[:, None]
    for before, after, lifted in zip(at[:-1], at[1:], frames[:-1, 2], strict=True):
        line = (before + shares * (0 if lifted else 1) * (after - before)).round().astype(int)
        picture[np.clip(ROWS - 1 - line[:, 1], 0, ROWS - 1), line[:, 0]] = 1
    return picture


def texts_of(ids: Any, lengths: Any, names: Sequence[str]) -> list[str]:
    """The texts of labellings, ``ids [n, most]`` and ``lengths [n]``, arrays or one after another."""
    return ["".join(names[int(i)] for i in row[:length]) for row, length in zip(ids, lengths, strict=True)]


def read_texts(answers: Sequence[Any], names: Sequence[str]) -> list[str]:
    """The texts of answers, ``(ids [most], length)`` each."""
    ids, lengths = zip(*answers, strict=True)
    return texts_of(ids, lengths, names)


def line_errors(written: Sequence[str], found: Sequence[str]) -> np.ndarray:
    """Insertions, deletions and substitutions (Levenshtein 1966) between the lines of two lists, ``[n]``."""
    from rapidfuzz.distance import Levenshtein

    return np.array([Levenshtein.distance(*pair) for pair in zip(written, found, strict=True)])


def _error_rate(examples: Sequence[Written], texts: Sequence[str]) -> dict[str, float]:
    pairs = [(one.fields["text"], text) for one, text in zip(examples, texts, strict=True) if one.fields.get("text")]
    if not pairs:
        return {}
    written, found = zip(*pairs, strict=True)
    return {"character_error_rate": float(line_errors(written, found).sum() / sum(map(len, written)))}


def padded(examples: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Examples ``[time, features]`` of unlike times as one array with zeros at their ends, and their times."""
    lengths = np.array([len(example) for example in examples], np.int32)
    found = np.zeros((len(examples), lengths.max(), examples[0].shape[1]), np.float32)
    for row, example in zip(found, examples, strict=True):
        row[: len(example)] = example
    return found, lengths


def check_picture(fields: dict[str, Any]) -> tuple[int, int]:
    """Rows and columns of an object's picture.

    Raises:
      ValueError: it has none, or one that is no rows of as many numbers from 0 to 1.
    """
    form = 'no "picture" of one row or more, each of as many numbers from 0 to 1'
    values = _numbers(fields.get("picture"), form)
    if values.ndim != 2 or not values.size or not ((values >= 0) & (values <= 1)).all():
        raise ValueError(form)
    return values.shape


def check_strokes(fields: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """The points of an object's strokes ``[n, 2]``, and which stroke each belongs to ``[n]``.

    Raises:
      ValueError: there are none, or they are no lists of points.
    """
    form = 'no "strokes", lists of points [x, y]'
    found = fields.get("strokes")
    if not isinstance(found, list) or not found:
        raise ValueError(form)
    strokes = [_numbers(stroke, form) for stroke in found]
    if any(stroke.ndim != 2 or stroke.shape[1] != 2 or not np.isfinite(stroke).all() for stroke in strokes):
        raise ValueError(form)
    return np.concatenate(strokes), np.repeat(np.arange(len(strokes)), [len(stroke) for stroke in strokes])


def _numbers(value: Any, form: str) -> np.ndarray:
    try:
        found = np.asarray(value)
    except ValueError:  # rows of unlike lengths
        raise ValueError(form) from None
    if found.dtype.kind not in "iuf":
        raise ValueError(form)
    return found.astype(np.float64)


def objects(data: bytes, name: str, check: Callable[[dict[str, Any]], Any]) -> list[Written]:
    """The objects of a file, a line each, checked; a text of theirs has to be one.

    Raises:
      ValueError: what is wrong with the file, as ``NAME:LINE: what``.
    """
    found = []
    for number, line in enumerate(decoded(data, name).split("\n"), 1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
            if not isinstance(fields, dict):
                raise ValueError("no JSON object")
            if not isinstance(fields.get("text", ""), str):
                raise ValueError('a "text" that is none')
            check(fields)
            check_whole(line, fields)
        except json.JSONDecodeError as error:
            raise ValueError(f"{name}:{number}: no JSON: {error.msg} at column {error.colno}") from None
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{name}:{number}: {error}") from None
        found.append(Written(number, fields))
    return found


def _with_texts(examples: Sequence[Written], texts: Sequence[str]) -> bytes:
    lines = [
        json.dumps(one.fields | {"text": text}, ensure_ascii=False) for one, text in zip(examples, texts, strict=True)
    ]
    return "".join(line + "\n" for line in lines).encode()
