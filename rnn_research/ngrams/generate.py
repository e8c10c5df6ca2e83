"""Texts drawn from a model, token by token."""

from collections.abc import Sequence

import numpy as np

from rnn_research.ngrams.probabilities import advance, distribution, read
from rnn_research.ngrams.smoothing import Model


def generate(
    model: Model,
    prompt: np.ndarray | Sequence[int],
    length: int,
    seed: int,
    temperature: float = 1.0,
    batch: int = 1,
) -> np.ndarray:
    """Draws every token from ``p(w | ...) ** (1 / temperature)``, normalised.

    Under maximum likelihood, at any temperature, every n-gram that is drawn is one of the counted text's (C01), except
    after a context that nothing follows there, such as a prompt it does not hold or a document's last tokens: then a
    shorter context decides.

    Args:
      model: a smoothed model.
      prompt: ``[prompt_length]``, the beginning of a document; may be empty.
      length: tokens to draw.
      seed: the same seed gives the same texts.
      temperature: below 1 the likely tokens become likelier, above 1 less likely.
      batch: texts to draw.

    Returns:
      ``[batch, length]`` int64, without the prompt.

    Raises:
      ValueError: a prompt of another shape or with ids that are not integers of the vocabulary; a length or batch below
        1; a temperature that is not positive and finite.
    """
    prompt = np.asarray(prompt)
    if prompt.ndim != 1:
        raise ValueError(f"prompt must be one-dimensional, not shape {prompt.shape}")
    if length < 1 or batch < 1:
        raise ValueError(f"length and batch must be at least 1, not {length} and {batch}")
    if not 0 < temperature < np.inf:
        raise ValueError(f"temperature must be positive and finite, not {temperature}")
    rng = np.random.default_rng(seed)
    state = [np.repeat(ids, batch) for ids in read(model.counts, prompt[None])]
    text = np.empty((batch, length), np.int64)
    for position in range(length):
        p = distribution(model, state)
        # The largest becomes 1, so that not all of them underflow at a low temperature.
        p = (p / p.max(axis=1, keepdims=True)) ** (1 / temperature)
        cumulative = np.cumsum(p, axis=1)
        drawn = rng.random((batch, 1)) * cumulative[:, -1:]
        # The first token whose cumulative exceeds the draw: never one of probability 0.
        text[:, position] = np.sum(cumulative <= drawn, axis=1)
        state = advance(model.counts, state, text[:, position])
    return text
