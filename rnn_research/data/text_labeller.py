"""The codec of text classification: files of texts in, the same with labels out."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from rnn_research.data.encoding import Tokeniser
from rnn_research.data.labelled_files import (
    COLUMNS,
    FORMS,
    Columns,
    Example,
    check_lines,
    form_of,
    parse,
    told_by,
    unparse,
)


class TextLabeller(NamedTuple):
    """A ``data.codec.Labeller``.

    Attributes:
      names: of the classes; a label's id is its place.
      tokeniser: of the texts.
      lower: whether texts are lowered first.
      length: tokens of a text that are read, the first ones; 0 for all.
      form: of files whose name and first line do not tell theirs: that of the file that was trained on.
      columns: of files.
      bare: whether JSON holds the labels as numbers, as the file did that was trained on.
    """

    names: tuple[str, ...]
    tokeniser: Tokeniser
    lower: bool = False
    length: int = 0
    form: str = "csv"
    columns: Columns = COLUMNS
    bare: bool = False

    def ids(self, text: str) -> np.ndarray:
        """``[tokens]`` int32; none of an empty text."""
        found = self.tokeniser.encode(text.lower() if self.lower else text).ids
        return found[: self.length or None]

    def read(self, data: bytes, name: str) -> list[Example]:
        """See ``Labeller``; an empty text is one of no tokens."""
        form = form_of(name) or told_by(data, name, self.form, self.columns)
        if form == "txt":
            check_lines(data, name, self.columns)
        return parse(data, name, form, self.columns)

    def encode(self, examples: Sequence[Example]) -> tuple[np.ndarray, np.ndarray]:
        """See ``Labeller``: ids ``[n, time]`` int32, and lengths ``[n]`` int32."""
        return padded([self.ids(one.text) for one in examples])

    def write(self, examples: Sequence[Example], answers: Sequence[Any], probabilities: Any = None) -> bytes:
        """See ``Labeller``; with the probabilities of the classes ``[n, classes]``, if they are given, in a column for
        each, ``p(NAME)``."""
        numbers = None
        if probabilities is not None:
            numbers = [{f"p({name})": p for name, p in zip(self.names, one, strict=True)} for one in probabilities]
        return unparse(examples, [self.names[answer] for answer in answers], self.columns, self.bare, numbers)

    def agreement(self, examples: Sequence[Example], answers: Sequence[Any]) -> dict[str, float]:
        """See ``Labeller``: of the texts that have a label, how many have it right."""
        right = [self.names[answer] == one.label for one, answer in zip(examples, answers, strict=True) if one.label]
        return {"accuracy": sum(right) / len(right)} if right else {}

    def state(self) -> dict[str, Any]:
        """See ``Labeller``."""
        return {
            "kind": "labelled_texts",
            "names": list(self.names),
            "tokens": self.tokeniser.state(),
            "lower": self.lower,
            "length": self.length,
            "form": self.form,
            "columns": list(self.columns),
            "bare": self.bare,
        }


def padded(texts: Sequence[np.ndarray], time: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Ids ``[n, time]``, zeros past the end of each, and lengths ``[n]``, int32.

    Args:
      time: steps; those of the longest if left out.
    """
    lengths = np.array([len(ids) for ids in texts], np.int32)
    out = np.zeros((len(texts), time or int(lengths.max(initial=0))), np.int32)
    out[np.arange(out.shape[1]) < lengths[:, None]] = np.concatenate(texts) if len(texts) else []
    return out, lengths


def text_labeller(value: Any, tokeniser: Tokeniser) -> TextLabeller:
    """The codec of which ``value`` is the state, with its tokeniser.

    Raises:
      KeyError: a part is missing.
      ValueError: another form of files.
    """
    if value["form"] not in FORMS:
        raise ValueError(f"unknown form of files {value['form']!r}")
    return TextLabeller(
        tuple(value["names"]),
        tokeniser,
        value["lower"],
        value["length"],
        value["form"],
        Columns(*value["columns"]),
        value.get("bare", False),  # not in codecs that were written before there was this
    )
