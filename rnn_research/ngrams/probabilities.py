"""What a model says of a text, and of the next token."""

from collections.abc import Sequence

import numpy as np

from rnn_research.ngrams.counts import Counts, Tokens, documents, find, padding_id, walk
from rnn_research.ngrams.smoothing import NGramModel

# What a model knows of the tokens so far: entry m, [batch], is the id of the last m of them, −1 if unseen; m < n.
State = list[np.ndarray]


def log_probabilities(model: NGramModel, tokens: Tokens) -> np.ndarray:
    """``log p(x_i | the n−1 tokens before)``, natural logarithm, at every position.

    Args:
      model: a smoothed model.
      tokens: ``[length]``, or a list of documents, which come one after another. A document begins with padding.

    Returns:
      ``[length]``; −inf where maximum likelihood has not seen the token after its context.

    Raises:
      ValueError: tokens as in ``count``.
    """
    flat, first = documents(tokens, model.counts.vocabulary_size)
    p = np.full(len(flat), 1 / model.counts.vocabulary_size)
    for m, (contexts, rows) in enumerate(walk(model.counts, flat, first)):
        p = model.direct[m][rows] + model.backoff[m][contexts] * p
    with np.errstate(divide="ignore"):
        return np.log(p)


def entropy(model: NGramModel, tokens: Tokens) -> float:
    """``H = −1/length · Σ_i log2 p(x_i | ...)``, the cross-entropy in bits per token (S19); inf if a p is 0.

    Raises:
      ValueError: tokens as in ``count``.
    """
    return float(-np.mean(log_probabilities(model, tokens)) / np.log(2))


def perplexity(model: NGramModel, tokens: Tokens) -> float:
    """``2 ** entropy`` (S19, C31): the size of the vocabulary whose uniform distribution is as uncertain.

    Raises:
      ValueError: tokens as in ``count``.
    """
    return float(np.exp2(entropy(model, tokens)))


def next_probabilities(model: NGramModel, context: np.ndarray | Sequence) -> np.ndarray:
    """The distribution of the token after a context.

    Args:
      model: a smoothed model.
      context: ``[length]`` or ``[batch, length]``, a document so far; may be empty. Its last n−1 tokens matter, with
        padding on the left where there are fewer.

    Returns:
      ``[vocabulary_size]`` or ``[batch, vocabulary_size]``; sums to 1.

    Raises:
      ValueError: a context of another shape, ids that are not integers of the vocabulary.
    """
    context = np.asarray(context)
    if context.ndim not in (1, 2):
        raise ValueError(f"context must be [length] or [batch, length], not shape {context.shape}")
    p = distribution(model, read(model.counts, np.atleast_2d(context)))
    return p if context.ndim == 2 else p[0]


def read(counts: Counts, contexts: np.ndarray) -> State:
    """The state after contexts, ``[batch, length]``.

    Raises:
      ValueError: ids that are not integers of the vocabulary.
    """
    if contexts.size:
        documents(list(contexts) if len(contexts) > 1 else contexts[0], counts.vocabulary_size)
    # Enough for a state to hold no trace of where it began.
    recent = contexts[:, max(contexts.shape[1] - counts.order + 1, 0) :].astype(np.int64)
    state = [np.full(len(contexts), padding_id(counts, m)) for m in range(counts.order)]
    for tokens in recent.T:
        state = advance(counts, state, tokens)
    return state


def advance(counts: Counts, state: State, tokens: np.ndarray) -> State:
    """The state after one more token, ``[batch]``."""
    return [state[0], *(find(counts, m, state[m - 1], tokens) for m in range(1, counts.order))]


def distribution(model: NGramModel, state: State) -> np.ndarray:
    """``[batch, vocabulary_size]``, the distribution of the next token."""
    size = model.counts.vocabulary_size
    p = np.full((len(state[0]), size), 1 / size)
    for keys, direct, backoff, contexts in zip(model.counts.keys, model.direct, model.backoff, state, strict=True):
        p *= backoff[contexts][:, None]
        # A context's m-grams lie next to each other; those of an unseen one, −1, are none.
        begin, end = np.searchsorted(keys, contexts * size), np.searchsorted(keys, (contexts + 1) * size)
        example = np.repeat(np.arange(len(contexts)), end - begin)
        rows = np.arange(len(example)) + np.repeat(end - np.cumsum(end - begin), end - begin)
        p[example, keys[rows] % size] += direct[rows]
    return p
