"""Texts drawn from a model, token by token, or the likeliest ones (S17, S26)."""

from collections.abc import Sequence
from numbers import Integral

import numpy as np

from rnn_research.ngrams.probabilities import advance, distribution, read
from rnn_research.ngrams.smoothing import NGramModel


def generate(
    model: NGramModel,
    prompt: np.ndarray | Sequence[int],
    length: int,
    seed: int,
    temperature: float = 1.0,
    batch: int = 1,
    *,
    top_k: int = 0,
    top_p: float = 1.0,
    greedy: bool = False,
) -> np.ndarray:
    """Draws every token from ``p(w | ...) ** (1 / temperature)``, normalised.

    Under maximum likelihood, at any temperature, every n-gram that is drawn is one of the counted text's (C01), except
    after a context that nothing follows there, such as a prompt it does not hold or a document's last tokens: then a
    shorter context decides.

    Args:
      model: a smoothed model.
      prompt: ``[prompt_length]``, the beginning of a document, or ``[batch, prompt_length]``, one for each text; may be
        empty.
      length: tokens to draw.
      seed: the same seed gives the same texts.
      temperature: below 1 the likely tokens become likelier, above 1 less likely.
      batch: texts to draw.
      top_k: draw from this many likeliest tokens; of equally likely ones the lower ids count as likelier. 0: from all.
      top_p: then draw from the fewest likeliest of them that have this probability together, after the temperature and
        over those left (Holtzman et al. 2020). 1: from all.
      greedy: take the likeliest token (of several the lowest id); seed, temperature, ``top_k`` and ``top_p`` change
        nothing.

    Returns:
      ``[batch, length]`` int64, without the prompt.

    Raises:
      ValueError: a prompt of another shape or with ids that are not integers of the vocabulary; a length or batch below
        1; a temperature that is not positive and finite; ``top_k`` that is not 0 or a positive whole number; ``top_p``
        that is not above 0 and at most 1.
    """
    prompts = np.atleast_2d(np.asarray(prompt))
    if np.ndim(prompt) not in (1, 2) or len(prompts) not in (1, batch):
        raise ValueError(f"prompt must be [length] or [{batch}, length], not shape {np.shape(prompt)}")
    if length < 1 or batch < 1:
        raise ValueError(f"length and batch must be at least 1, not {length} and {batch}")
    if not 0 < temperature < np.inf:
        raise ValueError(f"temperature must be positive and finite, not {temperature}")
    if not isinstance(top_k, Integral) or isinstance(top_k, bool) or top_k < 0:
        raise ValueError(f"top_k must be 0 (off) or a positive whole number, not {top_k!r}")
    if not 0 < top_p <= 1:
        raise ValueError(f"top_p must be above 0 and at most 1 (off), not {top_p!r}")
    rng = np.random.default_rng(seed)
    state = [np.repeat(ids, batch // len(prompts)) for ids in read(model.counts, prompts)]
    text = np.empty((batch, length), np.int64)
    for position in range(length):
        p = distribution(model, state)
        if greedy:
            text[:, position] = p.argmax(axis=1)
        else:
            # The largest becomes 1, so that not all of them underflow at a low temperature.
            p = _keep((p / p.max(axis=1, keepdims=True)) ** (1 / temperature), int(top_k), top_p)
            cumulative = np.cumsum(p, axis=1)
            drawn = rng.random((batch, 1)) * cumulative[:, -1:]
            # The first token whose cumulative exceeds the draw: never one of probability 0.
            text[:, position] = np.sum(cumulative <= drawn, axis=1)
        state = advance(model.counts, state, text[:, position])
    return text


def beam_search(
    model: NGramModel, prompt: np.ndarray | Sequence[int], length: int, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """Extends, token by token, the ``width`` beginnings whose log-probabilities are the highest (S26).

    A width of 1 is greedy; one of ``vocabulary_size ** length`` finds all texts. Of equally likely ones, those of the
    likelier beginning come first, then those of the lower id. The texts are all different.

    Args:
      model: a smoothed model.
      prompt: ``[prompt_length]``, the beginning of a document; may be empty.
      length: tokens of every text.
      width: texts to keep.

    Returns:
      ``(ids [width, length] int64, scores [width])``, best first, without the prompt; a score is the sum of the natural
      logarithms of the tokens' probabilities given what came before, prompt included; −inf where one is 0.

    Raises:
      ValueError: a prompt as in ``generate``; a length or width below 1; a width above the number of texts there are.
    """
    prompt = _prompt(prompt)
    if length < 1 or width < 1:
        raise ValueError(f"length and width must be at least 1, not {length} and {width}")
    size = model.counts.vocabulary_size
    # 2 ** 64 is above any width; a larger power need not be computed.
    if width > int(size) ** min(length, 64):
        raise ValueError(f"width must be at most {size**length}, the number of texts of length {length}, not {width}")
    state = read(model.counts, prompt[None])
    text, scores = np.empty((1, length), np.int64), np.zeros(1)
    for position in range(length):
        p = distribution(model, state)
        # Ranked before logarithms and sums round: what they make equal stays in this order.
        ids = np.argsort(-p, axis=1, kind="stable")[:, :width]
        with np.errstate(divide="ignore"):
            extended = (scores[:, None] + np.log(np.take_along_axis(p, ids, axis=1))).reshape(-1)
        chosen = np.argsort(-extended, kind="stable")[:width]
        parents, tokens = chosen // ids.shape[1], ids.reshape(-1)[chosen]
        text, scores = text[parents], extended[chosen]
        text[:, position] = tokens
        state = advance(model.counts, [contexts[parents] for contexts in state], tokens)
    return text, scores


def _prompt(prompt: np.ndarray | Sequence[int]) -> np.ndarray:
    prompt = np.asarray(prompt)
    if prompt.ndim != 1:
        raise ValueError(f"prompt must be one-dimensional, not shape {prompt.shape}")
    return prompt


def _keep(p: np.ndarray, top_k: int, top_p: float) -> np.ndarray:
    """``p [batch, vocabulary_size]`` with 0 outside the likeliest ``top_k``, then outside the nucleus of those left."""
    if not 0 < top_k < p.shape[1] and top_p == 1:
        return p
    order = np.argsort(-p, axis=1, kind="stable")[:, : top_k or None]
    ranked = np.take_along_axis(p, order, axis=1)
    if top_p < 1:
        cumulative = np.cumsum(ranked, axis=1)
        # A token is needed if those before it are not enough.
        before = np.roll(cumulative, 1, axis=1)
        before[:, 0] = 0
        ranked = np.where(before < top_p * cumulative[:, -1:], ranked, 0)
    kept = np.zeros_like(p)
    np.put_along_axis(kept, order, ranked, axis=1)
    return kept
