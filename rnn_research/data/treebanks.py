"""Where sentences with labels come from: treebanks of Universal Dependencies by name, and files of the user's own."""

import os
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rnn_research.data.labelled_sentences import FIELDS, NOT_GIVEN, Layout, Sentence, read_sentences, sentence_of
from rnn_research.data.locate import VARIABLE, DataNotFoundError, find
from rnn_research.data.plain import read
from rnn_research.lookup import lookup

SPLITS = ("train", "valid", "test")
OFFICIAL = {"train": "train", "valid": "dev", "test": "test"}  # what treebanks call them
ON_THE_HUB = {"train": "train", "valid": "validation", "test": "test"}
TREEBANKS = {"ud_english_ewt": "en_ewt", "ud_russian_taiga": "ru_taiga"}  # folder: how its files begin
HUB = "universal-dependencies/universal_dependencies"


class Part(NamedTuple):
    """A split: its sentences, and what messages call the file that they were read from."""

    sentences: list[Sentence]
    name: str


def own_files(paths: Mapping[str, str], form: Layout) -> dict[str, Part]:
    """The splits that files hold, plain or gzip.

    Raises:
      ValueError: a file that is missing or malformed, by file and line; a split without one.
    """
    for split in SPLITS:
        if not paths[split]:
            raise ValueError(f"give all of train, valid and test their files: {split} has none")
    return {
        split: Part(read_sentences(read(Path(path).expanduser()), path, form, labelled=True), path)
        for split, path in paths.items()
    }


def state_of(paths: Mapping[str, str]) -> Hashable:
    """What is read now and what is read later are the same by: the data directory, and of files name, size and time of
    change."""
    found = [Path(path).expanduser() for path in paths.values() if path]
    stats = tuple((str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in found if file.is_file())
    return os.environ.get(VARIABLE), stats


def treebank(name: str, form: Layout) -> dict[str, Part]:
    """A treebank of Universal Dependencies in its official splits, from the data directory or the hub.

    Args:
      name: one in ``TREEBANKS``: its folder in the data directory, which holds CoNLL-U, plain or gzip.
      form: of CoNLL-U.

    Raises:
      ValueError: an unknown name, a malformed file, another format.
      DataNotFoundError: it is neither in the data directory nor, as far as that can be reached, on the hub.
    """
    begins = lookup(TREEBANKS, name, "treebank")
    if form.format != "conllu":
        raise ValueError(f"{name} is written in format=conllu, not {form.format}")
    paths = {split: _file(f"{name}/{begins}-ud-{official}.conllu") for split, official in OFFICIAL.items()}
    if all(paths.values()):
        return {
            split: Part(read_sentences(read(path), str(path), form), str(path)) for split, path in paths.items() if path
        }
    return of_rows(_hub(name), f"{HUB}/{begins}", form)


def of_rows(splits: Mapping[str, Any], name: str, form: Layout) -> dict[str, Part]:
    """The splits of a dataset as the hub has treebanks: a row a sentence, with lists ``tokens``, ``upos``, ``xpos``.

    Args:
      splits: of ``datasets``, by the hub's names.
      form: of CoNLL-U, whose labels are taken.
    """
    kind = next(kind for kind, column in FIELDS.items() if column == form.column).lower()
    found = {}
    for split, theirs in ON_THE_HUB.items():
        table = splits[theirs]
        classes = {name: _class_names(table.features[name]) for name in ("upos", "xpos")}
        sentences, line = [], 1
        for row in table:
            parts = [[_text(classes[name], value) for value in row[name]] for name in ("upos", kind)]
            # Multiword tokens have no tag of their own.
            words = [
                (word, label) for word, upos, label in zip(row["tokens"], *parts, strict=True) if upos != NOT_GIVEN
            ]
            sentences.append(sentence_of([word for word, _ in words], [label for _, label in words], form, line))
            line += len(words) + 1
        found[split] = Part(sentences, f"{name} ({theirs})")
    return found


def _class_names(feature: Any) -> list[str] | None:
    """Names of the classes that a list of numbers stands for; None for a list of texts."""
    inner = getattr(feature, "feature", feature[0] if isinstance(feature, list) else feature)
    return getattr(inner, "names", None)


def _text(names: list[str] | None, value: Any) -> str:
    """A label; an empty text where none is given, unless it is one of a class, which has a name for that."""
    return names[value] if names is not None else "" if value in (None, NOT_GIVEN) else str(value)


def _file(path: str) -> Path | None:
    return find(path) or find(f"{path}.gz")


def _hub(name: str) -> Any:
    import datasets

    begins = TREEBANKS[name]
    try:
        return datasets.load_dataset(HUB, begins)
    except Exception as error:  # the hub's client raises many kinds when it cannot be reached
        files = f"{name}/{begins}-ud-{{train,dev,test}}.conllu, plain or .gz,"
        raise DataNotFoundError(f"treebank {name}", files, f"hub: {HUB}, {begins} ({type(error).__name__})") from error
