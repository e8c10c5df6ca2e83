"""A table in the width of a terminal: columns that can be spared go, words wrap, no number is cut."""

import re
from collections.abc import Sequence
from typing import NamedTuple

# What goes first where there is no room; of ``failed`` only a column in which nothing failed.
SPARED = ("IQM", "failed", "hidden", "parameters")
NONE_FAILED = {"", "0%"}
BETWEEN = 3  # characters between two columns; and around all one more
# What stays on a line: up to a blank, or within ``temporal_order(length=50)`` up to a mark that a word follows.
PIECES = re.compile(r".+?(?:\s+|(?<=[(_/])(?=.)|(?<=,)(?=[^\W\d])|$)")


class Fitted(NamedTuple):
    """A table to be drawn: its cells with newlines where they wrap, its width, and the headings of what is left out."""

    headings: list[str]
    rows: list[list[str]]
    width: int
    left_out: list[str]


def fit(headings: Sequence[str], rows: Sequence[Sequence[str]], width: int, spare: Sequence[str] = ()) -> Fitted:
    """What a terminal has room for; of what cannot be spared, all, be it wider.

    Args:
      width: characters in a line.
      spare: headings of further columns that may go, the first one first, where wrapping is not enough.
    """
    lines = [headings, *rows]
    columns = list(range(len(headings)))
    least = [max(len(piece) for line in lines for piece in _pieces(line[at]) or [""]) for at in columns]
    widths = [max(len(line[at]) for line in lines) for at in columns]

    def total(sizes: Sequence[int]) -> int:
        return sum(sizes[at] + BETWEEN for at in columns) + 1

    left_out = []
    for name in (*SPARED, *spare):
        if total(least if name in spare else widths) <= width:
            continue
        at = headings.index(name) if name in headings else -1
        if at in columns and (name != "failed" or {row[at] for row in rows} <= NONE_FAILED):
            columns.remove(at)
            left_out.append(name)
    while total(widths) > width and (wide := [at for at in columns if widths[at] > least[at]]):
        widths[max(wide, key=widths.__getitem__)] -= 1
    cut = [[_wrapped(line[at], widths[at]) for at in columns] for line in lines]
    return Fitted(cut[0], cut[1:], total(widths), left_out)


def _pieces(text: str) -> list[str]:
    return [piece.rstrip() for piece in PIECES.findall(text)]


def _wrapped(text: str, width: int) -> str:
    """Text in lines of no more than ``width`` characters, or of one piece."""
    lines = [""]
    for piece in PIECES.findall(text):
        if lines[-1] and len((lines[-1] + piece).rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return "\n".join(line.rstrip() for line in lines)
