"""Files of texts with labels: CSV, TSV, JSON lines; and texts without, a line each."""

import csv
import io
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePath
from typing import Any, NamedTuple

from rnn_research.data.plain import check_whole, decoded
from rnn_research.lookup import nearest

SUFFIXES = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".txt": "txt"}


class Columns(NamedTuple):
    """Where texts and labels stand, by the first line of CSV and TSV, or by the names in each object of JSON."""

    text: str = "text"
    label: str = "label"


COLUMNS = Columns()


class Example(NamedTuple):
    """A row of a file.

    Attributes:
      text: what is to be labelled.
      label: what it was labelled with; empty for nothing.
      place: where it stands, ``FILE:LINE``.
      row: all of it, as a dict by column.
      form: of its file.
    """

    text: str
    label: str
    place: str
    row: dict[str, Any]
    form: str


def form_of(name: str) -> str:
    """The form that a file's name tells, with or without ``.gz``: ``csv``, ``tsv``, ``jsonl``, ``txt``; else empty."""
    path = PurePath(name)
    return SUFFIXES.get((path.with_suffix("") if path.suffix == ".gz" else path).suffix.lower(), "")


def parse(data: bytes, name: str, form: str, columns: Columns) -> list[Example]:
    """The examples of a file, UTF-8, plain or gzip, in order.

    Args:
      data: what it holds.
      name: what to call it.
      form: ``csv``, RFC 4180; ``tsv``, in which a cell is what stands between two tabs, quotes and all; ``jsonl``, an
        object a line; ``txt``, a text a line.
      columns: the label's may be missing.

    Raises:
      ValueError: what is wrong, as ``NAME:LINE: what``.
    """
    found = []
    for line, row in FORMS[form].read(decoded(data, name), name, columns):
        place = f"{name}:{line}"
        text, label = row.get(columns.text), row.get(columns.label)
        if not isinstance(text, str):
            missing = columns.text not in row
            what = f"no {columns.text!r}; {nearest(columns.text, row)}" if missing else f"{columns.text!r} is no text"
            raise ValueError(f"{place}: {what}")
        if isinstance(label, int):  # true and false too
            label = json.dumps(label)
        if label is not None and not isinstance(label, str):
            raise ValueError(f"{place}: {columns.label!r} is neither a text nor a whole number")
        found.append(Example(text, label or "", place, row, form))
    return found


def unparse(
    examples: Sequence[Example],
    labels: Sequence[str],
    columns: Columns,
    bare: bool = False,
    numbers: Sequence[dict[str, float]] | None = None,
) -> bytes:
    """The file again, with these labels in place of its own, or in a column more; of ``txt``, after a tab.

    Args:
      bare: the labels are numbers, and JSON is to hold them as such; see ``bare_labels``.
      numbers: of each example, further columns.
    """
    form = examples[0].form
    values = [json.loads(label) for label in labels] if bare and form == "jsonl" else labels
    rows = [one.row | {columns.label: value} for one, value in zip(examples, values, strict=True)]
    if numbers:
        shown = [{name: f"{value:.6g}" for name, value in one.items()} for one in numbers]
        more = [{name: float(value) for name, value in one.items()} for one in shown] if form == "jsonl" else shown
        rows = [row | beside for row, beside in zip(rows, more, strict=True)]
    return FORMS[form].write(rows, columns).encode()


def check_labels(examples: Sequence[Example], name: str, columns: Columns) -> None:
    """Refuse a file to learn from which holds no labels.

    Raises:
      ValueError: rows without the label's column or field, as ``NAME:LINE: what``.
    """
    for one in examples:
        if columns.label not in one.row:
            where, kind = (one.place, "field") if one.form == "jsonl" else (f"{name}:1", "column")
            raise ValueError(f"{where}: no {kind} {columns.label!r}; {nearest(columns.label, one.row)}")


def bare_labels(examples: Sequence[Example], columns: Columns) -> bool:
    """Whether all labels are whole numbers (or true and false) of JSON, rather than texts."""
    return all(isinstance(one.row.get(columns.label), int) for one in examples)


def told_by(data: bytes, name: str, form: str, columns: Columns) -> str:
    """The form of a file whose name does not tell it, by its first line: an object, or a header with the text's column;
    else ``form``.

    Raises:
      ValueError: no text, see ``data.plain.decoded``.
    """
    first = decoded(data, name).lstrip("\n").partition("\n")[0]
    if first.lstrip().startswith("{"):
        return "jsonl"
    forms = [one for one, cells in _cells(first).items() if columns.text in cells]
    return form if form in forms or not forms else forms[0]


def check_lines(data: bytes, name: str, columns: Columns) -> None:
    """Refuse a table that is called a file of lines.

    Raises:
      ValueError: the first line holds the names of both columns; or the file is no text.
    """
    first = decoded(data, name).partition("\n")[0]
    for form, cells in _cells(first).items():
        if {*columns} <= {*cells}:
            raise ValueError(f"{name}:1: the header of a table, in a file of a text a line; call it .{form}")


def _cells(line: str) -> dict[str, list[str]]:
    """Of a line as one of CSV and as one of TSV."""
    try:
        cells = next(csv.reader([line]), [])
    except csv.Error:  # a line longer than a cell may be
        cells = []
    return {"csv": cells, "tsv": line.split("\t")}


class Form(NamedTuple):
    """A form of files.

    Attributes:
      read: ``(text, name, columns) -> `` the number of each row's line, and the row, a dict by column.
      write: ``(rows, columns) -> `` the text.
    """

    read: Callable[[str, str, Columns], Iterator[tuple[int, dict[str, Any]]]]
    write: Callable[[Sequence[dict[str, Any]], Columns], str]


def _table(lines: Iterator[tuple[int, list[str]]], name: str, columns: Columns) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows below a first line with the columns' names; empty lines are passed over."""
    _, names = next(lines, (1, []))
    if columns.text not in names:
        known = nearest(columns.text, names)
        marks = [mark for mark in ",;\t|" if len(names) == 1 and columns.text in names[0].split(mark)]
        if marks:
            known = f"{marks[0]!r} stands between its cells, where CSV has a comma and TSV a tab"
        raise ValueError(f"{name}:1: no column {columns.text!r}; {known}")
    twice = [one for one in names if names.count(one) > 1]
    if twice:
        raise ValueError(f"{name}:1: two columns are called {twice[0]!r}")
    for line, cells in lines:
        if len(cells) != len(names):
            raise ValueError(f"{name}:{line}: {len(cells)} cells, not {len(names)} as in the first line")
        yield line, dict(zip(names, cells, strict=True))


def _read_csv(text: str, name: str, columns: Columns) -> Iterator[tuple[int, dict[str, Any]]]:
    limit = csv.field_size_limit(sys.maxsize)  # of the whole process; a cell may hold a book
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    before = 0

    def lines() -> Iterator[tuple[int, list[str]]]:
        nonlocal before
        for cells in reader:
            first, before = before + 1, reader.line_num
            if cells:
                yield first, cells

    try:
        yield from _table(lines(), name, columns)
    except csv.Error as error:
        raise ValueError(f"{name}:{before + 1}: no CSV: {error}") from error
    finally:
        csv.field_size_limit(limit)


def _write_csv(rows: Sequence[dict[str, Any]], columns: Columns) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(rows[0])
    writer.writerows(row.values() for row in rows)
    return out.getvalue()


def _read_tsv(text: str, name: str, columns: Columns) -> Iterator[tuple[int, dict[str, Any]]]:
    lines = ((number, line.split("\t")) for number, line in enumerate(text.split("\n"), 1) if line)
    return _table(lines, name, columns)


def _write_tsv(rows: Sequence[dict[str, Any]], columns: Columns) -> str:
    return "".join("\t".join(cells) + "\n" for cells in (rows[0], *(row.values() for row in rows)))


def _read_json(text: str, name: str, columns: Columns) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise ValueError(f"{name}:{number}: no JSON: {error}") from error
        if not isinstance(row, dict):
            raise ValueError(f"{name}:{number}: a {type(row).__name__} where an object should be")
        try:
            check_whole(line, row)
        except ValueError as error:
            raise ValueError(f"{name}:{number}: {error}") from None
        yield number, row


def _write_json(rows: Sequence[dict[str, Any]], columns: Columns) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _read_lines(text: str, name: str, columns: Columns) -> Iterator[tuple[int, dict[str, Any]]]:
    lines = text.removesuffix("\n").split("\n") if text else []
    return ((number, {columns.text: line}) for number, line in enumerate(lines, 1))


def _write_lines(rows: Sequence[dict[str, Any]], columns: Columns) -> str:
    return "".join("\t".join(row.values()) + "\n" for row in rows)  # the text, the label, perhaps more


FORMS = {
    "csv": Form(_read_csv, _write_csv),
    "tsv": Form(_read_tsv, _write_tsv),
    "jsonl": Form(_read_json, _write_json),
    "txt": Form(_read_lines, _write_lines),
}
