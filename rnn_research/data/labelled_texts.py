"""Texts with a label each: corpora by name, files of the user's, any source of ``datasets``; train, valid, test.

What a source lacks of valid and test is taken from train, a tenth each, by a hash of the normalised text: copies and
near copies of a text are on one side, and no text changes sides when others are added.
"""

import csv
import hashlib
import io
import os
import re
import sysconfig
import tokenize
import unicodedata
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rnn_research.data.labelled_files import COLUMNS, Columns, Example, bare_labels, check_labels, form_of, parse
from rnn_research.data.locate import VARIABLE, DataNotFoundError, find
from rnn_research.data.plain import newlines, read, read_bytes
from rnn_research.data.rows import hub, reason
from rnn_research.lookup import lookup, nearest

SPLITS = ("train", "valid", "test")
HELD_OUT = 0.1  # share of each split that a source lacks


class Labelled(NamedTuple):
    """A text.

    Attributes:
      label: of the text; empty for none.
      place: where it stands, for people.
      key: texts of one key are on one side of a split; the text itself where it is empty.
    """

    text: str
    label: str
    place: str
    key: str = ""


class LabelledCorpus(NamedTuple):
    """Texts by split; every label occurs in train.

    Attributes:
      form: of files, for those whose name does not tell.
      columns: of files.
      bare: whether its labels are numbers in a JSON file.
      neutral: the class that the field's macro-F1 leaves out; empty for none.
    """

    name: str
    splits: dict[str, tuple[Labelled, ...]]
    form: str = "csv"
    columns: Columns = COLUMNS
    bare: bool = False
    neutral: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(sorted({one.label for one in self.splits["train"]}))


def load_labelled(
    corpus: str = "python_modules",
    train: str = "",
    valid: str = "",
    test: str = "",
    dataset: str = "",
    columns: Columns = COLUMNS,
) -> LabelledCorpus:
    """Labelled texts, by the name of a corpus unless files or a dataset are given.

    Args:
      corpus: a name in ``CORPORA``.
      train, valid, test: files whose names end in ``.csv``, ``.tsv``, ``.jsonl``, perhaps with ``.gz``.
      dataset: ``name``, ``owner/name`` or ``name/config`` on the Hugging Face hub, or a folder that ``datasets`` can
        read. A split without labels is left out.
      columns: of files and datasets.

    Raises:
      ValueError: an unknown corpus, files and a dataset, held-out files without one to train on, what is wrong with a
        file by its line, fewer than two labels, a label that no training example has, an empty split.
      DataNotFoundError: a corpus or a dataset that is not to be had here.
    """
    files = {"train": train, "valid": valid, "test": test}
    if any(files.values()) and (dataset or not train):
        raise ValueError(
            "give files or a dataset, not both" if dataset else "valid and test need a file to train on: train=FILE"
        )
    if train:
        rows = {split: _file(path, columns) for split, path in files.items() if path}
        splits = {split: tuple(Labelled(*one[:3]) for one in examples) for split, examples in rows.items()}
        found = LabelledCorpus(Path(train).name, splits, form_of(train), bare=bare_labels(rows["train"], columns))
    elif dataset:
        found = LabelledCorpus(dataset, _dataset(dataset, columns))
    else:
        if columns != COLUMNS:
            raise ValueError(f"text and label name columns of files or of a dataset, not of corpus {corpus!r}")
        found = lookup(CORPORA, corpus, "corpus")()
    return found._replace(splits=_checked(found.name, found.splits), columns=columns)


def state_of(files: Sequence[str]) -> Hashable:
    """What files that are read now and later are the same by: the data directory; name, size and time of change."""
    paths = [Path(file).expanduser() for file in files if file]
    return os.environ.get(VARIABLE), tuple(
        (str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in paths if path.exists()
    )


def place_of(text: str) -> float:
    """A number in [0, 1) that is the same for texts which differ in case, blanks, marks and Unicode's forms alone."""
    normal = " ".join(re.findall(r"\w+", unicodedata.normalize("NFC", text).casefold())) or text
    return int.from_bytes(hashlib.sha256(normal.encode()).digest()[:8], "big") / 2**64


def carve(splits: dict[str, tuple[Labelled, ...]]) -> dict[str, tuple[Labelled, ...]]:
    """The splits, with those of valid and test that are lacking taken out of train."""
    parts: dict[str, list[Labelled]] = {split: [] for split in SPLITS}
    for one in splits["train"]:
        place = place_of(one.key or one.text)
        wanted = "test" if place < HELD_OUT else "valid" if place < 2 * HELD_OUT else "train"
        parts["train" if wanted in splits else wanted].append(one)
    return {split: splits[split] if split in splits and split != "train" else tuple(parts[split]) for split in SPLITS}


def _checked(name: str, splits: dict[str, tuple[Labelled, ...]]) -> dict[str, tuple[Labelled, ...]]:
    for one in (one for examples in splits.values() for one in examples if not one.label):
        raise ValueError(f"{one.place}: no label")
    splits = carve(splits)
    for split in SPLITS:
        if not splits[split]:
            raise ValueError(f"{name}: {split} holds no example")
    known = {one.label for one in splits["train"]}
    if len(known) < 2:
        raise ValueError(f"{name}: every example to train on is labelled {known.pop()!r}; two labels are needed")
    for one in (one for split in ("valid", "test") for one in splits[split] if one.label not in known):
        raise ValueError(f"{one.place}: no training example is labelled {one.label!r}; {nearest(one.label, known)}")
    return splits


def _file(name: str, columns: Columns) -> list[Example]:
    form = form_of(name)
    if form in ("", "txt"):
        raise ValueError(f"{name}: texts with labels are read from .csv, .tsv and .jsonl")
    examples = parse(read_bytes(Path(name).expanduser()), name, form, columns)
    check_labels(examples, name, columns)
    return examples


def _dataset(dataset: str, columns: Columns) -> dict[str, tuple[Labelled, ...]]:
    splits = {}
    for split, table in tables(dataset).items():
        for column in columns:
            if column not in table.column_names:
                raise ValueError(f"{dataset} has no column {column!r}; {nearest(column, table.column_names)}")
        names = getattr(table.features[columns.label], "names", None)
        rows = zip(table[columns.text], table[columns.label], strict=True)
        places = (f"{dataset}, {split}, row {number}" for number in range(len(table)))
        found = tuple(
            Labelled(_text(text, place), _label(label, names, place), place)
            for (text, label), place in zip(rows, places, strict=True)
        )
        if any(one.label for one in found):
            splits[{"validation": "valid", "dev": "valid"}.get(str(split), str(split))] = found
    if "train" not in splits:
        raise ValueError(f"{dataset} has no split to train on with labels; {nearest('train', splits)}")
    return {split: splits[split] for split in SPLITS if split in splits}


def tables(dataset: str, name: str = "") -> Any:
    """The tables of a dataset by split: of a folder, of one and a configuration that its README.md declares, as sets of
    the hub have it, of the data directory, or of the hub; ``name``: there, if another."""
    file = f"{dataset}/train.parquet"
    path, there = Path(dataset).expanduser(), find(file)
    declared = not path.is_dir() and (path.parent / "README.md").is_file() and path.parent != Path()
    if not path.is_dir() and not declared and not there:
        return hub(name or dataset, file)
    import datasets

    try:
        if there:
            return datasets.load_dataset("parquet", data_dir=str(there.parent))
        return datasets.load_dataset(str(path.parent), path.name) if declared else datasets.load_dataset(str(path))
    except Exception as error:  # each step raises its own
        raise ValueError(f"cannot read {dataset}: {reason(error)}") from error


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{place}: the text is of type {type(value).__name__}")
    return newlines(value)


def _label(value: Any, names: Sequence[str] | None, place: str) -> str:
    """A class by its name; hidden ones are −1."""
    if value is None or (names is not None and value == -1):
        return ""
    if not isinstance(value, int | str):
        raise ValueError(f"{place}: the label is of type {type(value).__name__}")
    return names[value] if names is not None and isinstance(value, int) else str(value)


# Corpora by name.

MODULES = ("_pydecimal", "argparse", "doctest", "inspect", "pickletools", "pydoc", "tarfile", "typing")
SNIPPETS = {"movieReview": "film", "tweets": "tweet", "amazonReview": "product", "nytEditorial": "editorial"}
POLARITY = {"-1": "negative", "0": "neutral", "1": "positive"}


def _python_modules() -> LabelledCorpus:
    """Of which module of the standard library a paragraph is, of eight long ones; they differ between versions of
    Python. Paragraphs, what stands between empty lines, that two modules share are left out."""
    found: dict[str, list[Labelled]] = {}
    for module in MODULES:
        with tokenize.open(Path(sysconfig.get_path("stdlib"), f"{module}.py")) as source:
            text = source.read()
        for number, part in enumerate(filter(None, map(str.strip, re.split(r"\n\s*\n", text))), 1):
            found.setdefault(part, []).append(Labelled(part, module, f"{module}, paragraph {number}"))
    own = [places[0] for places in found.values() if len({one.label for one in places}) == 1]
    return LabelledCorpus("python_modules", {"train": tuple(own)})


def _located(corpus: str, file: str) -> Path:
    path = find(file)
    if path is None:
        raise DataNotFoundError(corpus, file, "--config.task.train reads files of your own")
    return path


def _vader_groundtruth() -> LabelledCorpus:
    """Snippets of film and product reviews, tweets and editorials, rated from −4 to 4 by twenty people each (Hutto and
    Gilbert 2014): the sign of their mean; those whose mean is 0 are left out. Those of one review or editorial,
    ``7_1`` and ``7_2``, are on one side of a split, and a text that comes again is left out."""
    found, seen = [], set()
    for source, kind in SNIPPETS.items():
        file = f"vader_groundtruth/{source if kind == 'tweet' else source + 'Snippets'}_GroundTruth.txt"
        for number, line in enumerate(read(_located("vader_groundtruth", file)).split("\n"), 1):
            if not line:
                continue
            place = f"{file}:{number}"
            name, _, rest = line.partition("\t")
            rating, tab, text = rest.partition("\t")
            try:
                mean = float(rating)
            except ValueError:
                raise ValueError(f"{place}: no rating: {rating!r}") from None
            again = place_of(text) in seen
            seen.add(place_of(text))
            if mean and tab and not again:
                document, part, _ = name.partition("_")
                key = f"{source} {document}" if part else ""
                found.append(Labelled(text, POLARITY["1" if mean > 0 else "-1"], place, key=key))
    return LabelledCorpus("vader_groundtruth", {"train": tuple(found)})


def _rusentne() -> LabelledCorpus:
    """Sentences of Russian news and the sentiment towards one entity, which stands between ``[`` and ``]`` (Golubev,
    Rusnachenko and Loukachevitch 2023); the official splits that have labels, of which the second is the test. The
    field's score is the mean F1 of the positive and the negative."""
    splits = {}
    for split, file in (("train", "rusentne/train_data.csv"), ("test", "rusentne/validation_data_labeled.csv")):
        rows = csv.DictReader(io.StringIO(read(_located("rusentne", file)), newline=""), delimiter="\t")
        splits[split] = tuple(_towards(row, f"{file}:{rows.line_num}") for row in rows)
    return LabelledCorpus("rusentne", splits, neutral=POLARITY["0"])


def _towards(row: dict[str, str], place: str) -> Labelled:
    sentence, first, end = row["sentence"], int(row["entity_pos_start_rel"]), int(row["entity_pos_end_rel"])
    marked = f"{sentence[:first]} [ {sentence[first:end]} ] {sentence[end:]}"
    return Labelled(" ".join(marked.split()), POLARITY[row["label"]], place, key=sentence)


CORPORA: dict[str, Callable[[], LabelledCorpus]] = {
    "python_modules": _python_modules,
    "vader_groundtruth": _vader_groundtruth,
    "rusentne": _rusentne,
}
