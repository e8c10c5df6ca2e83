"""What it costs to spell a word: a model of characters, for words that no token and no class tells."""

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from rnn_research.data.encoding import ANY_CHARACTER
from rnn_research.ngrams import NGramModel, count, kneser_ney, log_probabilities

ORDER = 4


def spelling(words: Sequence[str]) -> Callable[[Sequence[str]], np.ndarray]:
    """A function from other words to the nats that spelling each takes, ``[words]`` float64.

    Interpolated modified Kneser-Ney over the characters of distinct words, of order 4, with an end symbol; a character
    that they do not hold is predicted as unknown and then costs ``ln 1114112`` nats more.

    Args:
      words: distinct words to learn from, none empty; there may be none, and then all characters are unknown.
    """
    alphabet = sorted(set("".join(words)))
    ids = {character: number for number, character in enumerate(alphabet)}
    unknown, end = len(alphabet), len(alphabet) + 1

    def tokens(word: str) -> np.ndarray:
        return np.array([*(ids.get(character, unknown) for character in word), end])

    @cache  # counted when a word is first asked for: to load a tokeniser should not take as long
    def model() -> NGramModel:
        # Without words, all that is known is that a word ends somewhere.
        return kneser_ney(count([tokens(word) for word in words] or [np.array([end])], ORDER, end + 1))

    def nats(others: Sequence[str]) -> np.ndarray:
        if not others:
            return np.zeros(0)
        spelled = [tokens(word) for word in others]
        lengths = [len(word) for word in spelled]
        costs = -log_probabilities(model(), spelled) + ANY_CHARACTER * (np.concatenate(spelled) == unknown)
        return np.add.reduceat(costs, np.cumsum([0, *lengths[:-1]]))

    return nats
