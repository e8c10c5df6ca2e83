"""What is asked of a model that writes: its context, its programs; what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import softmax

from rnn_research.decoding import Stream, beam_search, keep, sample
from rnn_research.ngrams import beam_search as ngram_beam_search
from rnn_research.ngrams import generate
from tests.support.chains import MARKOV, advance_markov, chain, check_frequencies, ngram_model


def _start_told(params, context, rows):
    assert context["shift"].shape == (rows,)
    return {"token": jnp.zeros(rows, jnp.int32), "shift": context["shift"]}


def _advance_told(params, state, ids):
    """The chain's logits, so many ids further on as the context says."""
    logits = params[ids]
    size = logits.shape[-1]
    places = (jnp.arange(size)[None, None] - state["shift"][:, None, None]) % size
    return state | {"token": ids[:, -1]}, jnp.take_along_axis(logits, places, axis=-1)


TOLD = Stream(_start_told, _advance_told)


def test_the_context_reaches_the_model():
    """Each row is told another; a text that is told nothing to shift is the chain's own."""
    logits, shifts = jnp.asarray(chain(7)), [0, 3, 5]
    prompts = np.array([[1], [1], [1]])
    greedy = np.asarray(
        sample(TOLD, logits, prompts, 8, None, batch=3, greedy=True, context={"shift": jnp.array(shifts)})
    )
    for row, shift in zip(greedy, shifts):
        last, expected = 1, []
        for _ in range(8):
            last = (int(logits[last].argmax()) + shift) % 7
            expected.append(last)
        np.testing.assert_array_equal(row, expected)
        told = {"shift": jnp.array([shift])}
        np.testing.assert_array_equal(beam_search(TOLD, logits, [1], 8, 1, context=told)[0][0], expected)
        # One row is read once for all the texts that are drawn of it.
        texts = np.asarray(sample(TOLD, logits, [1], 1, jax.random.key(0), batch=5000, context=told))
        check_frequencies(texts[:, 0], np.roll(softmax(np.asarray(logits[1], np.float64)), shift))
    np.testing.assert_array_equal(greedy[0], sample(MARKOV, logits, [1], 8, None, batch=1, greedy=True)[0])


def test_a_program_is_compiled_once():
    traced = []

    def advance(params, state, ids):
        traced.append(ids.shape)
        return advance_markov(params, state, ids)

    stream, params = Stream(MARKOV.start, advance), chain(5)
    for seed, temperature, top_p in [(0, 1.0, 0.9), (1, 0.5, 0.8), (2, 3.0, 0.7)]:
        sample(stream, params, [1], 5, jax.random.key(seed), batch=2, temperature=temperature, top_p=top_p)
        sample(stream, params + seed, [2], 5, jax.random.key(seed), batch=2, temperature=temperature, top_p=top_p)
        beam_search(stream, params, [seed], 5, 2, alpha=temperature)
        if seed == 0:
            first = len(traced)
    assert len(traced) == first


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
