"""Sentences whose words have labels, in the field's formats: CoNLL-U, and columns as of the CoNLL tasks.

CoNLL-U (universaldependencies.org/format): ten fields between tabs, comments that begin with ``#``, an empty line after
each sentence; the lines of multiword tokens (``3-4``) and of empty nodes (``8.1``) hold no word of their own.
Columns (Tjong Kim Sang and De Meulder 2003): the word first, a label in one of the columns, tabs or blanks between
them, an empty line between sentences; a line ``-DOCSTART-`` begins a document and is no word.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from rnn_research.lookup import lookup

FIELDS = {"UPOS": 4, "XPOS": 5}  # of CoNLL-U, counted from 1
WIDTH = 10
FORM, HEAD = 2, 7  # the fields of CoNLL-U that hold the word, and the number of the word that it depends on
NOT_GIVEN = "_"
DOCUMENT = "-DOCSTART-"
FEW = 200  # values of a column, up to which they are taken for all there are, as of parts of speech


class Sentence(NamedTuple):
    """A sentence, and the part of its file that it stands in.

    Attributes:
      words: as they stand in the file.
      labels: of each word; an empty text where none is given.
      lines: from the end of the sentence before on, without line ends; of all sentences, they are the file's.
      places: of the words among the lines.
      first: the number of the first of these lines in its file, from 1.
    """

    words: tuple[str, ...]
    labels: tuple[str, ...]
    lines: tuple[str, ...]
    places: tuple[int, ...]
    first: int

    def line_of(self, word: int) -> int:
        """The number of a word's line in its file, from 1."""
        return self.first + self.places[word]


class Layout(NamedTuple):
    """How a file is written.

    Attributes:
      format: ``conllu`` or ``columns``.
      column: the one that holds the labels, counted from 1; 0 for the last.
      width: how many columns there are; 0 where any number will do.
      beside: what stands in the column before that of the labels, where these are the last; () where that holds the
        words, or too many values to know one by.
    """

    format: str
    column: int
    width: int = 0
    beside: tuple[str, ...] = ()


def layout(format: str, labels: str = "UPOS", column: int = 0) -> Layout:
    """The layout that settings ask for.

    Args:
      format: ``conllu`` or ``columns``.
      labels: ``UPOS`` or ``XPOS``, of CoNLL-U.
      column: of columns, that with the labels, from 2 on, as the first holds the words; 0 for the last.

    Raises:
      ValueError: another format, other labels, a column that cannot be.
    """
    lookup(READERS, format, "format")
    if format == "conllu":
        return Layout(format, lookup(FIELDS, labels, "kind of labels"))
    if column < 0 or column == 1:
        raise ValueError(f"column must be 2 or more (1 holds the words), or 0 for the last, not {column}")
    return Layout(format, column)


def resolved(form: Layout, sentences: Sequence[Sentence]) -> Layout:
    """The layout with the numbers of the label's column and of all columns as these sentences, one or more, have them:
    in a file with fewer columns the last one holds no labels."""
    if form.format != "columns":
        return form
    width = width_of(sentences)
    column = form.column or width
    beside = {*cells(sentences, width - 1)} if column == width > 2 else set()
    return Layout(form.format, column, width, tuple(sorted(beside)) if len(beside) <= FEW else ())


def width_of(sentences: Sequence[Sentence]) -> int:
    """How many columns sentences of columns have."""
    return len(_fields(sentences[0].lines[sentences[0].places[0]]))


def cells(sentences: Sequence[Sentence], column: int) -> Iterator[str]:
    """What stands in a column, counted from 1, of sentences of columns."""
    return (_fields(one.lines[place])[column - 1] for one in sentences for place in one.places)


def read_sentences(text: str, name: str, form: Layout, labelled: bool = False) -> list[Sentence]:
    """The sentences of a file.

    Where the file has no column of labels, they are empty: its lines end before it.

    Args:
      text: of the file; ``data.plain`` reads one.
      name: what messages call the file.
      labelled: whether the column of labels has to be there.

    Raises:
      ValueError: a malformed line, ``NAME:LINE: what``; a file without a sentence.
    """
    return list(READERS[form.format](text, name, form, labelled))


def write_sentences(sentences: Sequence[Sentence], labels: Sequence[Sequence[str]], form: Layout) -> str:
    """The text that the sentences were read from, with these labels in the place of theirs.

    Args:
      labels: of each sentence, one a word.
    """
    lines: list[str] = []
    for sentence, given in zip(sentences, labels, strict=True):
        written = list(sentence.lines)
        for place, label in zip(sentence.places, given, strict=True):
            written[place] = _with_label(written[place], label, form)
        lines += written
    return "\n".join(lines)


def sentence_of(words: Sequence[str], labels: Sequence[str], form: Layout, first: int = 1) -> Sentence:
    """A sentence that was in no file, with the lines that it would have in one."""
    if form.format == "conllu":
        rows = [[str(number), word, *[NOT_GIVEN] * (WIDTH - FORM)] for number, word in enumerate(words, 1)]
    else:
        rows = [[word, *[NOT_GIVEN] * ((form.column or 2) - 1)] for word in words]
    lines = [_with_label("\t".join(row), label, form) for row, label in zip(rows, labels, strict=True)]
    return Sentence(tuple(words), tuple(labels), (*lines, ""), tuple(range(len(words))), first)


Found = Iterator[tuple[str, str] | None]  # of each line its word and label; None for one without a word


def _conllu(text: str, name: str, form: Layout, labelled: bool) -> Iterator[Sentence]:
    for numbers, lines in _parts(text, name, lambda line: not line.startswith("#")):
        yield _sentence(numbers, lines, _conllu_words(numbers, lines, name, form.column))


def _conllu_words(numbers: range, lines: Sequence[str], name: str, column: int) -> Found:
    from conllu.exceptions import ParseException

    count, open_comment, empty = 0, False, 0
    for number, line in zip(numbers, lines, strict=True):
        if line.startswith("#") or not line.strip():
            if open_comment and not line.strip():
                empty = empty or number
            open_comment = line.startswith("#")
            yield None
            continue
        if empty:  # comments that nothing follows may end a file
            raise ValueError(f"{name}:{empty}: a sentence without words")
        open_comment, fields = False, line.split("\t")
        if len(fields) != WIDTH:
            raise ValueError(f"{name}:{number}: {len(fields)} fields between tabs, not the {WIDTH} of CoNLL-U")
        try:
            identity = _identity(fields[0], fields[HEAD - 1])
        except ParseException as error:
            raise ValueError(f"{name}:{number}: {error}") from None
        if isinstance(identity, tuple):  # a multiword token, an empty node
            if identity[1] == "-" and identity[0] != count + 1:
                raise ValueError(f"{name}:{number}: the token {fields[0]} stands before word {count + 1}")
            yield None
            continue
        if identity != count + 1:
            raise ValueError(f"{name}:{number}: a word with the number {fields[0]} where {count + 1} should be")
        if not fields[FORM - 1].strip():
            raise ValueError(f"{name}:{number}: no word in field {FORM}")
        count += 1
        label = fields[column - 1]
        yield fields[FORM - 1], "" if label == NOT_GIVEN else label


@lru_cache(maxsize=1 << 14)
def _identity(identity: str, head: str) -> Any:
    """The number of a line, and the check of its head; of the many words of a file, few have others than those before.

    Raises:
      ParseException: one that is none.
    """
    from conllu.parser import parse_id_value, parse_int_value

    number, _ = parse_id_value(identity), parse_int_value(head)
    return number


def _columns(text: str, name: str, form: Layout, labelled: bool) -> Iterator[Sentence]:
    column = form.column
    first = next((number for number, line in enumerate(text.split("\n"), 1) if _is_word(line)), 0)
    if not first:
        raise ValueError(f"{name} holds no sentence")
    width, last = len(_fields(text.split("\n")[first - 1])), column == form.width
    if form.width and width != form.width and not (last and width == form.width - 1):
        without = f", or {form.width - 1} without labels" if last else ""
        raise ValueError(f"{name}:{first}: {width} columns, not {form.width} as in training{without}")
    if width < (column or 2) - (not labelled):
        raise ValueError(f"{name}:{first}: {width} columns, and no column {column or 2} for the labels")

    def words_of(numbers: range, lines: Sequence[str]) -> Found:
        for number, line in zip(numbers, lines, strict=True):
            if not _is_word(line):
                yield None
                continue
            fields = _fields(line)
            if len(fields) != width:
                raise ValueError(f"{name}:{number}: {len(fields)} columns, not {width} as in line {first}")
            if not fields[0].strip():
                raise ValueError(f"{name}:{number}: no word in the first column")
            yield fields[0], fields[column - 1] if width >= (column or 2) else ""

    for numbers, lines in _parts(text, name, _is_word):
        yield _sentence(numbers, lines, words_of(numbers, lines))


READERS = {"conllu": _conllu, "columns": _columns}


def _is_word(line: str) -> bool:
    return bool(line.strip()) and not line.startswith(DOCUMENT)


def _fields(line: str) -> list[str]:
    return line.split("\t") if "\t" in line else line.split()


def _parts(text: str, name: str, has_word: Callable[[str], bool]) -> Iterator[tuple[range, list[str]]]:
    """The lines of each sentence with their numbers: a new one begins after an empty line that ends one with words.

    Raises:
      ValueError: there is none.
    """
    lines = text.split("\n")
    bounds, words, ended = [0], False, False
    for number, line in enumerate(lines):
        blank = not line.strip()
        if not blank and ended:
            bounds.append(number)
            words = ended = False
        ended = ended or (blank and words)
        words = words or (not blank and has_word(line))
    if len(bounds) > 1 and not words:  # comments after the last sentence
        bounds.pop()
    elif not words:
        raise ValueError(f"{name} holds no sentence")
    for first, last in zip(bounds, [*bounds[1:], len(lines)], strict=True):
        yield range(first + 1, last + 1), lines[first:last]


def _sentence(numbers: range, lines: Sequence[str], found: Found) -> Sentence:
    pairs = {place: pair for place, pair in enumerate(found) if pair is not None}
    words, labels = (tuple(pair[part] for pair in pairs.values()) for part in (0, 1))
    return Sentence(words, labels, tuple(lines), tuple(pairs), numbers.start)


def _with_label(line: str, label: str, form: Layout) -> str:
    """The line with a label in its column, which is added where the line ends before it."""
    tabs = "\t" in line
    spans = [found.span() for found in re.finditer(r"(?:(?<=\t)|^)[^\t]*" if tabs else r"\S+", line)]
    place = (form.column or max(len(spans), 2)) - 1
    if place == len(spans):
        return line + (" " if len(spans) > 1 and not tabs else "\t") + label
    first, last = spans[place]
    return line[:first] + label + line[last:]
