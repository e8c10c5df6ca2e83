"""Texts to model: corpora by name, a file of the user's, any source of ``datasets``; split into train, valid, test.

Where a corpus has no official split, it is split by position, as Karpathy, Johnson and Fei-Fei (2015) do: first train,
then valid, then test.
"""

import os
import re
import sys
import sysconfig
import tokenize
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import NamedTuple

from rnn_research.data.locate import VARIABLE, DataNotFoundError, find
from rnn_research.data.plain import newlines, read
from rnn_research.data.rows import READERS, local_files, rows
from rnn_research.lookup import lookup

SPLITS = ("train", "valid", "test")
COLUMN = "text"
FEWEST = 100  # characters of a split: with fewer, a score says nothing

Documents = tuple[str, ...]


class Corpus(NamedTuple):
    """A text: ``documents`` by split, in order, none empty; newlines are ``\\n``."""

    name: str
    documents: dict[str, Documents]


def load_text(
    corpus: str = "python_docs", path: str = "", dataset: str = "", column: str = COLUMN, limit: int = 0
) -> Corpus:
    """A corpus of text, by name unless ``path`` or ``dataset`` is given.

    Args:
      corpus: a name in ``CORPORA``.
      path: a UTF-8 text file, plain or gzip, with or without a byte order mark; one document, split 90/5/5.
      dataset: ``name``, ``owner/name`` or ``name/config`` on the Hugging Face hub, or ``text:FILES``, ``json:FILES``,
        ``csv:FILES``, ``parquet:FILES``: local files, a pattern or a folder. Its train, validation and test are the
        splits; what it lacks of valid and test is the end of train, 5 % of its characters each.
      column: of a dataset; every row of it is a document. ``text:FILES`` has one, "text", and a row a file.
      limit: characters of the training split to keep, the first ones; 0 keeps all. The others stay as they are.

    Raises:
      ValueError: an unknown corpus, both path and dataset, a column without a dataset, a negative limit, a file that is
        not there or not UTF-8, a column that the dataset does not have, a split of fewer than 100 characters.
      DataNotFoundError: a corpus or a dataset that is not to be had here.
    """
    if path and dataset:
        raise ValueError(f"give one of path and dataset, not both: {path!r}, {dataset!r}")
    if column != COLUMN and not dataset:
        raise ValueError(f"column={column!r} is for a dataset, and none is given")
    if limit < 0:
        raise ValueError(f"limit must be 0 (all) or a number of characters, not {limit}")
    if path:
        name, documents = Path(path).name, _by_position(path, [read(Path(path).expanduser())], (90, 5, 5))
    elif dataset:
        name, documents = dataset, _dataset(dataset, column)
    else:
        name, documents = corpus, lookup(CORPORA, corpus, "corpus")()
    for split in SPLITS:
        if (length := _length(documents[split])) < FEWEST:
            raise ValueError(f"{name}: {split} holds {length} characters; at least {FEWEST} are needed")
    return Corpus(name, documents | {"train": first_characters(documents["train"], limit or None)})


def state_of(path: str = "", dataset: str = "") -> Hashable:
    """What a text that is read now and one that is read later are the same by: the data directory, and of the user's
    files name, size and time of change."""
    form, _, files = dataset.partition(":")
    used = [Path(path).expanduser()] if path else []
    if form in READERS and files:
        used = [file for of_split in local_files(form, files).values() for file in of_split]
    stats = tuple((str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in used if file.exists())
    return os.environ.get(VARIABLE), stats


def split_by_position(documents: Sequence[str], shares: Sequence[float]) -> list[Documents]:
    """Documents cut into consecutive parts, one per share.

    Args:
      documents: texts in order.
      shares: the sizes of the parts relative to each other, such as (90, 5, 5).

    Returns:
      The documents of every part, none empty. With N characters in all, part k ends at ``round(N · (share_1 + … +
      share_k) / Σ shares)``; a document that a border cuts goes on in the next part as a document of its own.
    """
    total = _length(documents)
    borders = [round(total * sum(shares[: k + 1]) / sum(shares)) for k in range(len(shares))]
    parts: list[list[str]] = [[] for _ in shares]
    start = 0
    for document in documents:
        end = start + len(document)
        for part, low, high in zip(parts, [0, *borders], borders, strict=False):
            if piece := document[max(low - start, 0) : max(high - start, 0)]:
                part.append(piece)
        start = end
    return [tuple(part) for part in parts]


def first_characters(documents: Sequence[str], limit: int | None) -> Documents:
    """The first ``limit`` characters of documents; all of them for None."""
    kept = []
    for document in documents:
        if limit is not None:
            document, limit = document[:limit], max(limit - len(document), 0)
        if document:
            kept.append(document)
    return tuple(kept)


def _length(documents: Sequence[str]) -> int:
    return sum(map(len, documents))


def _by_position(name: str, documents: Sequence[str], shares: Sequence[int]) -> dict[str, Documents]:
    """Train, valid and test of documents without an official split.

    Raises:
      ValueError: a text so short that some split would be too small.
    """
    length, needed = _length(documents), -(-FEWEST * sum(shares) // min(shares))
    if length < needed:
        raise ValueError(
            f"{name} holds {length} characters; at least {needed} are needed, for {FEWEST} in the smallest of splits "
            f"{'/'.join(map(str, shares))}"
        )
    return dict(zip(SPLITS, split_by_position(documents, shares), strict=True))


def _dataset(dataset: str, column: str) -> dict[str, Documents]:
    """Train, valid and test of a source of ``datasets``."""
    own = {split: [newlines(row) for row in texts] for split, texts in rows(dataset, column).items()}
    own["valid"] = own.pop("validation", own.get("valid", []))
    if not own.get("train"):
        everything = [row for texts in own.values() for row in texts]
        return _by_position(dataset, everything, (90, 5, 5))
    missing = [split for split in ("valid", "test") if not own.get(split)]
    if len(missing) == 2:
        return _by_position(dataset, own["train"], (90, 5, 5))
    splits = {split: tuple(filter(None, own.get(split, ()))) for split in SPLITS}
    for split in missing:
        splits["train"], splits[split] = split_by_position(own["train"], (95, 5))
    return splits


# Corpora by name.


def _python_docs() -> dict[str, Documents]:
    """The language reference that ``help()`` shows, a topic a document; it differs between versions of Python."""
    from pydoc_data.topics import topics

    return _by_position("python_docs", [newlines(topics[name]) for name in sorted(topics)], (90, 5, 5))


def _python_source() -> dict[str, Documents]:
    """The top-level modules of the standard library, a file a document; they differ between versions of Python."""
    # Other files lie there too: what distributions add, and the settings that Python was built with.
    files = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    texts = []
    for file in files:
        if file.stem in sys.stdlib_module_names:
            with tokenize.open(file) as source:
                texts.append(source.read())
    return _by_position("python_source", list(filter(None, texts)), (90, 5, 5))


def _located(corpus: str, file: str) -> str:
    """The text of a file in the data directory."""
    path = find(file)
    if path is None:
        raise DataNotFoundError(corpus, file, "--config.task.path reads any text file")
    return read(path)


def _one_file(corpus: str, file: str, shares: Sequence[int]) -> Callable[[], dict[str, Documents]]:
    return lambda: _by_position(corpus, [_located(corpus, f"{corpus}/{file}")], shares)


def _wikitext2() -> dict[str, Documents]:
    """WikiText-2 (Merity et al. 2016) in its official splits, an article a document."""
    return {split: articles(_located("wikitext2", f"wikitext2/wiki.{split}.tokens.gz")) for split in SPLITS}


def articles(text: str) -> Documents:
    """The articles of a text in WikiText's form; joined, they are the text.

    An article begins at a title, ``= Title =``, between two empty lines. Headings within an article have more ``=`` on
    each side. Broken tables leave lines such as ``= Wins , L =`` behind, but not between two empty lines.
    """
    titles = re.finditer(r"(?<=^ \n) = (?!= )[^\n]*(?<! =) = (?=\n \n)", text, re.MULTILINE)
    starts = [title.start() for title in titles]
    # What precedes the first title, an empty line, belongs to the first article.
    return tuple(text[low:high] for low, high in zip([0, *starts[1:]], [*starts[1:], len(text)], strict=True))


CORPORA: dict[str, Callable[[], dict[str, Documents]]] = {
    "python_docs": _python_docs,
    "python_source": _python_source,
    "tinyshakespeare": _one_file("tinyshakespeare", "input.txt", (90, 5, 5)),
    "war_and_peace_en": _one_file("war_and_peace_en", "warpeace_input.txt", (80, 10, 10)),
    "war_and_peace_ru": _one_file("war_and_peace_ru", "voina_i_mir.txt", (80, 10, 10)),
    "linux_kernel": _one_file("linux_kernel", "linux_input.txt.gz", (90, 5, 5)),
    "wikitext2": _wikitext2,
}
