"""Smoothing by hand, against plain dictionaries, and against NLTK where it defines the same thing."""

import numpy as np
import pytest

from rnn_research.data.text import load_text
from rnn_research.ngrams import (
    add_k,
    count,
    discounts,
    entropy,
    kneser_ney,
    log_probabilities,
    maximum_likelihood,
    next_probabilities,
    perplexity,
)
from tests.support.ngrams import plain_kneser_ney, plain_ngrams, text_of

# By hand.


def test_a_prefix_seen_eight_times():
    """0 is followed by 1 twice, by 2 five times and by 3 once."""
    counts = count([0, 1] * 2 + [0, 2] * 5 + [0, 3], 2, 5)
    np.testing.assert_allclose(next_probabilities(maximum_likelihood(counts), [0]), [0, 2 / 8, 5 / 8, 1 / 8, 0])
    np.testing.assert_allclose(next_probabilities(add_k(counts, 1), [0]), np.array([1, 3, 6, 2, 1]) / 13)
    np.testing.assert_allclose(next_probabilities(add_k(counts, 0.5), [0]), np.array([0.5, 2.5, 5.5, 1.5, 0.5]) / 10.5)
    # Nothing follows 3, and 4 was never seen: maximum likelihood takes the empty context, add-k is uniform.
    for context in ([3], [4]):
        found = next_probabilities(maximum_likelihood(counts), context)
        np.testing.assert_allclose(found, np.array([8, 2, 5, 1, 0]) / 16)
        np.testing.assert_allclose(next_probabilities(add_k(counts, 1), context), 1 / 5)


def test_maximum_likelihood_scores():
    model = maximum_likelihood(count([[0, 1, 0, 2], [0, 1]], 2, 4))
    expected = [1, 2 / 3, 0, 0]  # 0 begins both documents; 2 of the 3 that follow a 0 are 1; 1 1 and 1 2 are unseen
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(log_probabilities(model, [0, 1, 1, 2]), np.log(expected))
    assert entropy(model, [0, 1, 1, 2]) == perplexity(model, [0, 1, 1, 2]) == np.inf
    np.testing.assert_allclose(entropy(model, [0, 1]), -np.log2(2 / 3) / 2)
    np.testing.assert_allclose(perplexity(model, [0, 1]), (2 / 3) ** -0.5)


def test_kneser_ney_discounts_of_one_order():
    """Four tokens occur once, two twice, one three times, one four times, two never."""
    counts = count([0, 1, 2, 3, 4, 4, 5, 5, 6, 6, 6, 7, 7, 7, 7], 1, 10)
    found = discounts(counts)
    np.testing.assert_allclose(found.values, [[0.5, 1.25, 1.0]])
    assert not found.fallback[0]
    left = (4 * 0.5 + 2 * 1.25 + 2 * 1.0) / 15
    seen = np.array([0.5, 0.5, 0.5, 0.5, 0.75, 0.75, 2, 3, 0, 0]) / 15
    np.testing.assert_allclose(next_probabilities(kneser_ney(counts), []), seen + left / 10)


def test_kneser_ney_counts_what_comes_before():
    """2 occurs as often as 0, but only after 1, so it is less likely where the context is unseen."""
    counts = count([0, 1, 2, 1, 2, 1, 2, 0, 3, 0, 1], 2, 5)
    assert counts.counts[0][0] == counts.counts[0][2]
    assert discounts(counts).fallback.tolist() == [True, True]
    # Before 0: padding, 2, 3; before 1: 0, 2; before 2: 1; before 3: 0.
    numbers, taken = np.array([3, 2, 1, 1, 0]), np.array([1.5, 1, 0.5, 0.5, 0])
    expected = (numbers - taken) / 7 + 3.5 / 7 / 5
    np.testing.assert_allclose(next_probabilities(kneser_ney(counts), [4]), expected)


@pytest.mark.parametrize("order", [2, 3, 6])
def test_a_beginning_is_discounted_once_whatever_n(order):
    """Of four documents three begin with 0 and one with 1. Before 0: the beginning; before 1: that and 0; before 2: 0
    and 1. All counts are discounted by 0.5, 1 and 1.5."""
    model = kneser_ney(count([[0, 1], [0, 1], [0, 2], [1, 2]], order, 4))
    assert discounts(model.counts).fallback.all()
    unigrams = np.array([0.5, 1, 1, 0]) / 5 + 2.5 / 5 / 4
    expected = np.array([1.5, 0.5, 0, 0]) / 4 + 2 / 4 * unigrams
    np.testing.assert_allclose(next_probabilities(model, []), expected, rtol=1e-12)


# Against other implementations.


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_kneser_ney_is_that_of_dictionaries(order):
    estimated = 0
    for seed, (length, size) in enumerate([(6, 3), (60, 5), (900, 200), (2000, 12)]):
        train = [
            text_of(length, size - 1, seed),
            text_of(3, size, seed + 10),
            text_of(length // 2, size - 1, seed + 20),
        ]
        held_out = [text_of(60, size, seed + 30), text_of(2, size, seed + 40)]
        counts = count(train, order, size)
        score, fallbacks = plain_kneser_ney(train, order, size)
        assert discounts(counts).fallback.sum() == fallbacks
        estimated += order - fallbacks
        np.testing.assert_allclose(log_probabilities(kneser_ney(counts), held_out), score(held_out), rtol=1e-10)
    assert estimated


@pytest.mark.parametrize(("tokens", "order"), [(list, 4), (str.split, 3)], ids=["characters", "words"])
def test_kneser_ney_perplexity_on_a_real_text_is_that_of_dictionaries(tokens, order):
    corpus = load_text("python_docs").documents
    train, held_out = (tokens("\n".join(corpus[split]))[:50_000] for split in ("train", "test"))
    ids = {token: number for number, token in enumerate(dict.fromkeys(train))}
    train, held_out = ([ids.get(token, len(ids)) for token in text] for text in (train, held_out[:3000]))
    counts = count(train, order, len(ids) + 1)
    score, fallbacks = plain_kneser_ney([train], order, len(ids) + 1)
    assert fallbacks == 0
    expected = np.exp(-np.mean(score([held_out])))
    np.testing.assert_allclose(perplexity(kneser_ney(counts), held_out), expected, rtol=1e-10)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_nltk_agrees(order):
    lm = pytest.importorskip("nltk.lm", reason="NLTK is not installed")
    train, held_out = "it was the best of times, it was the worst of times", "it was the age of the times"
    letters = sorted(set(train) | set(held_out))
    size = len(letters) + 1  # NLTK's vocabulary has one more, for what is unknown; the padding becomes that
    ids = {letter: i for i, letter in enumerate(letters)}

    def grams(text):
        return [tuple(g) for g in plain_ngrams([[ids[letter] for letter in text]], order, order, -1)]

    def words(text):
        return [tuple(letters[i] if i >= 0 else "<s>" for i in gram) for gram in grams(text)]

    counts = count([ids[letter] for letter in train], order, size)
    cases = [
        (lm.MLE(order, vocabulary=lm.Vocabulary(letters)), maximum_likelihood(counts), [train]),
        (lm.Lidstone(0.2, order, vocabulary=lm.Vocabulary(letters)), add_k(counts, 0.2), [train, held_out]),
    ]
    for theirs, ours, texts in cases:
        theirs.fit([words(train)])
        for text in texts:
            expected = [theirs.score(gram[-1], gram[:-1]) for gram in words(text)]
            found = np.exp(log_probabilities(ours, [ids[letter] for letter in text]))
            np.testing.assert_allclose(found, expected, rtol=1e-12)
    # NLTK gives 0 where the context is unseen too; elsewhere the two agree on a held-out text as well.
    theirs, ours, _ = cases[0]
    seen = {gram[:-1] for gram in words(train)}
    found = np.exp(log_probabilities(ours, [ids[letter] for letter in held_out]))
    for gram, p in zip(words(held_out), found, strict=True):
        if gram[:-1] in seen:
            np.testing.assert_allclose(p, theirs.score(gram[-1], gram[:-1]), rtol=1e-12)


@pytest.mark.parametrize("k", [0, np.inf])
def test_add_k_refuses(k):
    with pytest.raises(ValueError, match="k must be positive"):
        add_k(count([0, 1, 2], 2, 3), k)
