"""What a run shows beside its numbers: curves, matrices, texts, pictures, line drawings.

Plain values that say themselves how they are drawn.

Whoever measures makes exhibits, the run directory keeps each as one JSON object a line (``exhibits.jsonl``), and the
report draws them by their kind. All kinds have

* ``name``: what they are, the same for every run and step: exhibits of one name are drawn together;
* ``title``, ``caption``: for the page, in words;
* ``when``: of what moment; empty for the step that they were recorded at.

A new kind is a class here with a line in ``KINDS``, and a file in ``report/exhibits`` with a line in ``DRAWN``.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

DIGITS = 6  # significant digits of a number that is drawn
SHADES = 2  # of the value of a pixel
TEST_PARTS = "test score by part"  # the curve, not drawn, of the test score by parts of its split (``tasks.parts``)


class Strip(NamedTuple):
    """How a curve reads as a row of cells: what differs from the curve; an empty text is the curve's own.

    Attributes:
      backwards: the last value stands first, over x = 1, 2, …: distances back from the end as steps from the beginning.
    """

    title: str = ""
    xlabel: str = ""
    ylabel: str = ""
    caption: str = ""
    backwards: bool = False


class Curve(NamedTuple):
    """Values over positions.

    Attributes:
      y: the values ``[n]``; NaN and infinities leave gaps.
      first: the position of the first value; the others follow in steps of 1.
      x: the positions ``[n]`` where they are no such range.
      xlabel, ylabel: of the axes, with units; the report adds that a scale is logarithmic.
      scale: ``linear``; ``log``; ``share``: as a share of the first value, on a logarithmic axis.
      views: ``lines``: a line an arm, with bands over seeds; ``strip``: a row of cells an arm and moment, coloured by
        value (S29); none: kept, not drawn.
      strip: how the strip reads.
      reference: a value that a thin line marks.
      quantity: what the values are, as of a ``Measure``: of a ``share`` no axis says more than 1, or less than 0.
      beside: values at the same positions that thin lines show, by what they are called: what runs are compared with.
    """

    name: str
    title: str
    y: Sequence[float]
    first: float = 0
    x: Sequence[float] | None = None
    xlabel: str = ""
    ylabel: str = ""
    caption: str = ""
    scale: Literal["linear", "log", "share"] = "linear"
    views: Sequence[Literal["lines", "strip"]] = ("lines",)
    strip: Strip = Strip()
    reference: float | None = None
    when: str = ""
    quantity: Literal["amount", "share", ""] = ""
    beside: Mapping[str, Sequence[float]] = {}

    @property
    def positions(self) -> list[float]:
        """``[n]``, one for each value."""
        return list(self.x) if self.x is not None else [self.first + index for index in range(len(self.y))]


class Matrix(NamedTuple):
    """Values over two lists: confusions, alignments. The mean over seeds is drawn.

    Attributes:
      values: ``[rows, columns]``.
      rows, columns: what the lines and columns are called; empty: they are counted from 1.
      xlabel, ylabel: of the columns and of the rows.
      zlabel: what the values are, with their unit; the title if left out.
    """

    name: str
    title: str
    values: Sequence[Sequence[float]]
    rows: Sequence[str] = ()
    columns: Sequence[str] = ()
    xlabel: str = ""
    ylabel: str = ""
    caption: str = ""
    when: str = ""
    zlabel: str = ""


class Texts(NamedTuple):
    """Texts as they are; shown step by step, with the run's validation score beside them.

    Attributes:
      numbers: what is known of the texts, by how a table heads it: ``{"known words": 0.73}``.
    """

    name: str
    title: str
    texts: Sequence[str]
    caption: str = ""
    numbers: Mapping[str, float] = {}
    when: str = ""


class Images(NamedTuple):
    """Pictures, each with a line of text under it; those of the first seed are drawn.

    Attributes:
      values: the pictures, each ``[height][width]`` of ink from 0 to 1, of sizes of their own; kept with two digits.
      captions: of each.
      marked: whether each is to stand out, as what went wrong; empty: none is.
      below: what is drawn under each picture as a map of colours from 0 to 1, as wide as it, ``[rows][columns]`` each:
        probabilities of frames; empty: nothing.
      rows: what the rows of ``below`` are called; empty: nothing.
    """

    name: str
    title: str
    values: Sequence[Sequence[Sequence[float]]]
    captions: Sequence[str]
    marked: Sequence[bool] = ()
    below: Sequence[Sequence[Sequence[float]]] = ()
    rows: Sequence[str] = ()
    caption: str = ""
    when: str = ""


class Drawings(NamedTuple):
    """Line drawings in a grid; those of the last look at the first seed of each arm are drawn.

    Attributes:
      drawings: ``[rows][columns]``, each a list of lines, each a list of points (x to the right, y upwards). All are
        drawn at one scale, but those too large for it.
      rows, columns: what the lines and columns of the grid are called.
    """

    name: str
    title: str
    drawings: Sequence[Sequence[Sequence[Sequence[Sequence[float]]]]]
    rows: Sequence[str] = ()
    columns: Sequence[str] = ()
    caption: str = ""
    when: str = ""


Exhibit = Curve | Matrix | Texts | Images | Drawings
KINDS: dict[str, type] = {"curve": Curve, "matrix": Matrix, "texts": Texts, "images": Images, "drawings": Drawings}


def as_row(exhibit: Exhibit, step: int) -> dict[str, Any]:
    """The exhibit as a line of ``exhibits.jsonl``: ``{"step": 100, "kind": "curve", "name": …}``.

    Numbers are rounded to six significant digits, those of pictures to two; arrays become lists. Settings that are None
    are left out.
    """
    kind = next(name for name, made in KINDS.items() if isinstance(exhibit, made))
    digits = SHADES if isinstance(exhibit, Images) else DIGITS
    fields = {name: _plain(value, digits) for name, value in exhibit._asdict().items() if value is not None}
    return {"step": int(step), "kind": kind} | fields


def from_row(row: Mapping[str, Any]) -> Exhibit:
    """The exhibit of a line that ``as_row`` made; fields that its kind does not have are passed over.

    Raises:
      ValueError: a kind that is not known, or a row that lacks a field or holds another sort of value.
    """
    kind = KINDS.get(row.get("kind", ""))
    if kind is None:
        raise ValueError(f"unknown kind {row.get('kind')!r}")
    fields: dict[str, Any] = {name: row[name] for name in kind._fields if name in row}
    try:
        if "strip" in fields:
            fields["strip"] = Strip(**fields["strip"])
        for name in {"y", "x"} & fields.keys():
            fields[name] = _floats(fields[name])
        if "beside" in fields:
            fields["beside"] = {str(name): _floats(values) for name, values in fields["beside"].items()}
        for name in {"values", "below"} & fields.keys():
            many = kind is Images
            fields[name] = [[_floats(line) for line in one] if many else _floats(one) for one in fields[name]]
        if "drawings" in fields:
            fields["drawings"] = [
                [[[_floats(point) for point in line] for line in lines] for lines in row] for row in fields["drawings"]
            ]
        if "marked" in fields:
            fields["marked"] = tuple(map(bool, fields["marked"]))
        for name in {"texts", "rows", "columns", "views", "captions"} & fields.keys():
            fields[name] = tuple(map(str, fields[name]))
        return kind(**fields)
    except (TypeError, ValueError) as error:
        raise ValueError(f"no {row['kind']}: {error}") from error


def _floats(values: Sequence[Any]) -> list[float]:
    return [math.nan if value is None else float(value) for value in values]


def _plain(value: Any, digits: int) -> Any:
    """JSON's own types, of what may hold tuples, mappings, arrays and their scalars."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Strip):
        value = value._asdict()
    if isinstance(value, Mapping):
        return {str(name): _plain(inner, digits) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner, digits) for inner in value]
    return float(f"{value:.{digits}g}") if isinstance(value, float) else value
