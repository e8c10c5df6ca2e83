"""What a tokeniser is, and what it makes of a text: ids, and what is needed to count bits per character."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

UNKNOWN = "<unk>"
# A character that nothing is known of is one of Unicode's.
ANY_CHARACTER = math.log(0x110000)


class Encoded(NamedTuple):
    """A text as tokens.

    With ``p`` a model's probabilities, ``Σ (−ln p(id) + extra) / Σ characters / ln 2`` is the model's bits per
    character of the text itself, comparable between tokenisers.
    """

    ids: np.ndarray  # [n] int32
    characters: np.ndarray  # [n] float32: characters of text each token stands for; they sum to the text's length
    extra: np.ndarray  # [n] float32: nats needed to tell the text from the token; 0 where the token says it all


class Tokeniser(NamedTuple):
    """From text to ids and back; ids are 0 to ``size − 1``.

    ``state`` gives what ``data.codec.from_json`` makes the same tokeniser from, without the documents. ``between`` is
    what ``decode`` puts between two tokens, where neither is a newline: nothing, or a space.
    """

    size: int
    names: tuple[str, ...]  # how each token reads
    encode: Callable[[str], Encoded]
    decode: Callable[[Sequence[int] | np.ndarray], str]
    unknown: Callable[[str], list[str]]  # parts of a text, distinct and in order, that no token stands for
    state: Callable[[], dict[str, Any]]  # a JSON value; "kind" is its name in ``data.codec.CODECS``
    between: str = ""

    def continued(self, text: str, ids: Sequence[int] | np.ndarray) -> str:
        """A text and what ids add to it."""
        more = self.decode(ids)
        apart = text and more and not text[-1].isspace() and not more[0].isspace()
        return text + self.between * bool(apart) + more
