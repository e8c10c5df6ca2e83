"""What the language models of all contenders have in common: a network, and a text without meaning."""

from typing import Literal, NamedTuple

import numpy as np

TOKENS = 200_000  # of the text; more where the vocabulary is larger than a tenth of it


class Job(NamedTuple):
    """A language model to train or to draw texts from.

    Attributes:
      work: ``training`` or ``sampling``.
      vocabulary, embedding, layers, hidden: an embedding of so many ids and features, LSTM layers of a width, a head.
      batch: texts read, or written, at the same time.
      time: steps of backpropagation, or tokens to write.
      chunk: training steps between two looks at the clock; for JAX, in one dispatch.
      optimizer, learning_rate: ``sgd`` or ``adam``; the gradient is clipped at a global norm of 5.
    """

    work: Literal["training", "sampling"]
    vocabulary: int
    embedding: int
    layers: int
    hidden: int
    batch: int
    time: int
    chunk: int = 1
    optimizer: Literal["sgd", "adam"] = "sgd"
    learning_rate: float = 1.0


CLIP_NORM = 5.0


def zipf(vocabulary: int) -> np.ndarray:
    """A text: ids drawn independently, ``p(id) ∝ 1 / (id + 1)`` (Zipf's law); the first ones are all ids there are."""
    rng = np.random.default_rng(0)
    p = 1 / np.arange(1, vocabulary + 1)
    drawn = rng.choice(vocabulary, size=max(TOKENS, 10 * vocabulary), p=p / p.sum())
    return np.concatenate([rng.permutation(vocabulary), drawn])
