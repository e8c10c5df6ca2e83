"""Look a thing up by name, and say the nearest name when there is none."""

import difflib
from collections.abc import Iterable, Mapping
from typing import TypeVar

T = TypeVar("T")


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint naming the known name closest to ``name``, or all of them, or that there are none."""
    names = list(known)
    if not names:
        return "there are none"
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(sorted(names))}"


def lookup(table: Mapping[str, T], name: str, kind: str) -> T:
    """``table[name]``.

    Raises:
      ValueError: no such name; the message holds the nearest one.
    """
    if name not in table:
        raise ValueError(f"unknown {kind} {name!r}; {nearest(name, table)}")
    return table[name]
