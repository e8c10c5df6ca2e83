"""Texts, smoothings and plain dictionaries for the tests of n-gram models."""

from collections import Counter
from functools import partial

import numpy as np
import pytest

from rnn_research.ngrams import add_k, kneser_ney, maximum_likelihood

SMOOTHINGS = {
    "maximum likelihood": maximum_likelihood,
    "add 0.3": partial(add_k, k=0.3),
    "kneser-ney": kneser_ney,
}
smoothings = pytest.mark.parametrize("smoothing", SMOOTHINGS.values(), ids=SMOOTHINGS.keys())


def text_of(length, vocabulary_size, seed=0):
    """Tokens as unequal in frequency as those of a language."""
    p = 1 / np.arange(1, vocabulary_size + 1)
    return np.random.default_rng(seed).choice(vocabulary_size, length, p=p / p.sum())


def plain_ngrams(documents, m, order, padding):
    """Every m-gram that ends at a token, as tuples."""
    padded = [[padding] * (order - 1) + [int(token) for token in document] for document in documents]
    return [tuple(text[end - m : end]) for text in padded for end in range(order, len(text) + 1)]


def plain_kneser_ney(sentences, order, size):
    """Interpolated modified Kneser-Ney by its definitions, with dictionaries and one ``<s>`` a sentence.

    Returns ``(sentences) -> [ln p of every token]``, and how many orders have no discounts of their own.
    """
    sentences = [["<s>", *map(int, sentence)] for sentence in sentences]
    grams = [Counter(g for s in sentences for g in zip(*(s[i:] for i in range(m)))) for m in range(1, order + 1)]
    del grams[0][("<s>",)]  # it is never predicted
    numbers = [Counter() for _ in range(order - 1)] + [grams[-1]]
    for m in range(1, order):
        for longer in grams[m]:  # one different token before it
            numbers[m - 1][longer[1:]] += 1
        numbers[m - 1].update({g: n for g, n in grams[m - 1].items() if g[0] == "<s>"})
    discounts, fallbacks = [], 0
    for level in numbers:
        n1, n2, n3, n4 = (sum(n == j for n in level.values()) for j in (1, 2, 3, 4))
        values = [0.0, 0.0, 0.0]
        if n1 and n2 and n3 and n4:
            y = n1 / (n1 + 2 * n2)
            values = [1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3]
        fallbacks += min(values) <= 0
        discounts.append(values if min(values) > 0 else [0.5, 1.0, 1.5])
    total, given = Counter(), Counter()
    for level, values in zip(numbers, discounts):
        for gram, n in level.items():
            total[gram[:-1]] += n
            given[gram[:-1]] += values[min(n, 3) - 1]

    def p(gram):
        lower = p(gram[1:]) if len(gram) > 1 else 1 / size
        if not total[gram[:-1]]:
            return lower
        n = numbers[len(gram) - 1][gram]
        left = n - discounts[len(gram) - 1][min(n, 3) - 1] if n else 0.0
        return (left + given[gram[:-1]] * lower) / total[gram[:-1]]

    def score(texts):
        texts = [("<s>", *map(int, text)) for text in texts]
        return [np.log(p(text[max(end - order, 0) : end])) for text in texts for end in range(2, len(text) + 1)]

    return score, fallbacks


def generated_sentences(number, state, words=5000):
    """Sentences of whole numbers, each word likely to follow from the one before; rare words as rare as those of a
    language. The same on every machine and in every version, by the generator of Park and Miller (1988, in its form of
    1993), so that other programs' figures for them can be held."""
    found = []
    for _ in range(number):
        sentence = []
        for _ in range(1 + state % 10):
            state = state * 48271 % (2**31 - 1)
            surprise = int(words ** ((state / 2**31) ** 3))
            state = state * 48271 % (2**31 - 1)
            sentence.append((3 * sentence[-1] + surprise) % words if sentence else int(words ** (state / 2**31)))
        found.append(sentence)
    return found
