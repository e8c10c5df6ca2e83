"""Sentences whose labels mark spans: read and held to their scheme, labelled in another, and written in theirs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnn_research.data import spelled_words
from rnn_research.data.labelled_sentences import Sentence, read_sentences, write_sentences
from rnn_research.data.plain import decoded
from rnn_research.data.spans import OUTSIDE, convert, fault, parts, spans_of
from rnn_research.data.spelled_words import LabelledWords, Spelled, Vocabulary, check_column
from rnn_research.lookup import nearest


@dataclass(frozen=True)
class LabelledSpans:
    """A ``Labeller`` of spans: as ``LabelledWords``, whose labels are of one scheme, on files of another.

    Attributes:
      inner: of the labels that models answer with.
      scheme: of the files, a name in ``data.spans.LETTERS``.
    """

    inner: LabelledWords
    scheme: str

    @property
    def names(self) -> tuple[str, ...]:
        """Of the labels that models answer with."""
        return self.inner.names

    @property
    def vocabulary(self) -> Vocabulary:
        return self.inner.vocabulary

    def read(self, data: bytes, name: str) -> list[Sentence]:
        """The sentences of a file; see ``LabelledWords.read``, but for labels of any scheme."""
        found = read_sentences(decoded(data, name), name, self.inner.layout)
        types = {kind for label in self.names if (kind := parts(label)[1])}
        if self.inner.layout.format == "columns":
            check_column(found, lambda label: label == OUTSIDE or parts(label)[1] in types, name, self.inner.layout)
        return found

    def encode(self, examples: Sequence[Sentence]) -> tuple[Spelled, np.ndarray]:
        """``(inputs, lengths [n])``, padded to the longest."""
        return self.inner.encode(examples)

    def write(self, examples: Sequence[Sentence], answers: Sequence[Any]) -> bytes:
        """The file with the spans of the answers, ``[time or more]`` of each sentence."""
        labels = [convert(found, self.scheme) for found in self._labels(examples, answers)]
        return write_sentences(examples, labels, self.inner.layout).encode()

    def agreement(self, examples: Sequence[Sentence], answers: Sequence[Any]) -> dict[str, float]:
        """F1 of spans, ``2k / (m + n)``: k are alike in place and type. Sentences with a word that has no label, or one
        without a type, as one that is to be filled in, are left out; nothing where the others have no spans."""
        k = m = n = 0
        for one, labels in zip(examples, self._labels(examples, answers), strict=True):
            if not all(label == OUTSIDE or parts(label)[1] for label in one.labels):
                continue
            given, found = {*spans_of(one.labels)}, {*spans_of(labels)}
            k, m, n = k + len(given & found), m + len(given), n + len(found)
        return {"span_f1": 2 * k / (m + n)} if m else {}

    def _labels(self, examples: Sequence[Sentence], answers: Sequence[Any]) -> list[list[str]]:
        """Of each sentence the answers as labels of the model's scheme."""
        return [
            [self.names[label] for label in answer[: len(one.words)]]
            for one, answer in zip(examples, answers, strict=True)
        ]

    def state(self) -> dict[str, Any]:
        return {"kind": "labelled_spans", "words": self.inner.state(), "scheme": self.scheme}


def load(value: Mapping[str, Any]) -> LabelledSpans:
    """What ``state`` gave, made again."""
    return LabelledSpans(spelled_words.load(value["words"]), value["scheme"])


def check_spans(sentences: Sequence[Sentence], scheme: str, name: str) -> None:
    """That all labels are there, and in the order that the scheme asks for.

    Raises:
      ValueError: an unknown scheme, or what is wrong, as ``NAME:LINE: what``.
    """
    for one in sentences:
        if "" in one.labels:
            raise ValueError(f"{name}:{one.line_of(one.labels.index(''))}: no label")
        if wrong := fault(one.labels, scheme):
            raise ValueError(f"{name}:{one.line_of(wrong[0])}: {wrong[1]}")


def check_types(sentences: Sequence[Sentence], types: Sequence[str], name: str) -> None:
    """That all spans are of types that training holds.

    Raises:
      ValueError: one is not, as ``NAME:LINE: what``.
    """
    for one in sentences:
        for span in spans_of(one.labels):
            if span.type not in types:
                known = nearest(span.type, types)
                line = one.line_of(span.first)
                raise ValueError(f"{name}:{line}: the training sentences hold no spans of type {span.type!r}; {known}")


def types_of(sentences: Sequence[Sentence]) -> tuple[str, ...]:
    """The types of the spans, in order of the alphabet."""
    return tuple(sorted({span.type for one in sentences for span in spans_of(one.labels)}))


def converted(sentences: Sequence[Sentence], scheme: str) -> list[Sentence]:
    """The sentences with the labels of another scheme."""
    return [one._replace(labels=tuple(convert(one.labels, scheme))) for one in sentences]
