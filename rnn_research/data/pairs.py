"""Pairs of texts, a source and its target (S25): files of one's own, translation sets of ``datasets``, splits by hash.

Files are TSV, the source before the first tab and the target after it, with or without a first line of names; CSV with
such a line; JSON lines, ``{"source": …, "target": …}`` or ``{"translation": {"de": …, "en": …}}``; and lines of sources
alone, to be answered. A name that ends in ``.gz`` is of a packed one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rnn_research.data.labelled_files import FORMS, Columns, form_of
from rnn_research.data.labelled_texts import HELD_OUT, SPLITS, place_of, tables
from rnn_research.data.plain import decoded, newlines, read_bytes
from rnn_research.lookup import nearest

END = 0  # the id that ends a target
COLUMNS = Columns("source", "target")
NESTED = "translation"  # the column of a translation set, a dict by language
BARE = "pairs"  # the form of TSV without names


class Pair(NamedTuple):
    """A source and what it becomes.

    Attributes:
      target: empty where nothing is known.
      others: further targets that are as right.
      place: where it stands, ``FILE:LINE``; empty for what was made up.
      row: all of its line, a dict by column.
      form: of its file, a key of ``FORMS`` or ``BARE``.
    """

    source: str
    target: str = ""
    others: tuple[str, ...] = ()
    place: str = ""
    row: Mapping[str, Any] | None = None
    form: str = "txt"


def parse_pairs(data: bytes, name: str, columns: Columns = COLUMNS, form: str = "") -> list[Pair]:
    """The pairs of a file, UTF-8, plain or gzip, in order; targets may be missing.

    Empty lines of tables and of JSON are passed over; one of a file of sources is an empty source.

    Args:
      data: what it holds.
      name: what to call it; how it ends tells the form, else it is of lines that are JSON objects or sources.
      columns: names of the source's column and the target's; of JSON, of fields or of languages.
      form: of files called TSV, ``tsv`` if they have a line of names even where the target's is not among them.

    Raises:
      ValueError: what is wrong, as ``NAME:LINE: what``.
    """
    text = decoded(data, name)
    kind = form_of(name) or ("jsonl" if text.lstrip().startswith("{") else "txt")
    if kind == "tsv" and not _has_names(text, columns, form):
        rows, kind = _bare_rows(text, name, columns), BARE
    else:
        rows = FORMS[kind].read(text, name, columns)
    found = []
    for line, row in rows:
        place, cells = f"{name}:{line}", row
        if kind == "jsonl" and columns.text not in row and isinstance(row.get(NESTED), dict):
            cells = row[NESTED]
        source = _text(cells, columns.text, place)
        target = _text(cells, columns.label, place) if cells.get(columns.label) is not None else ""
        found.append(Pair(source, target, place=place, row=row, form=kind))
    return found


def unparse_pairs(pairs: Sequence[Pair], targets: Sequence[str], columns: Columns = COLUMNS) -> bytes:
    """The file again with these targets in place of its own, or in a column more; of sources alone, the targets alone,
    a line each."""
    form = pairs[0].form
    if form == "jsonl":
        rows = [_with_target(pair.row or {}, target, columns) for pair, target in zip(pairs, targets, strict=True)]
        return FORMS[form].write(rows, columns).encode()
    if form != "csv":  # a line is a line
        targets = [target.replace("\t", " ").replace("\n", " ") for target in targets]
    if form == "txt":
        return "".join(target + "\n" for target in targets).encode()
    rows = [dict(pair.row or {}) | {columns.label: target} for pair, target in zip(pairs, targets, strict=True)]
    if form == BARE:
        return "".join("\t".join(row.values()) + "\n" for row in rows).encode()
    return FORMS[form].write(rows, columns).encode()


def own_pairs(paths: Mapping[str, str], columns: Columns = COLUMNS) -> dict[str, list[Pair]]:
    """The pairs of files, by split.

    Args:
      paths: by split, train among them.

    Raises:
      ValueError: a file that cannot be read, holds none, or holds a line without a source or a target, named as
        ``FILE:LINE``; TSV without the columns that are asked for.
    """
    found = {}
    for split, path in paths.items():
        if form_of(path) in ("", "txt"):
            raise ValueError(f"{path}: pairs are read from .tsv, .csv and .jsonl")
        found[split] = parse_pairs(read_bytes(Path(path).expanduser()), path, columns)
        for pair in found[split]:
            for value, name in ((pair.source, "source"), (pair.target, "target")):
                if not value.strip():
                    raise ValueError(f"{pair.place}: no {name}")
        if not found[split]:
            raise ValueError(f"{path} holds no pair")
        first = found[split][0]
        if first.form == BARE and columns != COLUMNS:  # else its line of names, where it has one, would be a pair
            raise ValueError(
                f"{first.place}: no columns {columns.text!r} and {columns.label!r}, but {first.source!r} and "
                f"{first.target!r}; leave source and target out for a file without names"
            )
    return found


def dataset_pairs(dataset: str, columns: Columns, name: str = "") -> dict[str, list[Pair]]:
    """The pairs of a dataset by split, train among them; rows and splits without sources or targets are left out.

    Args:
      dataset: ``name``, ``owner/name`` or ``name/config`` on the hub, or a folder that ``datasets`` can read.
      name: on the hub, if another; the data directory is looked through for ``dataset`` first.
      columns: names of columns, or of languages in a column ``translation``.

    Raises:
      ValueError: no such column or language, one that holds no text, no pair to train on.
      DataNotFoundError: it is not to be had here.
    """
    found = {}
    for named, table in tables(dataset, name).items():
        split = {"validation": "valid", "dev": "valid"}.get(str(named), str(named))
        if split not in SPLITS:
            continue
        where = f"{dataset}, {named}"
        texts = list(zip(*(_texts(table, column, where) for column in columns), strict=True))
        pairs = [Pair(source, target, place=f"{where}, row {row}") for row, (source, target) in enumerate(texts)]
        if kept := [pair for pair in pairs if pair.source.strip() and pair.target.strip()]:
            found[split] = kept
    if "train" not in found:
        raise ValueError(f"{dataset} has no split to train on with pairs; {nearest('train', found)}")
    return found


def carve(
    splits: Mapping[str, Sequence[Pair]],
    share: float = HELD_OUT,
    key: Callable[[Pair], str] = lambda pair: pair.source,
) -> dict[str, list[Pair]]:
    """The splits, with those of valid and test that are lacking taken out of train by a hash of the key, so that pairs
    of one key are on one side and none changes sides when others are added. What is taken is in an order of chance.

    Args:
      share: of each that is lacking.

    Raises:
      ValueError: a split is left without a pair.
    """
    parts: dict[str, list[Pair]] = {split: [] for split in SPLITS}
    for pair in splits["train"]:
        wanted = split_of(key(pair), share)
        parts["train" if wanted in splits else wanted].append(pair)
    found = {split: by_chance(parts[split], key) for split in SPLITS} | {"train": parts["train"]}
    found |= {split: list(pairs) for split, pairs in splits.items() if split != "train"}
    for split in (split for split in SPLITS if not found[split]):
        sources = len(set(map(key, splits["train"])))
        known = f"pairs: {len(splits['train'])}, different sources: {sources}"
        raise ValueError(f"nothing is left for {split} ({known}); give more, or a file for {split}")
    return found


def by_chance(pairs: Sequence[Pair], key: Callable[[Pair], str] = lambda pair: pair.source) -> list[Pair]:
    """The pairs in an order that is as good as drawn by chance, and always the same: by a hash of the key."""
    return sorted(pairs, key=lambda pair: place_of(key(pair)))


def split_of(key: str, share: float = HELD_OUT) -> str:
    """``test`` for a share of all keys, ``valid`` for another, else ``train``."""
    place = place_of(key)
    return "test" if place < share else "valid" if place < 2 * share else "train"


def _has_names(text: str, columns: Columns, form: str) -> bool:
    """Whether the first line holds the names of the columns."""
    cells = text.lstrip("\n").partition("\n")[0].split("\t")
    return columns.text in cells and (columns.label in cells or form == "tsv")


def _bare_rows(text: str, name: str, columns: Columns) -> Iterator[tuple[int, dict[str, Any]]]:
    """The cells of lines, the first two by the names of the columns, as many in each as in the first.

    Raises:
      ValueError: another number of cells; a first line of those names in capitals, which would be read as a pair.
    """
    width = 0
    for number, line in enumerate(text.split("\n"), 1):
        if not line:
            continue
        cells = line.split("\t")
        if not width and [cell.strip().casefold() for cell in cells[:2]] == [column.casefold() for column in columns]:
            wanted = " and ".join(map(repr, columns))
            raise ValueError(f"{name}:{number}: names of columns, which must be {wanted} to the letter")
        width = width or len(cells)
        if len(cells) != width:
            raise ValueError(f"{name}:{number}: cells between tabs: {len(cells)}, not {width} as in the first line")
        names = [*columns, *(f"cell {place}" for place in range(3, width + 1))]
        yield number, dict(zip(names, cells, strict=False))  # there may be no target


def _text(cells: Mapping[str, Any], column: str, place: str) -> str:
    if column not in cells:
        raise ValueError(f"{place}: no {column!r}; {nearest(column, cells)}")
    if not isinstance(cells[column], str):
        raise ValueError(f"{place}: {column!r} is no text")
    return newlines(cells[column])  # JSON may escape one that its file has not


def _with_target(row: Mapping[str, Any], target: str, columns: Columns) -> dict[str, Any]:
    """A row of JSON with its target, among the languages where the source is there."""
    if columns.text in row or not isinstance(row.get(NESTED), dict):
        return dict(row) | {columns.label: target}
    return dict(row) | {NESTED: row[NESTED] | {columns.label: target}}


def _texts(table: Any, column: str, where: str) -> list[str]:
    """A column, or a language of the column of translations; an empty text for what a row lacks."""
    names = table.column_names
    if column in names:
        values = list(table[column])
    elif NESTED in names:
        rows = [row or {} for row in table[NESTED]]
        known = {language for row in rows for language in row}
        if column not in known:
            raise ValueError(f"{where}: no language {column!r}; {nearest(column, known)}")
        values = [row.get(column) for row in rows]
    else:
        raise ValueError(f"{where}: no column {column!r}; {nearest(column, names)}")
    for row, value in enumerate(values):
        if value is not None and not isinstance(value, str):
            raise ValueError(f"{where}, row {row}: {column!r} is of type {type(value).__name__}, no text")
    return [newlines(value or "") for value in values]
