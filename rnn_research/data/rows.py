"""Rows of text from any source of ``datasets``: the Hugging Face hub, or local files by their format.

Local files are found as ``datasets`` finds them, so their names tell the splits, but read here: a cell of CSV or JSON
is text as it stands there, be it ``007``, ``NA`` or a date.
"""

import csv
import glob
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rnn_research.data.locate import DataNotFoundError, find
from rnn_research.data.plain import read
from rnn_research.lookup import nearest


def rows(dataset: str, column: str) -> dict[str, list[str]]:
    """The texts in a column of a dataset, by the dataset's own splits, in order; rows without text are left out.

    Args:
      dataset: ``name``, ``owner/name``, ``name/config`` or ``owner/name/config`` on the hub; or ``FORMAT:FILES`` with a
        format of ``READERS`` and a file, a pattern or a folder, whose file names tell the splits.
      column: its name. Of ``text:FILES`` every file is one row, newlines and all.

    Raises:
      DataNotFoundError: a dataset that is neither on the hub, as far as that can be reached, nor in the data directory.
      ValueError: local files that are not there or cannot be read, a column that is not there or holds no text.
    """
    form, _, files = dataset.partition(":")
    if form in READERS and files:
        return _local(form, files, column)
    file = f"{dataset}/train.parquet"
    if path := find(file):
        return _local("parquet", str(path.parent), column)
    texts = {}
    for split, table in hub(dataset, file).items():
        if column not in table.column_names:
            raise ValueError(f"{dataset} has no column {column!r}; {nearest(column, table.column_names)}")
        kind = getattr(table.features[column], "dtype", "lists")
        if kind not in ("string", "large_string"):
            raise ValueError(f"column {column!r} of {dataset} holds {kind}, not text")
        texts[str(split)] = [text for text in table[column] if text]
    return texts


def _local(form: str, files: str, column: str) -> dict[str, list[str]]:
    read_column = READERS[form]
    return {
        split: [text for path in paths for text in read_column(path, column) if text]
        for split, paths in local_files(form, files).items()
    }


def local_files(form: str, files: str) -> dict[str, list[Path]]:
    """Files by split, as ``datasets`` finds them; those that no split claims are train.

    Args:
      form: a format of ``READERS``.
      files: a file, a folder, or a pattern; what is there under just that name is no pattern.

    Raises:
      ValueError: there are none.
    """
    import datasets

    path = Path(files).expanduser()
    if path.is_file():  # datasets would ask its name for a split, and take brackets in it for a pattern
        return {"train": [path]}
    pattern = Path(glob.escape(str(path.parent)), path.name) if path.parent.is_dir() else path
    options: dict[str, Any] = {"data_dir": glob.escape(str(path))} if path.is_dir() else {"data_files": str(pattern)}
    try:
        found: Any = datasets.load_dataset_builder(form, **options).config.data_files or {}
    except Exception as error:  # each step raises its own
        raise ValueError(f"cannot read {form}:{files}: {reason(error)}") from error
    if not any(found.values()):
        raise ValueError(f"cannot read {form}:{files}: there is no such file")
    return {str(split): [Path(file) for file in of_split] for split, of_split in found.items()}


def _text(path: Path, column: str) -> Iterator[str]:
    """A file as one row."""
    _check_column(path, column, ["text"])
    yield read(path)


def _csv(path: Path, column: str) -> Iterator[str]:
    """RFC 4180: a comma between cells, double quotes around those that hold one, names in the first line."""
    limit = csv.field_size_limit(sys.maxsize)  # of the whole process; a cell may hold a book
    try:
        lines = csv.reader(io.StringIO(read(path), newline=""), strict=True)
        names = next(lines, [])
        _check_column(path, column, names)
        for cells in lines:
            if cells and len(cells) != len(names):
                raise ValueError(f"{path}, line {lines.line_num}: {len(cells)} cells, not {len(names)} as in the first")
            if cells:  # else an empty line
                yield cells[names.index(column)]
    except csv.Error as error:
        raise ValueError(f"{path} is not CSV: {error}") from error
    finally:
        csv.field_size_limit(limit)


def _json(path: Path, column: str) -> Iterator[str]:
    """Objects: one after another, as a line each, or in a list; a row may lack a column."""
    text, place, number = read(path), 0, 0
    names: dict[str, Any] = {}
    decode = json.JSONDecoder().raw_decode
    while text[place : place + 1]:
        if text[place].isspace():
            place += 1
            continue
        try:
            value, place = decode(text, place)
        except json.JSONDecodeError as error:
            raise ValueError(f"{path} is not JSON: {error}") from error
        for row in value if isinstance(value, list) else [value]:
            if not isinstance(row, dict):
                raise ValueError(f"{path} holds a {type(row).__name__} where a row should be, an object")
            names, number = names | row, number + 1
            yield _checked(path, column, row.get(column), number)
    _check_column(path, column, list(names))


def _parquet(path: Path, column: str) -> Iterator[str]:
    import pyarrow
    import pyarrow.parquet as parquet

    try:
        file = parquet.ParquetFile(path)
        _check_column(path, column, file.schema_arrow.names)
        kind = file.schema_arrow.field(column).type
        if kind not in (pyarrow.string(), pyarrow.large_string()):
            raise ValueError(f"column {column!r} of {path} holds {kind}, not text")
        yield from file.read([column]).column(column).to_pylist()
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise ValueError(
            f"column {column!r} of {path} is not UTF-8: byte 0x{byte:02x} in {error.object[:40]!r}"
        ) from None
    except (pyarrow.ArrowException, OSError) as error:
        raise ValueError(f"cannot read {path}: {reason(error)}") from error


READERS = {"text": _text, "json": _json, "csv": _csv, "parquet": _parquet}


def _check_column(path: Path, column: str, names: list[str]) -> None:
    if column not in names:
        raise ValueError(f"{path} has no column {column!r}; {nearest(column, names)}")


def _checked(path: Path, column: str, value: Any, row: int) -> str:
    if value is not None and not isinstance(value, str):
        raise ValueError(f"column {column!r} of {path} holds {type(value).__name__}, not text")
    try:
        (value or "").encode()
    except UnicodeEncodeError as error:  # JSON can escape the half of a character, which no UTF-8 can hold
        half = ord(error.object[error.start])
        raise ValueError(f"column {column!r} of {path}, row {row}, holds half a character: \\u{half:04x}") from None
    return value or ""


def hub(dataset: str, file: str) -> Any:
    """A dataset of the hub; ``file`` of the data directory would have done as well."""
    import datasets
    from datasets.exceptions import DatasetNotFoundError

    first, *more = dataset.split("/")
    try:
        try:
            return datasets.load_dataset("/".join([first, *more[:1]]), "/".join(more[1:]) or None)
        except DatasetNotFoundError:
            if len(more) != 1:
                raise
            return datasets.load_dataset(first, more[0])  # no dataset of an owner, but a dataset's configuration
    except Exception as error:  # the hub's client raises many kinds when it cannot be reached
        if isinstance(error, ValueError) and not isinstance(error, OSError):  # reached, but which configuration?
            raise ValueError(f"cannot read {dataset}: {reason(error)}") from error
        raise DataNotFoundError(dataset, file, f"hub: {dataset} ({type(error).__name__})") from error


def reason(error: BaseException) -> str:
    """The kind and the first line of what went wrong first; of a configuration that is to be named, also which."""
    while error.__cause__:
        error = error.__cause__
    first, *more = str(error).splitlines() or [""]
    choice = "".join(f" {line}" for line in more[:1] if line.startswith("Please pick one among"))
    return f"{type(error).__name__}: {first}{choice}"
