"""The codec of sequence to sequence tasks: files of sources in, the same with what a model writes out."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnn_research.data.encoding import Tokeniser
from rnn_research.data.labelled_files import Columns
from rnn_research.data.pairs import COLUMNS, END, Pair, parse_pairs, unparse_pairs
from rnn_research.data.plain import newlines
from rnn_research.data.text_labeller import padded

END_NAME = "<EOS>"
SHOWN = 8  # unknown tokens in a remark
# Kinds of tokens that are the same in texts side by side: what is put between texts, and how many a text has.
SEPARABLE: dict[str, tuple[str, Callable[[str], int]]] = {
    "characters": ("", len),
    "split": (" ", lambda text: len(re.findall(r"\n|[^ \n]+", text))),
}


class PairLabeller(NamedTuple):
    """A ``data.codec.Labeller``.

    Ids of a source are those of its tokeniser; of a target those of its own plus 1, and ``END`` at the end.

    Attributes:
      source, target: tokenisers.
      lower: whether texts are lowered first; see ``prepared``.
      columns: of files.
      form: of the file that was trained on, for files called TSV; see ``data.pairs.parse_pairs``.
    """

    source: Tokeniser
    target: Tokeniser
    lower: bool = False
    columns: Columns = COLUMNS
    form: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the ids of targets."""
        return (END_NAME, *self.target.names)

    def read(self, data: bytes, name: str) -> list[Pair]:
        """See ``Labeller``; an empty line of a file of sources is an empty source."""
        return parse_pairs(data, name, self.columns, self.form)

    def encode(self, examples: Sequence[Pair]) -> tuple[np.ndarray, np.ndarray]:
        """See ``Labeller``: ids of the sources ``[n, time]`` int32, and lengths ``[n]`` int32."""
        return padded(self.source_ids([pair.source for pair in examples]))

    def encode_targets(self, texts: Sequence[str], time: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Ids of targets ``[n, time]`` int32, and lengths ``[n]`` int32, ``END`` counted.

        Args:
          time: as in ``padded``, ``END`` counted.
        """
        ids = self.target_ids(texts)
        rows, lengths = padded(ids, time or 1 + max(map(len, ids), default=0))
        return rows, lengths + 1  # what pads is END

    def source_ids(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Of each text, ``[tokens]`` int32."""
        return _ids(self.source, self.prepared(texts))

    def target_ids(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Of each text, ``[tokens]`` int32, without ``END``."""
        return [ids + 1 for ids in _ids(self.target, self.prepared(texts))]

    def prepared(self, texts: Sequence[str]) -> list[str]:
        """The texts as the tokenisers get them."""
        return prepared(texts, self.lower)

    def texts(self, answers: Sequence[Any]) -> list[str]:
        """What labellings say, ``(ids [most], length)`` each; what ends one, if it does, counts in its length.

        Ids past ``END`` are not read.
        """
        return [text_of(ids, length, self.target) for ids, length in answers]

    def written(self, target: str) -> str:
        """A target as the tokeniser writes it; as it stands if it holds an unknown token: no answer is that."""
        return target if self.target.unknown(target) else self.target.decode(self.target.encode(target).ids)

    def agreement(self, examples: Sequence[Pair], answers: Sequence[Any]) -> dict[str, float]:
        """See ``Labeller``: of the sources that have a target, how many are answered by just that, as the tokeniser
        writes it."""
        pairs = zip(examples, self._said(examples, answers), strict=True)
        right = [
            text in map(self.written, self.prepared((one.target, *one.others))) for one, text in pairs if one.target
        ]
        return {"exact_match": sum(right) / len(right)} if right else {}

    def write(self, examples: Sequence[Pair], answers: Sequence[Any]) -> bytes:
        """See ``Labeller``: the same file with the answers as targets; of sources alone, the answers, a line each. What
        is blank is answered by nothing: a network that has never read an empty source would make something up."""
        return unparse_pairs(examples, self._said(examples, answers), self.columns)

    def _said(self, examples: Sequence[Pair], answers: Sequence[Any]) -> list[str]:
        return [text if one.source.strip() else "" for one, text in zip(examples, self.texts(answers), strict=True)]

    def remarks(self, examples: Sequence[Pair], answers: Sequence[Any]) -> list[str]:
        """What a user should know of the answers: which tokens of the sources are not in the vocabulary, and how many
        answers did not end in time. What is blank is not read.

        Args:
          answers: labellings, or several to each source, the best first.
        """
        sources = self.prepared([one.source for one in examples])
        read = dict.fromkeys(source for source in sources if source.strip())
        unknown = [found for text in read if (found := self.source.unknown(text))]
        tokens = list(dict.fromkeys(token for found in unknown for token in found))
        best = [(ids[0], length[0]) if np.ndim(ids) > 1 else (ids, length) for ids, length, *_ in answers]
        cut = sum(
            bool(source.strip()) and END not in np.asarray(ids)[:length]
            for source, (ids, length) in zip(sources, best, strict=True)
        )
        said = []
        if tokens:
            said.append(
                f"not in the vocabulary: {few(tokens)} ({len(unknown)} {_sources(len(unknown))}, read as unknown)"
            )
        if cut:
            said.append(
                f"{cut} {'answers' if cut > 1 else 'answer'} cut off at the length of the longest target of all splits"
            )
        return said

    def state(self) -> dict[str, Any]:
        """See ``Labeller``."""
        return {
            "kind": "pairs",
            "source": self.source.state(),
            "target": self.target.state(),
            "lower": self.lower,
            "columns": list(self.columns),
            "form": self.form,
        }


def prepared(texts: Sequence[str], lower: bool) -> list[str]:
    """Texts as tokenisers get them: in Unicode's composed form (NFC), so that what looks alike is alike, whatever wrote
    it; and lowered if asked for."""
    return [unicodedata.normalize("NFC", text.lower() if lower else text) for text in texts]


def text_of(ids: Any, length: int, tokens: Tokeniser) -> str:
    """The text of a target or an answer: its ids up to the first ``END``.

    Its newlines are ``\\n``, as those of files are that are read; byte pairs can write a ``\\r``, which ends a line.
    """
    ids = np.asarray(ids)[:length]
    ended = np.flatnonzero(ids == END)
    return newlines(tokens.decode(ids[: ended[0] if len(ended) else None] - 1))


def pair_labeller(value: Any, source: Tokeniser, target: Tokeniser) -> PairLabeller:
    """The codec of which ``value`` is the state, with its tokenisers.

    Raises:
      KeyError: a part is missing.
    """
    return PairLabeller(source, target, value["lower"], Columns(*value["columns"]), value["form"])


def few(tokens: Sequence[str]) -> str:
    """The first of these tokens, for people."""
    return ", ".join(map(repr, tokens[:SHOWN])) + (", …" if len(tokens) > SHOWN else "")


def _sources(count: int) -> str:
    return "sources" if count > 1 else "source"


def _ids(tokeniser: Tokeniser, texts: Sequence[str]) -> list[np.ndarray]:
    """Of each text, ``[tokens]``; of short texts, to encode each by itself takes ten times as long as all at once."""
    kind = tokeniser.state()["kind"]
    if kind not in SEPARABLE or not len(texts):
        return [tokeniser.encode(text).ids for text in texts]
    between, count = SEPARABLE[kind]
    ends = np.cumsum([count(text) for text in texts])
    return np.split(tokeniser.encode(between.join(texts)).ids, ends[:-1])
