"""Texts searched for, against exhaustive search and lists."""

from itertools import product

import numpy as np
import pytest
from scipy.special import log_softmax

from rnn_research.decoding import beam_search, sample
from rnn_research.decoding.beam import _texts
from tests.support.chains import (
    LSTM,
    MARKOV,
    logits_of,
    lstm_params,
    models,
    scores_of,
    slow_beam,
)


@models
@pytest.mark.parametrize("prompt", [[], [2, 0]])
def test_a_beam_wide_enough_finds_all(stream, make, prompt):
    params = make(3)
    ids, scores = beam_search(stream, params, prompt, 4, 81)
    texts = np.array(list(product(range(3), repeat=4)))
    expected = scores_of(stream, params, prompt, texts, 3)
    order = np.argsort(-expected)
    assert ids.shape == (81, 4) and ids.dtype == np.int32
    assert len(np.unique(ids, axis=0)) == 81
    np.testing.assert_allclose(scores, expected[order], rtol=1e-4)
    np.testing.assert_allclose(scores, scores_of(stream, params, prompt, np.asarray(ids), 3), rtol=1e-4)
    np.testing.assert_allclose(np.exp(np.asarray(scores, np.float64)).sum(), 1, rtol=1e-4)


@models
def test_a_wider_beam_is_never_worse_than_greedy(stream, make):
    for seed in range(5):
        params = make(6, seed)
        greedy = np.asarray(sample(stream, params, [seed], 8, None, batch=1, greedy=True))
        ids, scores = beam_search(stream, params, [seed], 8, 1)
        np.testing.assert_array_equal(ids, greedy)
        np.testing.assert_allclose(scores, scores_of(stream, params, [seed], greedy, 6), rtol=1e-4)
        ids, wider = beam_search(stream, params, [seed], 8, 10)
        assert wider[0] >= scores[0] - 1e-5 and np.all(np.diff(wider) <= 0)
        assert len(np.unique(ids, axis=0)) == 10
        np.testing.assert_allclose(wider, scores_of(stream, params, [seed], np.asarray(ids), 6), rtol=1e-4)


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
def test_texts_that_end_are_frozen(stream, make, alpha):
    params, end = make(3, 2), 1
    texts = ended_texts(3, 4, end)
    # A text's score ends with its first end.
    counted = np.cumsum(texts == end, axis=1) - (texts == end) == 0
    log_p = log_softmax(logits_of(stream, params, np.pad(texts, ((0, 0), (1, 0))), 3)[:, 1:-1], axis=-1)
    steps = np.take_along_axis(log_p, texts[..., None], axis=-1)[..., 0]
    expected = dict(zip(map(tuple, texts.tolist()), (steps * counted).sum(axis=1)))
    tokens = dict(zip(map(tuple, texts.tolist()), counted.sum(axis=1)))
    ids, scores = beam_search(stream, params, [0], 4, len(texts), end=end, alpha=alpha)
    found = list(map(tuple, np.asarray(ids).tolist()))
    assert set(found) == set(expected)
    np.testing.assert_allclose(scores, [expected[text] for text in found], rtol=1e-4)
    assert np.all(np.diff([expected[text] / tokens[text] ** alpha for text in found]) < 1e-4)
    with pytest.raises(ValueError, match=f"width must be at most {len(texts)}, the number of texts"):
        beam_search(stream, params, [0], 4, len(texts) + 1, end=end)


def test_how_many_texts_there_are():
    for size, length in product([1, 2, 4], [1, 2, 5]):
        assert _texts(size, length, False, 10**9) == size**length
        assert _texts(size, length, True, 10**9) == len(ended_texts(size, length, 0))
    assert _texts(33_000, 10**6, True, 50) > 50
