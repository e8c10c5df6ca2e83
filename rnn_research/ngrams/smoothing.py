"""From counts to probabilities: maximum likelihood, add-k, modified Kneser-Ney (S01).

Every model has one form, from the uniform distribution ``p_0(w) = 1/vocabulary_size`` up to the order n:

``p_m(w | h) = direct_m(h w) + backoff_m(h) · p_{m−1}(w | h')``, m = 1..n,

where h is the m−1 tokens before w and h' is h without its first. An m-gram that was not seen has ``direct_m = 0``; a
context after which nothing was seen has ``backoff_m = 1``, so the next lower order decides.
"""

from typing import NamedTuple

import numpy as np

from rnn_research.ngrams.counts import Counts, find, padding_id


class NGramModel(NamedTuple):
    """A distribution over the next token; entry m−1 of each tuple is order m.

    The last entry of each array is that of what was not seen, so that the id −1 indexes it.
    """

    counts: Counts
    direct: tuple[np.ndarray, ...]  # [m-grams + 1], by the row of the m-gram
    backoff: tuple[np.ndarray, ...]  # [contexts + 1], by the id of the context; padding is a context from m = 2 on


class Discounts(NamedTuple):
    """What modified Kneser-Ney takes off a count of 1, of 2 and of 3 or more."""

    values: np.ndarray  # [order, 3]
    fallback: np.ndarray  # [order] bool: counts of counts gave no usable discounts, so they are 0.5, 1 and 1.5


def maximum_likelihood(counts: Counts) -> NGramModel:
    """``p(w | h) = N(h w) / N(h)``, where N(h) counts the places at which h is followed by a token (S01).

    An unseen token after a seen context has probability 0. Where N(h) = 0 the ratio is undefined: there the context is
    shortened from the left until it was seen, the empty context at last.
    """
    direct, backoff = [], []
    for m, numbers in enumerate(counts.counts, start=1):
        contexts, totals = _totals(counts, m, numbers)
        direct.append(np.append(numbers / totals[contexts], 0.0))
        backoff.append(np.append(np.where(totals > 0, 0.0, 1.0), 1.0))
    return NGramModel(counts, tuple(direct), tuple(backoff))


def add_k(counts: Counts, k: float) -> NGramModel:
    """``p(w | h) = (N(h w) + k) / (N(h) + k · vocabulary_size)``; uniform after an unseen context. k = 1 is Laplace's.

    Raises:
      ValueError: k that is not positive and finite.
    """
    if not 0 < k < np.inf:
        raise ValueError(f"k must be positive and finite, not {k}")
    # The lower orders hand the uniform distribution on. Their constants take no memory.
    direct = [np.broadcast_to(0.0, len(keys) + 1) for keys in counts.keys[:-1]]
    backoff = [np.broadcast_to(1.0, _contexts(counts, m) + 1) for m in range(1, counts.order)]
    numbers, added = counts.counts[-1], k * counts.vocabulary_size
    contexts, totals = _totals(counts, counts.order, numbers)
    direct.append(np.append(numbers / (totals[contexts] + added), 0.0))
    backoff.append(np.append(added / (totals + added), 1.0))
    return NGramModel(counts, tuple(direct), tuple(backoff))


def kneser_ney(counts: Counts) -> NGramModel:
    """Interpolated modified Kneser-Ney (Chen and Goodman 1999, section 3 and equation 26).

    ``p_m(w | h) = (c(h w) − D(c(h w))) / Σ_v c(h v) + γ(h) · p_{m−1}(w | h')``,
    ``γ(h) = (D_1 N_1(h) + D_2 N_2(h) + D_{3+} N_{3+}(h)) / Σ_v c(h v)``, N_j(h): tokens with c(h v) = j. At the highest
    order, and for m-grams that begin with padding, c is the count; otherwise it is the number of different tokens, or
    padding, seen before the m-gram. Order 1 interpolates with the uniform distribution. See ``discounts`` for D.

    A document begins with one padding, the ``<s>`` of SRILM and KenLM: an m-gram that begins with more of it says what
    a shorter one says, with the same counts, and so that these are not discounted at every order it has c = 0: there
    the shorter context decides.
    """
    values = discounts(counts).values
    direct, backoff = [], []
    for m, numbers in enumerate(_continuations(counts), start=1):
        contexts, totals = _totals(counts, m, numbers)
        taken = np.append(0.0, values[m - 1])[np.minimum(numbers, 3)]
        given = np.bincount(contexts, taken, len(totals))
        direct.append(np.append((numbers - taken) / np.maximum(totals, 1)[contexts], 0.0))
        backoff.append(np.append(np.where(totals > 0, given / np.maximum(totals, 1), 1.0), 1.0))
    return NGramModel(counts, tuple(direct), tuple(backoff))


def discounts(counts: Counts) -> Discounts:
    """Kneser-Ney's discounts of every order, from n_j: how many of its m-grams have c = j, as ``kneser_ney`` defines c.

    ``Y = n_1 / (n_1 + 2 n_2)``, ``D_1 = 1 − 2Y n_2/n_1``, ``D_2 = 2 − 3Y n_3/n_2``, ``D_{3+} = 3 − 4Y n_4/n_3``. Where
    one of n_1 to n_4 is 0 or a D_j is not above 0, as happens with small texts and with characters at order 1, the
    whole order takes 0.5, 1 and 1.5, and ``fallback`` says so.
    """
    values = np.tile([0.5, 1.0, 1.5], (counts.order, 1))
    fallback = np.ones(counts.order, bool)
    for level, numbers in enumerate(_continuations(counts)):
        n1, n2, n3, n4 = np.bincount(np.minimum(numbers, 5), minlength=6)[1:5].tolist()
        if not n1 * n2 * n3 * n4:
            continue
        y = n1 / (n1 + 2 * n2)
        estimated = np.array([1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3])
        if estimated.min() > 0:
            values[level], fallback[level] = estimated, False
    return Discounts(values, fallback)


def _continuations(counts: Counts) -> list[np.ndarray]:
    """Kneser-Ney's c of every level's rows."""
    adjusted = []
    suffixes = np.zeros(1, np.int64)  # by context id: the row of what is left of it without its first token
    paddings = np.zeros(1, np.int64)  # by context id: with how much padding it begins
    for m, (keys, numbers) in enumerate(zip(counts.keys, counts.counts, strict=True), start=1):
        contexts, tokens = np.divmod(keys, counts.vocabulary_size)
        if m > 1:
            rows = find(counts, m - 1, suffixes[contexts], tokens)
            # Only padding comes before padding, so a count of different tokens would say nothing there.
            different = np.bincount(rows, minlength=len(adjusted[-1]))
            adjusted[-1] = np.where(paddings[:-1] > 0, adjusted[-1], different)
            suffixes = np.append(rows, padding_id(counts, m - 1))
        else:
            suffixes = np.append(np.zeros_like(keys), 0)
        paddings = np.append(paddings[contexts], m)
        adjusted.append(np.where(paddings[:-1] > 1, 0, numbers))
    return adjusted


def _totals(counts: Counts, m: int, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The context of every row of level m, and the sum of ``numbers`` over the rows of every context."""
    contexts = counts.keys[m - 1] // counts.vocabulary_size
    return contexts, np.bincount(contexts, numbers, _contexts(counts, m))


def _contexts(counts: Counts, m: int) -> int:
    return padding_id(counts, m - 1) + 1
