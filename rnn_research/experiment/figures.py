"""Figures that an experiment asks for beside those that every report has."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class ByAxis:
    """A number of the runs against the values of an axis: a line for each value of the compared axis.

    Attributes:
      x: the column whose values stand on the horizontal axis.
      y: a measure's name, or ``score``, ``skill``, ``finished``.
      label: of the horizontal axis, with its unit.
      ylabel: of the vertical axis, with its unit; ``y`` if left out.
      where: other columns and the values to keep; as in ``Compare``.
    """

    x: str
    y: str
    label: str
    ylabel: str = ""
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class ByMeasure:
    """Several measures of the same run as one line: accuracy at test lengths, say. A line for each compared value.

    Attributes:
      points: where each stands on the horizontal axis, and the measure's name.
      label, ylabel: of the axes, with their units.
      where: as in ``Compare``.
    """

    points: tuple[tuple[float, str], ...]
    label: str
    ylabel: str
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Reach:
    """How far every arm gets: the distance at which half of its runs solve their task, with its interval, for every
    setting of the other axes.

    Attributes:
      x: the column that holds the distances, numbers.
      label: of the horizontal axis, with its unit.
      where: as in ``Compare``.
    """

    x: str
    label: str
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Curves:
    """A column of the rows against the step, for every arm: median and band over seeds, single seeds faint.

    Attributes:
      column, split: which numbers.
      ylabel: with the unit.
      log: a logarithmic vertical axis.
      where: as in ``Compare``.
    """

    column: str
    split: Literal["train", "valid", "test", "probe"]
    ylabel: str
    log: bool = False
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
