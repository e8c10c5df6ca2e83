"""Which n-grams a text holds and how often, for every order up to n (S01).

An m-gram is the pair of its first m−1 tokens and its last, so the tables are levels of a tree: row g of level m holds
``key = c · vocabulary_size + token``, where c is the row of its context, an (m−1)-gram, in level m−1. Keys fit in 64
bits however large ``vocabulary_size ** m`` is, and a table grows with the number of distinct m-grams. A text is counted
and looked up whole, level by level: the context of the m-gram that ends at position i is the (m−1)-gram that ends at
i−1.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

Tokens = np.ndarray | Sequence[int] | Sequence[np.ndarray] | Sequence[Sequence[int]]


class Counts(NamedTuple):
    """Distinct n-grams and their counts; entry m−1 of each tuple is order m.

    Every document begins with n−1 times padding, an id outside the vocabulary that contexts may hold and that is never
    predicted. A context of padding only has no row in its level; its id is the number of rows there. The empty context,
    of level 0, is 0.
    """

    vocabulary_size: int
    keys: tuple[np.ndarray, ...]  # [m-grams] int64, ascending: context id · vocabulary_size + last token
    counts: tuple[np.ndarray, ...]  # [m-grams] int64

    @property
    def order(self) -> int:
        return len(self.keys)


def count(tokens: Tokens, order: int, vocabulary_size: int) -> Counts:
    """Counts the m-grams of a text for every m from 1 to ``order``.

    Args:
      tokens: ``[length]``, integers from 0 to ``vocabulary_size − 1``; or a list of such documents, each of which
        begins with its own padding, so that no n-gram spans two.
      order: n, the longest n-gram's tokens.
      vocabulary_size: tokens that exist, in the text or not.

    Raises:
      ValueError: an order or a vocabulary below 1, an empty text or document, tokens that are not integers or not
        one-dimensional, an id outside the vocabulary, more n-grams than 64-bit keys can tell apart.
    """
    if order < 1:
        raise ValueError(f"order must be at least 1, not {order}")
    if vocabulary_size < 1:
        raise ValueError(f"vocabulary_size must be at least 1, not {vocabulary_size}")
    flat, first = documents(tokens, vocabulary_size)
    if (len(flat) + 1) * int(vocabulary_size) >= 2**63:
        raise ValueError(f"{len(flat)} tokens with a vocabulary of {vocabulary_size} do not fit in 64-bit keys")
    counts = Counts(vocabulary_size, (), ())
    rows = np.zeros_like(flat)
    for m in range(1, order + 1):
        contexts = _contexts(counts, m, rows, first)
        keys, rows, numbers = np.unique(contexts * vocabulary_size + flat, return_inverse=True, return_counts=True)
        counts = Counts(vocabulary_size, (*counts.keys, keys), (*counts.counts, numbers))
    return counts


def ngrams(counts: Counts, order: int) -> np.ndarray:
    """The tokens of every row of a level, ``[m-grams, order]``, as ``counts.counts[order − 1]`` counts them; padding
    is ``counts.vocabulary_size``.

    Raises:
      ValueError: an order that was not counted.
    """
    if not 1 <= order <= counts.order:
        raise ValueError(f"order must be 1 to {counts.order}, not {order}")
    table = np.zeros((1, 0), np.int64)
    for keys in counts.keys[:order]:
        # What is one past the rows is the context of padding only (at level 1 the only context is the empty one).
        padding = np.full((1, table.shape[1]), counts.vocabulary_size)
        table = np.concatenate([table, padding])
        contexts, tokens = np.divmod(keys, counts.vocabulary_size)
        table = np.concatenate([table[contexts], tokens[:, None]], axis=1)
    return table


def unseen_share(counts: Counts, tokens: Tokens) -> np.ndarray:
    """``[order]``: the share of a text's m-grams, m = 1..n, that the counted text does not hold (C02).

    Every position ends one m-gram of each order; those that begin with padding count too.

    Raises:
      ValueError: tokens as in ``count``.
    """
    return np.array([np.mean(rows < 0) for _, rows in walk(counts, *documents(tokens, counts.vocabulary_size))])


def documents(tokens: Tokens, vocabulary_size: int) -> tuple[np.ndarray, np.ndarray]:
    """All documents one after another, ``[length]`` int64, and where one begins, ``[length]`` bool.

    Raises:
      ValueError: tokens as in ``count``.
    """
    several = isinstance(tokens, list | tuple) and len(tokens) > 0 and np.ndim(tokens[0]) > 0
    texts = [np.asarray(text) for text in (tokens if several else [tokens])]
    for number, text in enumerate(texts):
        _check(text, vocabulary_size, f" of document {number}" if several else "")
    first = np.zeros(sum(map(len, texts)), bool)
    first[np.cumsum([0, *map(len, texts[:-1])])] = True
    return np.concatenate([text.astype(np.int64) for text in texts]), first


def walk(counts: Counts, flat: np.ndarray, first: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For m = 1..n the context and the row of the m-gram that ends at each position, ``[length]``, −1 if unseen."""
    rows = np.zeros_like(flat)
    for m in range(1, counts.order + 1):
        contexts = _contexts(counts, m, rows, first)
        rows = find(counts, m, contexts, flat)
        yield contexts, rows


def find(counts: Counts, m: int, contexts: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """The rows in level m of the m-grams made of a context and a token, −1 if unseen; context −1 is unseen too."""
    keys = counts.keys[m - 1]
    wanted = contexts * counts.vocabulary_size + tokens
    rows = np.searchsorted(keys, wanted)
    return np.where(keys[np.minimum(rows, len(keys) - 1)] == wanted, rows, -1)


def padding_id(counts: Counts, m: int) -> int:
    """The id of m times padding."""
    return len(counts.keys[m - 1]) if m else 0


def _contexts(counts: Counts, m: int, rows: np.ndarray, first: np.ndarray) -> np.ndarray:
    """The contexts of the m-grams that end at each position, from the rows of the (m−1)-grams that end there."""
    contexts = np.roll(rows, 1)
    contexts[first] = padding_id(counts, m - 1)
    return contexts


def _check(text: np.ndarray, vocabulary_size: int, where: str) -> None:
    if text.ndim != 1:
        raise ValueError(f"tokens{where} must be one-dimensional, not shape {text.shape}")
    if not len(text):
        raise ValueError(f"the text{where} is empty")
    if not np.issubdtype(text.dtype, np.integer):
        raise ValueError(f"tokens{where} must be integers, not {text.dtype}")
    wrong = (text < 0) | (text >= vocabulary_size)
    if wrong.any():
        place = int(np.argmax(wrong))
        raise ValueError(
            f"id {text[place]} at position {place}{where} is outside the vocabulary, 0 to {vocabulary_size - 1}"
        )
