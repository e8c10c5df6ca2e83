"""Texts drawn and searched for, against exhaustive search, plain loops and the probabilities themselves."""

from functools import partial
from itertools import product
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax, softmax
from scipy.stats import chisquare

import rnn_research as rr
from rnn_research.decoding import Decoder, beam_search, keep, sample
from rnn_research.decoding.beam import _texts
from rnn_research.decoding.sample import draw, likeliest
from rnn_research.ngrams import add_k, count, generate, kneser_ney, maximum_likelihood, next_probabilities, ngrams
from rnn_research.ngrams import beam_search as ngram_beam_search


class Last(NamedTuple):
    """The last id that was read, ``[batch]``."""

    token: jax.Array


def _advance_markov(params, state, ids):
    return Last(ids[:, -1]), params[ids]


# The parameters are logits, [V + 1, V]: of the token after each, the last row after what begins a document.
MARKOV = Decoder(lambda batch: Last(jnp.zeros(batch, jnp.int32)), _advance_markov)
# Every token is drawn from the same distribution, [V] logits.
UNIGRAM = Decoder(MARKOV.start, lambda params, state, ids: (state, jnp.broadcast_to(params, (*ids.shape, params.size))))
CELL = rr.lstm(6)


def _start_lstm(batch):
    return jax.tree.map(lambda leaf: jnp.zeros((batch, *leaf.shape)), CELL.initial_state())


def _advance_lstm(params, state, ids):
    def one(x, state):
        return rr.unroll(CELL, params["cell"], x, state)

    state, outputs = jax.vmap(one)(params["embedding"][ids], state)
    return state, outputs @ params["head"]


LSTM = Decoder(_start_lstm, _advance_lstm)


def lstm_params(size, seed=0):
    """Large, so that the distributions are uneven."""
    keys = jax.random.split(jax.random.key(seed), 3)
    return {
        "embedding": 3 * jax.random.normal(keys[0], (size + 1, 4)),
        "cell": CELL.init(keys[1], 4),
        "head": 3 * jax.random.normal(keys[2], (6, size)),
    }


def chain(size, seed=0):
    return np.random.default_rng(seed).normal(size=(size + 1, size)).astype(np.float32) * 2


MODELS = {"markov": (MARKOV, chain), "lstm": (LSTM, lstm_params)}
models = pytest.mark.parametrize("decoder, make", MODELS.values(), ids=MODELS.keys())


def logits_of(decoder, params, texts, size):
    """The logits that predict each token of ``texts [batch, time]`` and the one after, each text read at once."""
    begun = np.concatenate([np.full((len(texts), 1), size), texts], axis=1)
    return np.asarray(_read(decoder, params, begun), np.float64)


@partial(jax.jit, static_argnums=0)
def _read(decoder, params, ids):
    return decoder.advance(params, decoder.start(len(ids)), ids)[1]


def scores_of(decoder, params, prompt, texts, size):
    """Sums of log-probabilities of texts after a prompt, in double precision."""
    whole = np.concatenate([np.tile(np.array(prompt, int), (len(texts), 1)), texts], axis=1)
    log_p = log_softmax(logits_of(decoder, params, whole, size)[:, len(prompt) : -1], axis=-1)
    return np.take_along_axis(log_p, np.asarray(texts)[..., None], axis=-1)[..., 0].sum(axis=1)


def check_frequencies(drawn, p):
    """Nothing impossible, and a chi-square over what is expected often enough, the rest in one."""
    p = p / p.sum()
    observed, expected = np.bincount(drawn, minlength=len(p)), p * len(drawn)
    assert len(observed) == len(p) and not observed[p == 0].any()
    rare = expected < 5
    observed = np.append(observed[~rare], observed[rare].sum())
    expected = np.append(expected[~rare], expected[rare].sum())
    kept = expected > 0
    if kept.sum() > 1:
        assert chisquare(observed[kept], expected[kept]).pvalue > 1e-3


# The filters.


def slow_keep(logits, top_k, top_p):
    """By sorting, one row, in double precision; and by how little it was decided."""
    order = np.argsort(-logits, kind="stable")
    order = order[: top_k or None]
    p = softmax(logits[order].astype(np.float64))
    before = np.append(0, np.cumsum(p)[:-1])
    kept = order[before < top_p] if top_p < 1 else order
    found = np.full(len(logits), -np.inf, np.float32)
    found[kept] = logits[kept]
    return found, np.abs(before - top_p).min()


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([0, 5, 100]),
    st.sampled_from([0.001, 0.3, 0.5, 0.9, 0.999, 1.0]),
    st.integers(0, 10**6),
)
def test_filters_are_those_of_a_sort(top_k, top_p, seed):
    """Half the rows are of few different values, so that there are ties wherever it cuts."""
    rng, size = np.random.default_rng(seed), 60
    logits = rng.normal(size=(3, 2, size)).astype(np.float32) * 3
    logits[1] = rng.choice(np.array([-np.inf, -1, -0.0, 0, 2], np.float32), (2, size))
    logits[1, :, 0] = 0
    found = np.asarray(keep(jnp.asarray(logits), top_k, top_p))
    for place in np.ndindex(3, 2):
        expected, margin = slow_keep(logits[place], top_k, top_p)
        if margin > 1e-5:
            np.testing.assert_array_equal(found[place], expected)


def test_ties_are_cut_at_the_lower_ids():
    equal = jnp.zeros(8)
    for number in range(1, 8):
        expected = np.where(np.arange(8) < number, 0, -np.inf)
        np.testing.assert_array_equal(keep(equal, top_p=number / 8), expected)
        if number in (1, 4, 7):
            np.testing.assert_array_equal(keep(equal, top_k=number), expected)
    np.testing.assert_array_equal(np.isfinite(keep(equal, top_p=0.13)), np.arange(8) < 2)
    # k first, then p over the rest renormalised: of 1/8 each, 4 are left, of 1/4 each.
    np.testing.assert_array_equal(np.isfinite(keep(equal, top_k=4, top_p=0.5)), np.arange(8) < 2)
    logits = jnp.log(jnp.array([0.1, 0.2, 0.4, 0.2, 0.1]))
    np.testing.assert_array_equal(np.isfinite(keep(logits, top_p=0.55)), [False, True, True, False, False])
    np.testing.assert_array_equal(np.isfinite(keep(logits, top_k=2, top_p=0.65)), [False, False, True, False, False])
    np.testing.assert_array_equal(keep(logits), logits)
    np.testing.assert_array_equal(keep(jnp.ones(1), top_k=1, top_p=0.1), [1])


def test_a_large_nucleus_is_that_of_a_sort():
    rng = np.random.default_rng(0)
    logits = np.stack([rng.normal(size=20_000) * scale for scale in (0.01, 1, 5)]).astype(np.float32)
    for top_p in (0.2, 0.9):
        p = softmax(logits.astype(np.float64), axis=1)
        kept = np.isfinite(keep(jnp.asarray(logits), top_p=top_p))
        for inside, row in zip(kept, p):
            assert row[inside].min() >= row[~inside].max()
            assert row[inside].sum() > top_p - 1e-5 and row[inside].sum() - row[inside].min() < top_p + 1e-5


# One token.


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


# Sampling.


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
def test_greedy_is_a_loop_of_argmax(decoder, make):
    params = make(7)
    prompts = np.random.default_rng(0).integers(0, 7, (3, 4))
    found = np.asarray(sample(decoder, params, prompts, 6, None, batch=3, greedy=True))
    # Each token is the likeliest after those before it.
    likely = logits_of(decoder, params, np.concatenate([prompts, found], axis=1), 7).argmax(axis=-1)
    np.testing.assert_array_equal(found, likely[:, 4:-1])
    cases: list[dict[str, Any]] = [{"temperature": 9.0}, {"top_k": 2}, {"top_p": 0.1}]
    for other in cases:
        same = sample(decoder, params, prompts, 6, None, batch=3, greedy=True, **other)
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
    # This decoder's arithmetic does not round otherwise in a smaller batch.
    np.testing.assert_array_equal(first[:3], text(0, batch=3))
    np.testing.assert_array_equal(first, text(0, prompt=[[1, 2]] * 4))


@models
def test_a_text_goes_on_as_if_the_prompt_had_been_drawn(decoder, make):
    """Token by token as at once; and each token is the one that the logits and the key of its step give."""
    params = make(8)
    text = np.asarray(sample(decoder, params, [3, 1, 4], 10, jax.random.key(5), batch=6))
    whole = np.concatenate([np.tile([3, 1, 4], (6, 1)), text], axis=1)
    at_once = logits_of(decoder, params, whole, 8)
    state, last = decoder.start(6), np.full(6, 8)
    advance = jax.jit(decoder.advance)
    for position, following in enumerate(whole.T):
        state, logits = advance(params, state, last[:, None])
        np.testing.assert_allclose(logits[:, 0], at_once[:, position], rtol=1e-4, atol=1e-5)
        last = following
        if position >= 3:
            weights = jnp.exp(logits[:, 0] - logits[:, 0].max(-1, keepdims=True))
            again = jax.jit(draw)(weights, jax.random.fold_in(jax.random.key(5), position - 3))
            np.testing.assert_array_equal(again, following)
    greedy = np.asarray(sample(decoder, params, [3, 1, 4], 10, None, batch=1, greedy=True))
    prompt = [3, 1, 4, *greedy[0, :6].tolist()]
    np.testing.assert_array_equal(sample(decoder, params, prompt, 4, None, batch=1, greedy=True), greedy[:, 6:])


def test_a_program_is_compiled_once():
    traced = []

    def advance(params, state, ids):
        traced.append(ids.shape)
        return _advance_markov(params, state, ids)

    decoder, params = Decoder(MARKOV.start, advance), chain(5)
    for seed, temperature, top_p in [(0, 1.0, 0.9), (1, 0.5, 0.8), (2, 3.0, 0.7)]:
        sample(decoder, params, [1], 5, jax.random.key(seed), batch=2, temperature=temperature, top_p=top_p)
        sample(decoder, params + seed, [2], 5, jax.random.key(seed), batch=2, temperature=temperature, top_p=top_p)
        beam_search(decoder, params, [seed], 5, 2, alpha=temperature)
        if seed == 0:
            first = len(traced)
    assert len(traced) == first


# Beam search.


@models
@pytest.mark.parametrize("prompt", [[], [2, 0]])
def test_a_beam_wide_enough_finds_all(decoder, make, prompt):
    params = make(3)
    ids, scores = beam_search(decoder, params, prompt, 4, 81)
    texts = np.array(list(product(range(3), repeat=4)))
    expected = scores_of(decoder, params, prompt, texts, 3)
    order = np.argsort(-expected)
    assert ids.shape == (81, 4) and ids.dtype == np.int32
    assert len(np.unique(ids, axis=0)) == 81
    np.testing.assert_allclose(scores, expected[order], rtol=1e-4)
    np.testing.assert_allclose(scores, scores_of(decoder, params, prompt, np.asarray(ids), 3), rtol=1e-4)
    np.testing.assert_allclose(np.exp(np.asarray(scores, np.float64)).sum(), 1, rtol=1e-4)


@models
def test_a_wider_beam_is_never_worse_than_greedy(decoder, make):
    for seed in range(5):
        params = make(6, seed)
        greedy = np.asarray(sample(decoder, params, [seed], 8, None, batch=1, greedy=True))
        ids, scores = beam_search(decoder, params, [seed], 8, 1)
        np.testing.assert_array_equal(ids, greedy)
        np.testing.assert_allclose(scores, scores_of(decoder, params, [seed], greedy, 6), rtol=1e-4)
        ids, wider = beam_search(decoder, params, [seed], 8, 10)
        assert wider[0] >= scores[0] - 1e-5 and np.all(np.diff(wider) <= 0)
        assert len(np.unique(ids, axis=0)) == 10
        np.testing.assert_allclose(wider, scores_of(decoder, params, [seed], np.asarray(ids), 6), rtol=1e-4)


def slow_beam(next_log_p, length, width):
    """With lists, every beginning read anew."""
    beams: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    for _ in range(length):
        extended = [(score + step, (*text, w)) for score, text in beams for w, step in enumerate(next_log_p(text))]
        beams = sorted(extended, key=lambda scored: -scored[0])[:width]
    return [text for _, text in beams], [score for score, _ in beams]


@pytest.mark.parametrize("width", [3, 30])
def test_a_narrow_beam_is_that_of_lists(width):
    for seed in range(3):
        params = lstm_params(6, seed)

        def next_log_p(text, params=params):
            # Filled up, so that all are one shape; what is read later changes nothing.
            whole = np.pad([1, *text], (0, 6 - len(text)))
            return log_softmax(logits_of(LSTM, params, whole[None], 6)[0, 1 + len(text)])

        ids, scores = beam_search(LSTM, params, [1], 7, width)
        texts, expected = slow_beam(next_log_p, 7, width)
        np.testing.assert_array_equal(ids, texts)
        np.testing.assert_allclose(scores, expected, rtol=1e-4)


def test_a_beam_finds_what_greedy_misses():
    """0 is likelier at first, but what follows 1 is certain."""
    p = np.array([[0.5, 0.5, 0], [0, 0, 1], [1 / 3, 1 / 3, 1 / 3], [0.6, 0.4, 0]])
    with np.errstate(divide="ignore"):
        logits = np.log(p).astype(np.float32)
    ids, scores = beam_search(MARKOV, logits, [], 2, 1)
    np.testing.assert_array_equal(ids, [[0, 0]])
    np.testing.assert_allclose(scores, np.log([0.3]), rtol=1e-6)
    ids, scores = beam_search(MARKOV, logits, [], 2, 9)
    np.testing.assert_array_equal(ids[:3], [[1, 2], [0, 0], [0, 1]])
    np.testing.assert_allclose(scores[:3], np.log([0.4, 0.3, 0.3]), rtol=1e-6)
    # What is impossible comes last, and still every text is another.
    np.testing.assert_array_equal(scores[3:], -np.inf)
    assert len(np.unique(ids, axis=0)) == 9


def ended_texts(size, length, end):
    """All texts with one end at most, filled up with it."""
    texts = {
        (*text[: text.index(end)], *[end] * (length - text.index(end))) if end in text else text
        for text in product(range(size), repeat=length)
    }
    return np.array(sorted(texts))


@models
@pytest.mark.parametrize("alpha", [0.0, 0.7, 1.0])
def test_texts_that_end_are_frozen(decoder, make, alpha):
    params, end = make(3, 2), 1
    texts = ended_texts(3, 4, end)
    # A text's score ends with its first end.
    counted = np.cumsum(texts == end, axis=1) - (texts == end) == 0
    log_p = log_softmax(logits_of(decoder, params, np.pad(texts, ((0, 0), (1, 0))), 3)[:, 1:-1], axis=-1)
    steps = np.take_along_axis(log_p, texts[..., None], axis=-1)[..., 0]
    expected = dict(zip(map(tuple, texts.tolist()), (steps * counted).sum(axis=1)))
    tokens = dict(zip(map(tuple, texts.tolist()), counted.sum(axis=1)))
    ids, scores = beam_search(decoder, params, [0], 4, len(texts), end=end, alpha=alpha)
    found = list(map(tuple, np.asarray(ids).tolist()))
    assert set(found) == set(expected)
    np.testing.assert_allclose(scores, [expected[text] for text in found], rtol=1e-4)
    assert np.all(np.diff([expected[text] / tokens[text] ** alpha for text in found]) < 1e-4)
    with pytest.raises(ValueError, match=f"width must be at most {len(texts)}, the number of texts"):
        beam_search(decoder, params, [0], 4, len(texts) + 1, end=end)


def test_how_many_texts_there_are():
    for size, length in product([1, 2, 4], [1, 2, 5]):
        assert _texts(size, length, False, 10**9) == size**length
        assert _texts(size, length, True, 10**9) == len(ended_texts(size, length, 0))
    assert _texts(33_000, 10**6, True, 50) > 50


# n-grams.


def ngram_model(size=4, order=3, smoothing=kneser_ney):
    return smoothing(count(np.random.default_rng(0).integers(0, size, 60) ** 2 // size, order, size))


def as_decoder(model):
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


def test_a_bigram_model_is_a_decoder():
    model = ngram_model(order=2)
    for width in (1, 5, 60):
        ids, scores = beam_search(MARKOV, as_decoder(model), [2], 6, width)
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


# Errors.


def drawn(**options):
    given = {"prompt": [0], "length": 2, "key": jax.random.key(0), "batch": 1} | options
    return sample(MARKOV, chain(3), given.pop("prompt"), given.pop("length"), given.pop("key"), **given)


def searched(prompt=(), length=2, width=2, **options):
    return beam_search(MARKOV, chain(3), prompt, length, width, **options)


@pytest.mark.parametrize(
    "call, options, message",
    [
        (drawn, {"prompt": [0, 3]}, "id 3 at position 1 of the prompt is outside the vocabulary, 0 to 2"),
        (drawn, {"prompt": [[0], [-1]], "batch": 2}, "id -1 at position 0 of the prompt of row 1 is outside"),
        (drawn, {"prompt": [[0], [1]], "batch": 3}, "prompt must have one row for each of 3 texts"),
        (drawn, {"prompt": [0.5]}, "prompt must hold integers, not float64"),
        (drawn, {"prompt": 1}, r"prompt must be \[length\] or \[batch, length\], not shape \(\)"),
        (drawn, {"length": 0}, "length must be a positive whole number, not 0"),
        (drawn, {"batch": 1.5}, "batch must be a positive whole number, not 1.5"),
        (drawn, {"temperature": 0}, "temperature must be positive and finite, not 0"),
        (drawn, {"temperature": np.inf}, "temperature must be positive and finite"),
        (drawn, {"temperature": np.nan}, "temperature must be positive and finite"),
        (drawn, {"top_k": -1}, "top_k must be 0 .* not -1"),
        (drawn, {"top_k": 2.0}, "top_k must be 0 .* not 2.0"),
        (drawn, {"top_p": 0}, "top_p must be above 0 and at most 1"),
        (drawn, {"top_p": 1.1}, "top_p must be above 0 and at most 1"),
        (drawn, {"key": None}, "a key is needed to draw"),
        (searched, {"prompt": [3]}, "id 3 at position 0 of the prompt is outside"),
        (searched, {"prompt": [[0]]}, "prompt must be one-dimensional"),
        (searched, {"length": 0}, "length must be a positive whole number"),
        (searched, {"width": 0}, "width must be a positive whole number"),
        (searched, {"width": 10}, "width must be at most 9, the number of texts of length 2, not 10"),
        (searched, {"end": 3}, "end must be an id of the vocabulary, 0 to 2, not 3"),
        (searched, {"alpha": -1.0}, "alpha must be 0 .* not -1.0"),
        (searched, {"alpha": np.inf}, "alpha must be 0 .* not inf"),
        (keep, {"logits": jnp.zeros(3), "top_k": -2}, "top_k must be 0 .* not -2"),
        (keep, {"logits": jnp.zeros(3), "top_p": 0.0}, "top_p must be above 0"),
        (generate, {"top_k": -1}, "top_k must be 0 .* not -1"),
        (generate, {"top_p": np.nan}, "top_p must be above 0"),
        (ngram_beam_search, {"width": 0}, "must be at least 1, not 2 and 0"),
        (ngram_beam_search, {"width": 17}, "width must be at most 16, the number of texts of length 2, not 17"),
        (ngram_beam_search, {"width": 1, "prompt": [[1]]}, "prompt must be one-dimensional"),
        (ngram_beam_search, {"width": 1, "prompt": [4]}, "id 4 at position 0 is outside"),
    ],
)
def test_refuses(call, options, message):
    if call in (generate, ngram_beam_search):
        options = {"model": ngram_model(), "prompt": [], "length": 2} | options
        options |= {"seed": 0} if call is generate else {}
    with pytest.raises(ValueError, match=message):
        call(**options)
