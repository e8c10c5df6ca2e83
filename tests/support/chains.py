"""Small models that write, what they should write, and how texts are scored without them."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import log_softmax
from scipy.stats import chisquare

import rnn_research as rr
from rnn_research.decoding import Stream
from rnn_research.ngrams import count, kneser_ney


class Last(NamedTuple):
    """The last id that was read, ``[batch]``."""

    token: jax.Array


def advance_markov(params, state, ids):
    return Last(ids[:, -1]), params[ids]


# The parameters are logits, [V + 1, V]: of the token after each, the last row after what begins a document.
MARKOV = Stream(lambda params, context, rows: Last(jnp.zeros(rows, jnp.int32)), advance_markov)
# Every token is drawn from the same distribution, [V] logits.
UNIGRAM = Stream(MARKOV.start, lambda params, state, ids: (state, jnp.broadcast_to(params, (*ids.shape, params.size))))
CELL = rr.lstm(6)


def _start_lstm(params, context, rows):
    return jax.tree.map(lambda leaf: jnp.zeros((rows, *leaf.shape)), CELL.initial_state())


def _advance_lstm(params, state, ids):
    def one(x, state):
        return rr.unroll(CELL, params["cell"], x, state)

    state, outputs = jax.vmap(one)(params["embedding"][ids], state)
    return state, outputs @ params["head"]


LSTM = Stream(_start_lstm, _advance_lstm)


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
models = pytest.mark.parametrize("stream, make", MODELS.values(), ids=MODELS.keys())


def logits_of(stream, params, texts, size):
    """The logits that predict each token of ``texts [batch, time]`` and the one after, each text read at once."""
    begun = np.concatenate([np.full((len(texts), 1), size), texts], axis=1)
    return np.asarray(_read(stream, params, begun), np.float64)


@partial(jax.jit, static_argnums=0)
def _read(stream, params, ids):
    return stream.advance(params, stream.start(params, None, len(ids)), ids)[1]


def scores_of(stream, params, prompt, texts, size):
    """Sums of log-probabilities of texts after a prompt, in double precision."""
    whole = np.concatenate([np.tile(np.array(prompt, int), (len(texts), 1)), texts], axis=1)
    log_p = log_softmax(logits_of(stream, params, whole, size)[:, len(prompt) : -1], axis=-1)
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


def slow_beam(next_log_p, length, width):
    """With lists, every beginning read anew."""
    beams: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    for _ in range(length):
        extended = [(score + step, (*text, w)) for score, text in beams for w, step in enumerate(next_log_p(text))]
        beams = sorted(extended, key=lambda scored: -scored[0])[:width]
    return [text for _, text in beams], [score for score, _ in beams]


def ngram_model(size=4, order=3, smoothing=kneser_ney):
    return smoothing(count(np.random.default_rng(0).integers(0, size, 60) ** 2 // size, order, size))
