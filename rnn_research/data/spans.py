"""Spans of tokens as labels of the tokens: BIO, IOB1, BIOES, IO (S22).

A label is ``O``, outside of all spans, or a letter, a hyphen and a type: ``B-person``. In a span of a type, the first
token, those between, the last and one that is alone have

* ``bio`` (IOB2, Tjong Kim Sang and Veenstra 1999): B, I, I, B;
* ``iob1`` (Ramshaw and Marcus 1995): I, I, I, I, but B for the first where a span of that type ends just before it;
* ``bioes`` (IOBES): B, I, E, S;
* ``io``: I for all; neighbours of one type cannot be told from one span, so that writing is not without loss.

**Sequences that a scheme forbids**, as models answer them, are read all the same, by the rules of the CoNLL shared
tasks' ``conlleval`` (and of seqeval, unless told to be strict): a span begins at B and S, and at any other letter
where no span of that type goes on; it ends before O, B and S, after E and S, and where the type changes. So an I that
nothing precedes begins a span. Data are held to their scheme: ``fault`` says what is wrong with them.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from rnn_research.lookup import lookup

OUTSIDE = "O"
LETTERS = {"bio": "BI", "iob1": "BI", "bioes": "BIES", "io": "I"}


class Span(NamedTuple):
    """Tokens ``first`` to ``stop − 1`` of a sequence, and what they are."""

    first: int
    stop: int
    type: str


class Order(NamedTuple):
    """Which labels may stand where, bool.

    Attributes:
      first, last: ``[labels]``, at the beginning and at the end of a sequence.
      follows: ``[labels, labels]``, the second after the first.
    """

    first: np.ndarray
    follows: np.ndarray
    last: np.ndarray


def parts(label: str) -> tuple[str, str]:
    """Letter and type of a label; those of ``O`` are ``O`` and nothing."""
    letter, _, kind = label.partition("-")
    return letter, kind


def begins(before: str, after: str) -> bool:
    """Whether a span begins with the second of two neighbouring labels."""
    (letter_before, kind_before), (letter, kind) = parts(before), parts(after)
    return letter != OUTSIDE and (letter in "BS" or letter_before in "ESO" or kind_before != kind)


def ends(before: str, after: str) -> bool:
    """Whether a span ends with the first of two neighbouring labels."""
    (letter_before, kind_before), (letter, kind) = parts(before), parts(after)
    return letter_before != OUTSIDE and (letter in "BSO" or letter_before in "ES" or kind_before != kind)


def spans_of(labels: Sequence[str]) -> list[Span]:
    """The spans of a sequence of labels of any scheme, in order."""
    found, first = [], 0
    for place, (before, after) in enumerate(zip([OUTSIDE, *labels], [*labels, OUTSIDE], strict=True)):
        if ends(before, after):
            found.append(Span(first, place, parts(before)[1]))
        if begins(before, after):
            first = place
    return found


def labels_of(spans: Iterable[Span], length: int, scheme: str) -> list[str]:
    """The labels of a sequence of ``length`` tokens with these spans, which do not overlap.

    Raises:
      ValueError: an unknown scheme.
    """
    letters = lookup(LETTERS, scheme, "scheme of labels")
    labels, before = [OUTSIDE] * length, Span(0, 0, "")
    for span in sorted(spans):
        middle = ["I"] * (span.stop - span.first)
        if scheme in ("bio", "bioes") or (scheme == "iob1" and (before.stop, before.type) == (span.first, span.type)):
            middle[0] = "B"
        if "E" in letters:
            middle[-1] = "E" if len(middle) > 1 else "S"
        labels[span.first : span.stop] = [f"{letter}-{span.type}" for letter in middle]
        before = span
    return labels


def convert(labels: Sequence[str], scheme: str) -> list[str]:
    """The same spans as labels of another scheme."""
    return labels_of(spans_of(labels), len(labels), scheme)


def names_of(types: Iterable[str], scheme: str) -> tuple[str, ...]:
    """All labels of a scheme for these types: ``O`` first, then by type.

    Raises:
      ValueError: an unknown scheme.
    """
    letters = lookup(LETTERS, scheme, "scheme of labels")
    return (OUTSIDE, *(f"{letter}-{kind}" for kind in types for letter in letters))


def may_follow(before: str, after: str, scheme: str) -> bool:
    """Whether a scheme allows the second of two neighbours; beyond both ends of a sequence there is ``O``."""
    (letter_before, kind_before), (letter, kind) = parts(before), parts(after)
    same = letter_before != OUTSIDE and kind_before == kind
    if scheme == "bio":
        return letter != "I" or same
    if scheme == "iob1":
        return letter != "B" or same
    if scheme == "bioes":
        goes_on = letter in "IE"
        return goes_on == (letter_before in "BI") and (same or not goes_on)
    return True


def order_of(names: Sequence[str], scheme: str) -> Order:
    """Which of some labels may stand where.

    Raises:
      ValueError: an unknown scheme, or a label that is none of it.
    """
    for name in names:
        if wrong := _no_label(name, scheme):
            raise ValueError(wrong)

    def allowed(before: str, after: str) -> bool:
        return may_follow(before, after, scheme)

    first, last = _table([OUTSIDE], names, allowed)[0], _table(names, [OUTSIDE], allowed)[:, 0]
    return Order(first, _table(names, names, allowed), last)


def boundaries(names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Whether a span begins, and whether one ends, between two neighbouring labels: ``[labels, labels]`` bool each."""
    return _table(names, names, begins), _table(names, names, ends)


def _table(before: Sequence[str], after: Sequence[str], holds: Callable[[str, str], bool]) -> np.ndarray:
    return np.array([[holds(one, other) for other in after] for one in before], bool).reshape(len(before), len(after))


def _no_label(label: str, scheme: str) -> str:
    letters = lookup(LETTERS, scheme, "scheme of labels")
    letter, kind = parts(label)
    if label == OUTSIDE or (kind and len(letter) == 1 and letter in letters):
        return ""
    return (
        f"{label!r} is no label of the scheme {scheme}: {OUTSIDE}, or one of {', '.join(letters)}, a hyphen and a type"
    )


def fault(labels: Sequence[str], scheme: str) -> tuple[int, str] | None:
    """The first place at which a sequence is none of the scheme, and what is wrong there; None for one that is.

    Raises:
      ValueError: an unknown scheme.
    """
    for place, label in enumerate(labels):
        if wrong := _no_label(label, scheme):
            return place, wrong
        before = labels[place - 1] if place else OUTSIDE
        if not may_follow(before, label, scheme):
            where = f"after {before}" if place else "at the beginning"
            return place, f"{label} cannot stand {where} in the scheme {scheme}"
    if labels and not may_follow(labels[-1], OUTSIDE, scheme):
        return len(labels) - 1, f"{labels[-1]} cannot stand at the end in the scheme {scheme}"
    return None
