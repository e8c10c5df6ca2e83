"""n-gram models write as networks do."""

from itertools import product
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import softmax

from rnn_research.decoding import beam_search, keep
from rnn_research.ngrams import add_k, count, generate, maximum_likelihood, next_probabilities, ngrams
from rnn_research.ngrams import beam_search as ngram_beam_search
from tests.support.chains import (
    MARKOV,
    check_frequencies,
    ngram_model,
    slow_beam,
)


def as_stream(model):
    """A bigram model's distributions as a chain."""
    size = model.counts.vocabulary_size
    p = [next_probabilities(model, [token]) for token in range(size)] + [next_probabilities(model, [])]
    return np.log(np.array(p)).astype(np.float32)


@pytest.mark.parametrize("top_k, top_p", [(2, 1.0), (0, 0.7), (3, 0.9), (9, 1.0)])
def test_ngrams_are_cut_as_logits_are(top_k, top_p):
    model = ngram_model()
    text = generate(model, [1, 0], 2, 0, 1.5, 20_000, top_k=top_k, top_p=top_p)
    first = np.bincount(text[:, 0]).argmax()
    for drawn, context in [(text[:, 0], [1, 0]), (text[text[:, 0] == first, 1], [1, 0, first])]:
        p = next_probabilities(model, context)
        p = softmax(np.asarray(keep(jnp.asarray(np.log(p) / 1.5), top_k, top_p), np.float64))
        assert set(np.flatnonzero(p)) == set(drawn.tolist())
        check_frequencies(drawn, p)


def test_ngrams_are_cut_at_the_lower_ids():
    model = add_k(count([0], 1, 8), 1e9)
    # As good as uniform, but 0 is a little likelier.
    assert set(generate(model, [], 1, 0, batch=500, top_k=3).ravel().tolist()) == {0, 1, 2}
    assert set(generate(model, [], 1, 0, batch=500, top_p=0.4).ravel().tolist()) == {0, 1, 2, 3}
    assert set(generate(model, [], 1, 0, batch=500, top_k=4, top_p=0.6).ravel().tolist()) == {0, 1, 2}
    np.testing.assert_array_equal(generate(model, [], 3, 0, greedy=True), [[0, 0, 0]])


def test_ngrams_that_are_not_cut_are_drawn_as_before():
    """The options that are off take nothing from the seed."""
    model = ngram_model()
    text = generate(model, [], 50, 3, 0.8, 4)
    np.testing.assert_array_equal(text, generate(model, [], 50, 3, 0.8, 4, top_k=4, top_p=1.0))
    np.testing.assert_array_equal(text, generate(model, [], 50, 3, 0.8, 4, top_k=0, top_p=1 - 1e-12))


def test_cut_maximum_likelihood_writes_existing_ngrams_only():
    tokens = np.random.default_rng(1).integers(0, 5, 80)
    model = maximum_likelihood(count(np.append(tokens, tokens[:2]), 3, 5))
    existing = set(map(tuple, ngrams(model.counts, 3).tolist()))
    cases: list[dict[str, Any]] = [{"top_k": 4}, {"top_p": 0.99}, {"top_k": 3, "top_p": 0.8}, {"greedy": True}]
    for options in cases:
        texts = np.pad(generate(model, [], 100, 0, 3.0, 4, **options), ((0, 0), (2, 0)), constant_values=5)
        assert {tuple(row[i : i + 3]) for row in texts.tolist() for i in range(100)} <= existing
    ids, scores = ngram_beam_search(model, [], 12, 20)
    rows = [[5, 5, *row] for row, score in zip(ids.tolist(), scores) if score > -np.inf]
    assert len(rows) == 20 and {tuple(row[i : i + 3]) for row in rows for i in range(12)} <= existing


@pytest.mark.parametrize("prompt", [[], [3], [0, 1, 2]])
def test_ngram_beams(prompt):
    model = ngram_model()
    texts = np.array(list(product(range(4), repeat=3)))
    expected = np.zeros(64)
    for row, text in enumerate(texts.tolist()):
        for position in range(3):
            expected[row] += np.log(next_probabilities(model, [*prompt, *text[:position]])[text[position]])
    order = np.argsort(-expected, kind="stable")
    ids, scores = ngram_beam_search(model, prompt, 3, 64)
    assert ids.dtype == np.int64 and len(np.unique(ids, axis=0)) == 64
    np.testing.assert_allclose(scores, expected[order])
    np.testing.assert_allclose(scores, expected[(ids @ [16, 4, 1]).tolist()])
    greedy = generate(model, prompt, 30, 0, greedy=True)
    np.testing.assert_array_equal(ngram_beam_search(model, prompt, 30, 1)[0], greedy)
    text = list(prompt)
    for token in greedy[0]:
        assert token == next_probabilities(model, text).argmax()
        text.append(int(token))
    for width in (2, 7):
        ids, scores = ngram_beam_search(model, prompt, 9, width)
        texts, expected = slow_beam(lambda text: np.log(next_probabilities(model, [*prompt, *text])), 9, width)
        np.testing.assert_array_equal(ids, texts)
        np.testing.assert_allclose(scores, expected)


def test_a_bigram_model_is_a_stream():
    model = ngram_model(order=2)
    for width in (1, 5, 60):
        ids, scores = beam_search(MARKOV, as_stream(model), [2], 6, width)
        theirs, expected = ngram_beam_search(model, [2], 6, width)
        np.testing.assert_allclose(scores, expected, rtol=1e-5)
        # Where no two texts are as likely as each other, to rounding, they are the same texts.
        if len(np.unique(np.round(expected, 4))) == width:
            np.testing.assert_array_equal(ids, theirs)


def test_impossible_ngrams_come_last():
    model = maximum_likelihood(count([0, 1, 0, 1, 0], 2, 3))
    ids, scores = ngram_beam_search(model, [], 2, 9)
    np.testing.assert_array_equal(ids[0], [0, 1])
    np.testing.assert_array_equal(scores, [0, *[-np.inf] * 8])
    assert len(np.unique(ids, axis=0)) == 9
