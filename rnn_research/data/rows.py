"""Rows of text from any source of ``datasets``: the Hugging Face hub, or local files by their format."""

from pathlib import Path
from typing import Any

from rnn_research.data.locate import DataNotFoundError, find
from rnn_research.lookup import nearest

FORMATS = ("text", "json", "csv", "parquet")


def rows(dataset: str, column: str) -> dict[str, list[str]]:
    """The texts in a column of a dataset, by the dataset's own splits, in order; rows without text are left out.

    Args:
      dataset: ``name``, ``owner/name``, ``name/config`` or ``owner/name/config`` on the hub; or ``FORMAT:FILES`` with a
        format of ``FORMATS`` and a file, a pattern or a folder, whose file names tell the splits.
      column: its name. Of ``text:FILES`` every file is one row, newlines and all.

    Raises:
      DataNotFoundError: a dataset that is neither on the hub, as far as that can be reached, nor in the data directory.
      ValueError: local files that are not there or cannot be read, a column that is not there or holds no text.
    """
    form, _, files = dataset.partition(":")
    sets = _local(dataset, form, files) if form in FORMATS and files else _hub(dataset)
    texts = {}
    for split, table in sets.items():
        if column not in table.column_names:
            raise ValueError(f"{dataset} has no column {column!r}; {nearest(column, table.column_names)}")
        kind = getattr(table.features[column], "dtype", "lists")
        if kind not in ("string", "large_string"):
            raise ValueError(f"column {column!r} of {dataset} holds {kind}, not text")
        texts[str(split)] = [text for text in table[column] if text]
    return texts


def _local(dataset: str, form: str, files: str) -> Any:
    """Local files as ``datasets`` reads them; files that no split claims are train."""
    import datasets

    where = "data_dir" if Path(files).is_dir() else "data_files"
    options: dict[str, Any] = {where: files}
    if form == "text":
        options["sample_by"] = "document"  # a line a row would lose the newlines
    try:
        return datasets.load_dataset(form, **options)
    except Exception as error:  # each reader raises its own, wrapped
        raise ValueError(f"cannot read {dataset}: {_reason(error)}") from error


def _hub(dataset: str) -> Any:
    """A dataset of the hub, unless the data directory has it as ``DATASET/train.parquet`` (and validation, test)."""
    import datasets
    from datasets.exceptions import DatasetNotFoundError

    file = f"{dataset}/train.parquet"
    if path := find(file):
        return _local(dataset, "parquet", str(path.parent))
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
            raise ValueError(f"cannot read {dataset}: {_reason(error)}") from error
        raise DataNotFoundError(dataset, file, f"hub: {dataset} ({type(error).__name__})") from error


def _reason(error: BaseException) -> str:
    """The kind and the first line of what went wrong first."""
    while error.__cause__:
        error = error.__cause__
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
