"""Texts that n-gram models draw: as likely as the model says, and of what the training text holds."""

import numpy as np
import pytest
from scipy.stats import chisquare

from rnn_research.ngrams import count, generate, kneser_ney, maximum_likelihood, next_probabilities
from tests.support.ngrams import plain_ngrams, smoothings, text_of


@smoothings
@pytest.mark.parametrize("temperature", [1.0, 0.5, 2.0])
def test_tokens_are_drawn_as_often_as_they_are_likely(smoothing, temperature):
    model = smoothing(count(text_of(300, 5), 3, 6))
    for seed, prompt in enumerate([[], [0], [1, 0], [0, 0, 2], [5]]):
        text = generate(model, prompt, 2, seed, temperature, batch=5000)
        # The second token shows that the first was read: those after the commonest first one.
        commonest = np.bincount(text[:, 0]).argmax()
        for drawn, context in [(text[:, 0], prompt), (text[text[:, 0] == commonest, 1], [*prompt, commonest])]:
            p = next_probabilities(model, context) ** (1 / temperature)
            expected = p / p.sum() * len(drawn)
            observed = np.bincount(drawn, minlength=6)
            assert not observed[expected == 0].any()
            # A chi-square needs some of each: the rare ones are one.
            rare = expected < 5
            observed = np.append(observed[~rare], observed[rare].sum())
            expected = np.append(expected[~rare], expected[rare].sum())
            kept = expected > 1e-9
            if kept.sum() > 1:
                assert chisquare(observed[kept], expected[kept]).pvalue > 1e-4


def test_texts_with_a_prompt_each_go_on_as_if_they_were_alone():
    model = kneser_ney(count(np.random.default_rng(0).integers(0, 6, 500), 4, 6))
    prompts = np.random.default_rng(1).integers(0, 6, (5, 3))
    together = generate(model, prompts, 20, 0, batch=5, greedy=True)
    for prompt, text in zip(prompts, together):
        np.testing.assert_array_equal(generate(model, prompt, 20, 0, greedy=True)[0], text)


@pytest.mark.parametrize("order", [1, 2, 4])
def test_maximum_likelihood_writes_existing_ngrams_only(order):
    documents = [text_of(200, 8), text_of(100, 8, 1)]
    # Each ends as it began, so that something follows every context.
    documents = [np.append(document, document[: order - 1]) for document in documents]
    model = maximum_likelihood(count(documents, order, 9))
    existing = set(plain_ngrams(documents, order, order, 9))
    for temperature in (1.0, 0.3, 5.0):
        texts = generate(model, [], 150, 0, temperature, batch=4)
        assert set(plain_ngrams(texts, order, order, 9)) <= existing
    if order > 1:
        texts = generate(kneser_ney(model.counts), [], 150, 0, batch=4)
        assert not set(plain_ngrams(texts, order, order, 9)) <= existing


def test_after_a_text_has_ended_the_shorter_context_decides():
    model = maximum_likelihood(count([0, 0, 1, 0, 2, 1], 3, 3))
    np.testing.assert_allclose(next_probabilities(model, [2, 1]), [1, 0, 0])  # 1 0, once
    np.testing.assert_array_equal(generate(model, [0, 2, 1], 1, 0), [[0]])


@smoothings
def test_the_seed_decides_the_text(smoothing):
    model = smoothing(count(text_of(300, 6), 3, 6))
    text = generate(model, [0, 1], 40, 3, batch=2)
    assert text.shape == (2, 40) and np.any(text[0] != text[1])
    np.testing.assert_array_equal(text, generate(model, [0, 1], 40, 3, batch=2))
    assert np.any(text != generate(model, [0, 1], 40, 4, batch=2))


def test_a_low_temperature_takes_the_likeliest():
    model = kneser_ney(count(text_of(300, 6), 3, 6))
    text = generate(model, [], 20, 0, temperature=1e-4)[0]
    for position in range(20):
        assert text[position] == next_probabilities(model, text[:position]).argmax()


def test_refusals():
    model = maximum_likelihood(count([0, 1, 2], 2, 3))
    cases = [
        (lambda: generate(model, [3], 1, 0), "id 3 at position 0 is outside"),
        (lambda: generate(model, [[0], [1]], 1, 0), r"prompt must be \[length\] or \[1, length\]"),
        (lambda: generate(model, [], 0, 0), "must be at least 1, not 0 and 1"),
        (lambda: generate(model, [], 1, 0, batch=0), "must be at least 1, not 1 and 0"),
        (lambda: generate(model, [], 1, 0, temperature=0), "temperature must be positive"),
    ]
    for call, message in cases:
        with pytest.raises(ValueError, match=message):
            call()
