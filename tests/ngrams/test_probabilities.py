"""What every smoothed model must be: a distribution, whatever the batch, the documents and the vocabulary."""

from collections import Counter

import numpy as np
import pytest

from rnn_research.ngrams import (
    add_k,
    count,
    entropy,
    kneser_ney,
    log_probabilities,
    maximum_likelihood,
    next_probabilities,
    perplexity,
)
from tests.support.ngrams import SMOOTHINGS, plain_ngrams, smoothings, text_of


@smoothings
@pytest.mark.parametrize("order", [1, 2, 3, 6])
def test_probabilities_sum_to_one_and_are_those_of_the_score(smoothing, order):
    size = 7
    # The last tokens are the commonest; the first two, and so contexts of them, are never counted.
    model = smoothing(count([size - 1 - text_of(150, size - 2, 0), size - 1 - text_of(4, size - 2, 1)], order, size))
    text = size - 1 - text_of(40, size, 2)
    assert text.min() == 0
    scores = log_probabilities(model, text)
    for position in range(len(text)):
        p = next_probabilities(model, text[:position])
        assert p.shape == (size,) and p.min() >= 0
        np.testing.assert_allclose(p.sum(), 1, rtol=1e-12)
        np.testing.assert_allclose(p[text[position]], np.exp(scores[position]), rtol=1e-12)


@smoothings
def test_a_batch_of_contexts_is_each_of_them(smoothing):
    model = smoothing(count(text_of(300, 5), 4, 6))
    contexts = np.random.default_rng(1).integers(0, 6, (20, 9))
    for length in (0, 1, 3, 9):
        found = next_probabilities(model, contexts[:, :length])
        each = [next_probabilities(model, context[:length].tolist()) for context in contexts]
        np.testing.assert_array_equal(found, each)
    # Only the last n−1 tokens matter, once there are as many.
    np.testing.assert_array_equal(found, next_probabilities(model, contexts[:, -3:]))
    assert next_probabilities(model, contexts[:0]).shape == (0, 6)


@smoothings
def test_documents_do_not_leak_into_each_other(smoothing):
    documents = [text_of(length, 5, length) for length in (40, 1, 2, 30)]
    model = smoothing(count(documents, 4, 5))
    each = [log_probabilities(model, document) for document in documents]
    np.testing.assert_array_equal(log_probabilities(model, documents), np.concatenate(each))
    again = smoothing(count(documents[::-1], 4, 5))
    np.testing.assert_array_equal(log_probabilities(again, documents), log_probabilities(model, documents))


def test_a_huge_vocabulary_is_scored():
    size = 2**40
    text = text_of(200, 6) * (size // 7)
    counts = count(text, 4, size)
    contexts = Counter(gram[:-1] for gram in plain_ngrams([text], 4, 4, size))
    numbers = Counter(plain_ngrams([text], 4, 4, size))
    k = 1e-12
    expected = [(numbers[g] + k) / (contexts[g[:-1]] + k * size) for g in plain_ngrams([text], 4, 4, size)]
    np.testing.assert_allclose(log_probabilities(add_k(counts, k), text), np.log(expected))
    assert np.all(np.isfinite(log_probabilities(kneser_ney(counts), [size - 1, 5, *text])))


def test_the_perplexity_of_a_uniform_model_is_the_size_of_the_vocabulary():
    text = text_of(200, 7)
    np.testing.assert_allclose(perplexity(add_k(count(text, 3, 11), 1e12), text), 11)
    uniform = np.arange(55) % 11
    for smoothing in SMOOTHINGS.values():
        np.testing.assert_allclose(perplexity(smoothing(count(uniform, 1, 11)), text), 11)
        np.testing.assert_allclose(entropy(smoothing(count(uniform, 1, 11)), text), np.log2(11))


def test_refusals():
    model = maximum_likelihood(count([0, 1, 2], 2, 3))
    cases = [
        (lambda: log_probabilities(model, [0, 3]), "id 3 at position 1 is outside"),
        (lambda: entropy(model, []), "the text is empty"),
        (lambda: perplexity(model, []), "the text is empty"),
        (lambda: next_probabilities(model, [0, 3]), "id 3 at position 1 is outside"),
        (lambda: next_probabilities(model, [[0], [3]]), "id 3 at position 0 of document 1 is outside"),
        (lambda: next_probabilities(model, np.zeros((1, 1, 1), int)), "context must be"),
    ]
    for call, message in cases:
        with pytest.raises(ValueError, match=message):
            call()
