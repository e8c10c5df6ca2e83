"""Texts, smoothings and plain dictionaries for the tests of n-gram models."""

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
