"""Texts drawn, against the probabilities themselves and plain loops."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import softmax

from rnn_research.decoding import keep, sample
from rnn_research.decoding.sample import draw, likeliest
from tests.support.chains import MARKOV, UNIGRAM, chain, check_frequencies, logits_of, models


@pytest.mark.parametrize("size", [1, 2, 5, 99, 100, 101, 5000])
def test_the_likeliest_is_argmax(size):
    rng = np.random.default_rng(size)
    # Few different values, so that most rows have several likeliest.
    logits = jnp.asarray(rng.integers(0, 6, (50, size)) - np.where(rng.random((50, size)) < 0.2, np.inf, 3.0))
    logits = logits.at[:, -1].set(0.0)
    np.testing.assert_array_equal(jax.jit(likeliest)(logits), np.argmax(logits, axis=1))


@pytest.mark.parametrize("size", [1, 17, 300])
def test_a_draw_is_as_frequent_as_its_weight(size):
    rng = np.random.default_rng(size)
    weights = np.where(rng.random(size) < 0.3, 0, rng.random(size) ** 4).astype(np.float32)
    weights[size // 2] = 1
    rows = jnp.broadcast_to(jnp.asarray(weights), (20_000, size))
    check_frequencies(np.asarray(jax.jit(draw)(rows, jax.random.key(size))), weights.astype(np.float64))


def test_what_has_no_weight_is_never_drawn():
    """One token of 5,000 in a block of its own, wherever it stands; the others have none, or next to none."""
    places = np.arange(0, 5000, 7)
    for rest in (0, 1e-45, 1e-40, 1e-30):
        weights = jnp.full((len(places), 5000), rest, jnp.float32).at[np.arange(len(places)), places].set(1.0)
        np.testing.assert_array_equal(jax.jit(draw)(weights, jax.random.key(0)), places)


@pytest.mark.parametrize("temperature", [1.0, 0.5, 2.0])
def test_tokens_are_drawn_as_often_as_they_are_likely(temperature):
    """The second token shows that the first was read."""
    logits = chain(6)
    text = np.asarray(sample(MARKOV, logits, [2], 2, jax.random.key(3), batch=20_000, temperature=temperature))
    first = np.bincount(text[:, 0]).argmax()
    for drawn, row in [(text[:, 0], logits[2]), (text[text[:, 0] == first, 1], logits[first])]:
        check_frequencies(drawn, softmax(row.astype(np.float64) / temperature))


@pytest.mark.parametrize("temperature", [1.0, 0.5, 2.0])
def test_tokens_of_many_are_drawn_as_often_as_they_are_likely(temperature):
    """5,000 as unequal as words; 40,000 draws, each a step of its own for 100 rows."""
    ranks = np.random.default_rng(1).permutation(5000) + 1.0
    logits = np.float32(-1.3 * np.log(ranks))
    text = sample(UNIGRAM, logits, [], 400, jax.random.key(1), batch=100, temperature=temperature)
    check_frequencies(np.asarray(text).ravel(), softmax(logits.astype(np.float64) / temperature))


def test_an_empty_prompt_begins_a_document():
    logits = chain(5)
    text = np.asarray(sample(MARKOV, logits, [], 1, jax.random.key(0), batch=5000))
    check_frequencies(text[:, 0], softmax(logits[5].astype(np.float64)))
    every = jnp.arange(5)[:, None]
    after = np.asarray(sample(MARKOV, logits, every, 40, jax.random.key(0), batch=5, temperature=1e-30))
    np.testing.assert_array_equal(after[:, 0], logits[:5].argmax(axis=1))


@pytest.mark.parametrize("top_k, top_p", [(3, 1.0), (0, 0.7), (4, 0.8), (100, 0.7)])
def test_what_is_kept_is_drawn_and_nothing_else(top_k, top_p):
    logits = chain(12, 5)
    logits[:, 3] = logits[:, 8]  # equally likely
    text = np.asarray(
        sample(MARKOV, logits, [0], 2, jax.random.key(1), batch=20_000, temperature=1.5, top_k=top_k, top_p=top_p)
    )
    first = np.bincount(text[:, 0]).argmax()
    for drawn, row in [(text[:, 0], logits[0]), (text[text[:, 0] == first, 1], logits[first])]:
        p = softmax(np.asarray(keep(jnp.asarray(row / 1.5), top_k, top_p), np.float64))
        assert 1 < np.count_nonzero(p) < 12
        assert set(np.flatnonzero(p)) == set(drawn.tolist())
        check_frequencies(drawn, p)


@models
def test_greedy_is_a_loop_of_argmax(stream, make):
    params = make(7)
    prompts = np.random.default_rng(0).integers(0, 7, (3, 4))
    found = np.asarray(sample(stream, params, prompts, 6, None, batch=3, greedy=True))
    # Each token is the likeliest after those before it.
    likely = logits_of(stream, params, np.concatenate([prompts, found], axis=1), 7).argmax(axis=-1)
    np.testing.assert_array_equal(found, likely[:, 4:-1])
    cases: list[dict[str, Any]] = [{"temperature": 9.0}, {"top_k": 2}, {"top_p": 0.1}]
    for other in cases:
        same = sample(stream, params, prompts, 6, None, batch=3, greedy=True, **other)
        np.testing.assert_array_equal(same, found)


def test_room_for_one_token_is_greedy():
    greedy = sample(MARKOV, chain(7), [0], 9, None, batch=3, greedy=True)
    cases: list[dict[str, Any]] = [{"temperature": 1e-40}, {"top_k": 1}, {"top_p": 1e-50}]
    for options in cases:
        same = sample(MARKOV, chain(7), [0], 9, jax.random.key(0), batch=3, **options)
        np.testing.assert_array_equal(same, greedy)


def test_greedy_takes_the_lowest_id():
    logits = np.zeros((5, 4), np.float32)
    logits[0, 2:] = 1
    np.testing.assert_array_equal(sample(MARKOV, logits, [], 3, None, batch=2, greedy=True), [[0, 2, 0]] * 2)


@pytest.mark.parametrize("temperature", [1e-300, 1e-40, 1e38, 1e300])
def test_extreme_temperatures(temperature):
    logits = np.tile(np.array([-np.inf, 1e30, -1e30, 1e30], np.float32), (5, 1))
    text = np.asarray(sample(MARKOV, logits, [], 300, jax.random.key(0), batch=1, temperature=temperature))
    assert set(text[0].tolist()) == ({1, 3} if temperature < 1 else {1, 2, 3})


def test_the_key_decides_the_text():
    params = chain(9)

    def text(seed, length=20, batch=4, prompt=(1, 2)):
        return np.asarray(sample(MARKOV, params, prompt, length, jax.random.key(seed), batch=batch))

    first = text(0)
    assert first.shape == (4, 20) and first.dtype == np.int32 and len(np.unique(first, axis=0)) == 4
    np.testing.assert_array_equal(first, text(0))
    assert np.any(first != text(1))
    np.testing.assert_array_equal(first[:, :13], text(0, length=13))
    # This stream's arithmetic does not round otherwise in a smaller batch.
    np.testing.assert_array_equal(first[:3], text(0, batch=3))
    np.testing.assert_array_equal(first, text(0, prompt=[[1, 2]] * 4))


@models
def test_a_text_goes_on_as_if_the_prompt_had_been_drawn(stream, make):
    """Token by token as at once; and each token is the one that the logits and the key of its step give."""
    params = make(8)
    text = np.asarray(sample(stream, params, [3, 1, 4], 10, jax.random.key(5), batch=6))
    whole = np.concatenate([np.tile([3, 1, 4], (6, 1)), text], axis=1)
    at_once = logits_of(stream, params, whole, 8)
    state, last = stream.start(params, None, 6), np.full(6, 8)
    advance = jax.jit(stream.advance)
    for position, following in enumerate(whole.T):
        state, logits = advance(params, state, last[:, None])
        np.testing.assert_allclose(logits[:, 0], at_once[:, position], rtol=1e-4, atol=1e-5)
        last = following
        if position >= 3:
            weights = jnp.exp(logits[:, 0] - logits[:, 0].max(-1, keepdims=True))
            again = jax.jit(draw)(weights, jax.random.fold_in(jax.random.key(5), position - 3))
            np.testing.assert_array_equal(again, following)
    greedy = np.asarray(sample(stream, params, [3, 1, 4], 10, None, batch=1, greedy=True))
    prompt = [3, 1, 4, *greedy[0, :6].tolist()]
    np.testing.assert_array_equal(sample(stream, params, prompt, 4, None, batch=1, greedy=True), greedy[:, 6:])
