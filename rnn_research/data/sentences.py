"""Sentences of a text, and the same with two neighbouring words in each other's place (C31)."""

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

FEWEST, MOST = 4, 40  # words of a sentence
END = re.compile(r"(?<=[.!?])\s+|(?<=[.!?][\"'”’»)])\s+|\n\s*\n")


def sentences(text: str) -> list[str]:
    """What stands between full stops, question and exclamation marks, and empty lines; none is empty.

    A stop counts before white space only, and so does one of an abbreviation.
    """
    return [part for part in map(str.strip, END.split(text)) if part]


def swapped(sentence: str, rng: np.random.Generator) -> str | None:
    """A sentence with two neighbouring words swapped, drawn among the pairs that may be; None where no pair may.

    Words are runs of characters between white space. The first one stays, for its capital would tell; so do words with
    a mark on them, and two on different lines, as where a line ends is part of the text. Of two that differ in capitals
    at most nobody could say which comes first.
    """
    words = list(re.finditer(r"\S+", sentence))
    pairs = [
        (one, two)
        for one, two in pairwise(words[1:])
        if sentence[one.end() : two.start()] == " "
        and all(re.fullmatch(r"\w+", word[0]) for word in (one, two))
        and one[0].lower() != two[0].lower()
    ]
    if not pairs:
        return None
    one, two = pairs[rng.integers(len(pairs))]
    return f"{sentence[: one.start()]}{two[0]} {one[0]}{sentence[two.end() :]}"


def with_swapped(documents: Sequence[str]) -> tuple[list[str], list[str]]:
    """The sentences of 4 to 40 words in which two can be swapped, and each with two swapped, the same at every call."""
    rng = np.random.default_rng(0)
    found = [one for text in documents for one in sentences(text) if FEWEST <= len(one.split()) <= MOST]
    pairs = [(one, other) for one in found if (other := swapped(one, rng)) is not None]
    return [one for one, _ in pairs], [other for _, other in pairs]
