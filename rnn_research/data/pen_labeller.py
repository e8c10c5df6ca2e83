"""The codec of pen digits: UNIPEN files in, the digit of each out, a JSON object a line."""

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnn_research.data.line_files import padded
from rnn_research.data.pen_digits import Digit, lifts, normalised, offsets, parse_unipen, resampled

FORMS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "positions": lambda points: points,
    "offsets": lambda points: offsets(points) * len(points) / 8,  # a digit of 32 points: about as large as positions
}


class PenLabeller(NamedTuple):
    """A ``data.codec.Labeller`` of digits written with a pen.

    Attributes:
      names: of the classes.
      points: of each digit, at even distances along its ink; 0: those that were recorded.
      form: of what is read of a point, a name in ``FORMS``.
    """

    names: tuple[str, ...]
    points: int
    form: str

    def read(self, data: bytes, name: str) -> list[Digit]:
        """The digits of a UNIPEN file, see ``pen_digits.parse_unipen``; labels and writers need not be there."""
        return parse_unipen(data, name)

    def encode(self, examples: Sequence[Digit]) -> tuple[np.ndarray, np.ndarray | None]:
        """``(steps [n, time, 3], lengths [n])``; None for the lengths where all have the same."""
        steps, lengths = padded([self.trajectory(digit) for digit in examples])
        return steps, None if self.points else lengths

    def trajectory(self, digit: Digit) -> np.ndarray:
        """``[n, 3]`` of each point: where it is, or by how much it is from the one before; and whether the pen is
        lifted after it."""
        where, strokes = normalised(digit.points), digit.strokes
        if self.points:
            where, strokes = resampled(where, strokes, self.points)
        return np.column_stack([FORMS[self.form](where), lifts(strokes)])

    def write(self, examples: Sequence[Digit], answers: Sequence[Any], probabilities: Any = None) -> bytes:
        """Of each digit ``{"line": 6, "label": "4"}``: the line of the file that it begins with, and which it is; with
        the probabilities of the classes ``[n, classes]``, if they are given, as fields ``p(NAME)``."""
        rows = [{"line": one.line, "label": self.names[answer]} for one, answer in zip(examples, answers, strict=True)]
        if probabilities is not None:
            for row, numbers in zip(rows, probabilities, strict=True):
                row |= {f"p({name})": float(f"{p:.6g}") for name, p in zip(self.names, numbers, strict=True)}
        return "".join(json.dumps(row) + "\n" for row in rows).encode()

    def agreement(self, examples: Sequence[Digit], answers: Sequence[Any]) -> dict[str, float]:
        """Of the digits that have a label, how many have it right."""
        right = [one.label == answer for one, answer in zip(examples, answers, strict=True) if one.label >= 0]
        return {"accuracy": sum(map(int, right)) / len(right)} if right else {}

    def state(self) -> dict[str, Any]:
        return {"kind": "pen_digits", "names": list(self.names), "points": self.points, "form": self.form}
