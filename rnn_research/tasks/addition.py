"""Add two numbers that are written out: "12+345" becomes "357"."""

from functools import lru_cache

import numpy as np

from rnn_research.data.pairs import Pair
from rnn_research.tasks.base import Task
from rnn_research.tasks.seq2seq import Encoded, encode_pairs, of_pairs

KEY = 20150315
PUBLISHED = {2: 5_000, 3: 50_000, 4: 400_000, 5: 550_000}  # questions, of which a tenth is held out
DENSEST = 0.995  # of all questions that there are; beyond that, the rest takes ever longer to be drawn


def addition(digits: int = 3, examples: int = 0, padded: bool = False, beam: int = 1) -> Task:
    """The sum of two numbers of up to so many digits, character by character (Zaremba and Sutskever 2014), as Keras'
    example of sequence to sequence learning has it (Chollet and Smith 2015).

    A number has 1 to ``digits`` digits, as likely each, and any of ten at every place, leading zeros left out; no two
    questions have the same two numbers, in either order. There a tenth of the questions is held out, here as well: one
    half validates, the other is tested, so that training has as many as published. Drawn from one fixed key. To read
    questions from their end, as published, is a setting of the model (``model.reverse``).

    Metric: exact match; with ``padded`` as published, ``accuracy``, the share of right characters, those of the padding
    too (and of what ends an answer, which they do not have). Baseline: the empty answer, right in no question.

    Args:
      digits: of the longest number, 1 to 9.
      examples: questions in all; 0: as published, 5,000 of 2 digits, 50,000 of 3, 400,000 of 4, 550,000 of 5.
      padded: fill up questions and answers with blanks to the longest, as published; else lengths are their own.
      beam: see ``tasks.seq2seq.of_pairs``.

    Raises:
      ValueError: digits that cannot be, examples that are not known or more than can be drawn.
    """
    if not 1 <= digits <= 9:
        raise ValueError(f"addition: digits must be from 1 to 9, not {digits}")
    count = examples or PUBLISHED.get(digits, 0)
    possible = 10**digits * (10**digits + 1) // 2
    if not 20 <= count <= DENSEST * possible:
        wanted = f"20 to {int(DENSEST * possible)} of {digits} digits"
        raise ValueError(f"addition: examples must be from {wanted}, not {count}")
    metric = "accuracy" if padded else "exact_match"
    return of_pairs(prepare(digits, count, padded), beam=beam, metric=metric, solved=0.99)


@lru_cache(maxsize=2)
def prepare(digits: int, count: int, padded: bool) -> Encoded:
    """The pairs of ``addition``, ``count`` in all."""
    numbers = questions(digits, count)
    pairs = [Pair(f"{a}+{b}", str(a + b)) for a, b in numbers.tolist()]
    if padded:
        pairs = [Pair(one.source.ljust(2 * digits + 1), one.target.ljust(digits + 1)) for one in pairs]
    held_out = count // 10
    first, half = count - held_out, count - held_out + held_out // 2
    return encode_pairs({"train": pairs[:first], "valid": pairs[first:half], "test": pairs[half:]})


def questions(digits: int, count: int) -> np.ndarray:
    """``[count, 2]`` numbers, no two rows with the same two, in the order in which they were drawn."""
    random, found = np.random.default_rng(KEY), np.zeros((0, 2), np.int64)
    while len(found) < count:
        of_digits = random.integers(1, digits + 1, (count, 2))
        found = np.concatenate([found, (random.random((count, 2)) * 10**of_digits).astype(np.int64)])
        same = found.min(axis=1) * 10**digits + found.max(axis=1)
        found = found[np.sort(np.unique(same, return_index=True)[1])]
    return found[:count]
