"""What a trained model needs beside its parameters, as a JSON value: ids of text or labels without the documents.

``from_json(json.loads(json.dumps(to_json(codec))))`` encodes and decodes as ``codec`` does, to the bit.

A new codec, or one of your own, is a line in ``CODECS``: from its ``state()`` to the codec.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from rnn_research.data import labelled_spans, spelled_words
from rnn_research.data.encoding import Tokeniser
from rnn_research.data.line_files import PictureLines, StrokeLines
from rnn_research.data.pair_labeller import PairLabeller, pair_labeller
from rnn_research.data.pen_labeller import PenLabeller
from rnn_research.data.text_labeller import TextLabeller, text_labeller
from rnn_research.data.tokens import bpe_of, characters_of
from rnn_research.data.words import split_of, words_of
from rnn_research.lookup import lookup, nearest


class Labels(NamedTuple):
    """The classes of a classification; a label's id is its place."""

    names: tuple[str, ...]

    def encode(self, name: str) -> int:
        """The id of a label.

        Raises:
          ValueError: no such label; the message holds the nearest one.
        """
        if name not in self.names:
            raise ValueError(f"unknown label {name!r}; {nearest(name, self.names)}")
        return self.names.index(name)

    def decode(self, ids: Sequence[int] | np.ndarray) -> list[str]:
        """The labels of ids."""
        return [self.names[i] for i in ids]

    def state(self) -> dict[str, Any]:
        return {"kind": "labels", "names": list(self.names)}


@runtime_checkable
class Labeller(Protocol):
    """The codec of a task whose trained models label files: ``python -m rnn_research.predict``.

    It stands by itself: no corpus is needed to read, to encode or to write.
    """

    def read(self, data: bytes, name: str) -> list[Any]:
        """The examples of a file, in order, with or without labels of their own.

        Args:
          data: what the file holds.
          name: what to call it.

        Raises:
          ValueError: what is wrong with it, as ``NAME:LINE: what``.
        """
        ...

    def encode(self, examples: Sequence[Any]) -> tuple[Any, np.ndarray | None]:
        """``(inputs, lengths)`` as the task's ``Batch.inputs`` and ``Batch.lengths``, NumPy: leaves ``[n, time, ...]``,
        padded to the longest of these examples, and ``[n]``; or None where all have the same steps."""
        ...

    def write(self, examples: Sequence[Any], answers: Sequence[Any]) -> bytes:
        """A file of the same format with the answers as labels; of a format that has no place for them, JSON lines.

        Args:
          examples: as ``read`` gave them.
          answers: of each example what the task's head gives as its answer; where there is one for each step, those
            past the example's length mean nothing.
        """
        ...

    def agreement(self, examples: Sequence[Any], answers: Sequence[Any]) -> dict[str, float]:
        """How the answers agree with the labels of the file, by the name of the measure, as the task has it; nothing
        where there are none of these.

        Args:
          examples, answers: as of ``write``.
        """
        ...

    def state(self) -> dict[str, Any]:
        """A JSON value; "kind" is its name in ``CODECS``."""
        ...


Codec = Tokeniser | Labels | Labeller
LABELLERS_OF_CLASSES = (TextLabeller, PenLabeller)  # which write the probabilities of the classes, too


def to_json(codec: Codec) -> dict[str, Any]:
    """A JSON value that the same codec can be made from; "kind" is a name in ``CODECS``."""
    return codec.state()


def from_json(value: Mapping[str, Any]) -> Codec:
    """The codec that ``to_json`` wrote.

    Words that were not seen in training are reduced by the stemmer, lemmatiser or list of stop words installed here.

    Raises:
      ValueError: an unknown kind, or one that lacks a part.
    """
    kind = value.get("kind", "")
    load = lookup(CODECS, kind, "codec")
    try:
        return load(value)
    except KeyError as error:
        raise ValueError(f"the codec {kind!r} lacks {error}") from None


def _characters(value: Mapping[str, Any]) -> Tokeniser:
    return characters_of(np.array([ord(character) for character in value["characters"]], np.uint32))


def _bpe(value: Mapping[str, Any]) -> Tokeniser:
    from tokenizers import Tokenizer

    return bpe_of(Tokenizer.from_str(json.dumps(value["model"])))


def _words(value: Mapping[str, Any], blanks: bool = True) -> Tokeniser:
    return words_of(value["counts"], value["classes"], value["vocabulary"], value["reduce"], value["language"], blanks)


def _bare_words(value: Mapping[str, Any]) -> Tokeniser:
    return _words(value, blanks=False)


def _split(value: Mapping[str, Any]) -> Tokeniser:
    return split_of(value["counts"], value["vocabulary"])


def _labels(value: Mapping[str, Any]) -> Labels:
    return Labels(tuple(value["names"]))


def _tokeniser(value: Mapping[str, Any]) -> Tokeniser:
    found = from_json(value)
    if not isinstance(found, Tokeniser):
        raise ValueError(f"{value['kind']!r} is no tokeniser")
    return found


def _labelled_texts(value: Mapping[str, Any]) -> TextLabeller:
    return text_labeller(value, _tokeniser(value["tokens"]))


def _pairs(value: Mapping[str, Any]) -> PairLabeller:
    return pair_labeller(value, _tokeniser(value["source"]), _tokeniser(value["target"]))


def _picture_lines(value: Mapping[str, Any]) -> PictureLines:
    return PictureLines(tuple(value["names"]), value["height"], value["columns"])


def _pen_digits(value: Mapping[str, Any]) -> PenLabeller:
    return PenLabeller(tuple(value["names"]), value["points"], value["form"])


def _stroke_lines(value: Mapping[str, Any]) -> StrokeLines:
    return StrokeLines(tuple(value["names"]), value["points"])


CODECS: dict[str, Callable[[Mapping[str, Any]], Codec]] = {
    "characters": _characters,
    "bpe": _bpe,
    "words": _words,
    "bare_words": _bare_words,
    "split": _split,
    "labels": _labels,
    "labelled_texts": _labelled_texts,
    "labelled_words": spelled_words.load,
    "picture_lines": _picture_lines,
    "stroke_lines": _stroke_lines,
    "labelled_spans": labelled_spans.load,
    "pairs": _pairs,
    "pen_digits": _pen_digits,
}
