"""Copy, reverse or sort a row of symbols: what is lost, and where (C33–C36, C42)."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from string import ascii_lowercase
from typing import Literal

import numpy as np

from rnn_research.data.pairs import Pair
from rnn_research.tasks.base import Task
from rnn_research.tasks.seq2seq import Encoded, encode_pairs, of_pairs

Operation = Literal["copy", "reverse", "sort"]
OPERATIONS: dict[str, Callable[[Sequence[str]], Sequence[str]]] = {
    "copy": lambda row: row,
    "reverse": lambda row: row[::-1],
    "sort": sorted,
}
KEY = 20140910
VALID = 1000
EACH = 250  # rows of every length that is tested


def symbols(
    op: Operation = "copy",
    symbols: int = 26,
    length: int = 20,
    lengths: tuple[int, ...] = (5, 10, 15, 20),
    longer: tuple[int, ...] = (25, 30, 35, 40),
    examples: int = 50_000,
    beam: int = 1,
) -> Task:
    """Write a row of letters again: as it is, from its end, or in the order of the alphabet.

    Each row is drawn for itself: its length, in training and validation uniform from 1 on, and its letters, uniform,
    those that came before again; so training may hold the shortest held-out rows, and from 5 letters on hardly any.
    Sizes: ``examples`` to train on, 1,000 to validate; ``test`` has 250 rows of each of ``lengths``, ``longer`` 250 of
    each length that training does not have. All are drawn from one fixed key. Metric and baseline: see
    ``tasks.seq2seq.of_pairs``; the empty answer is right in no row. Of ``test`` and ``longer`` also exact match by
    length, ``exact_match/length_N``; of tokens accuracy by thirds of the row, ``accuracy/first_third`` and so on.

    Args:
      op: what is written.
      symbols: how many letters there are.
      length: of the longest row to train on.
      lengths: that are tested as ``test``.
      longer: that are tested as ``longer``; none: there is no such split.
      examples: rows to train on.
      beam: see ``of_pairs``.

    Raises:
      ValueError: no letters or more than 26, no examples, lengths below 1 or longer ones among those of training.
    """
    if not 1 <= symbols <= len(ascii_lowercase) or examples < 1:
        raise ValueError(f"symbols: 1 to 26 letters and examples from 1 on, not {symbols} and {examples}")
    if not lengths or min((length, *lengths)) < 1 or max(lengths) > length or min(longer, default=length + 1) <= length:
        raise ValueError(f"symbols: lengths are 1 to length ({length}), longer ones more; not {lengths} and {longer}")
    found = prepare(op, symbols, length, lengths, longer, examples)
    return of_pairs(
        found,
        beam=beam,
        solved=0.99,
        tested=("test", "longer") if longer else ("test",),
        lengths=(*lengths, *longer),
        by_thirds=True,
    )


@lru_cache(maxsize=4)
def prepare(
    op: Operation, symbols: int, length: int, lengths: tuple[int, ...], longer: tuple[int, ...], examples: int
) -> Encoded:
    """The pairs of ``symbols``."""

    def rows(number: int, of_length: np.ndarray) -> list[Pair]:
        letters = np.random.default_rng((KEY, number)).integers(0, symbols, (len(of_length), of_length.max()))
        texts = ("".join(ascii_lowercase[i] for i in row[:n]) for row, n in zip(letters, of_length, strict=True))
        return [Pair(text, "".join(OPERATIONS[op](text))) for text in texts]

    def drawn(number: int, count: int) -> list[Pair]:
        return rows(number, np.random.default_rng((KEY, number, 1)).integers(1, length + 1, count))

    splits = {"train": drawn(0, examples), "valid": drawn(1, VALID), "test": rows(2, np.repeat(lengths, EACH))}
    if longer:
        splits["longer"] = rows(3, np.repeat(longer, EACH))
    return encode_pairs(splits)
