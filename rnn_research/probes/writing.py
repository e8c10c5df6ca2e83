"""What the probes that have a model write share: who writes, prompts, the dictionary."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rnn_research.data.encoding import Tokeniser
from rnn_research.decoding.measures import known_words, words
from rnn_research.probes.base import Subject

PROMPT = 16  # tokens of validation text that a text goes on from when strategies are compared
SEED = 20150521


def writer_of(subject: Subject, probe: str) -> Callable[[Any], Any]:
    """How the subject writes, given its weights.

    Raises:
      ValueError: it cannot, or its task has no text.
    """
    if not isinstance(subject.task.data.codec, Tokeniser):
        raise ValueError(f"probe {probe} is for language models, not for task {subject.config.task.name!r}")
    if subject.write is None:
        if subject.model is None:
            raise ValueError(f"probe {probe} is for models that write, not for learner {subject.config.learner.name!r}")
        raise ValueError("a network that reads both ways cannot write: it would have to know what comes")
    return subject.write


def share_of_known_words(subject: Subject) -> Callable[[Sequence[str]], float]:
    """``(texts) -> `` the share of their words that the training text holds, averaged; NaN where they hold no word."""
    data = subject.task.data
    dictionary = set(words(data.codec.decode(np.asarray(data.arrays.ids))))

    def share(texts: Sequence[str]) -> float:
        shares = np.array([known_words(one, dictionary) for one in texts])
        return float(np.nanmean(shares)) if np.isfinite(shares).any() else float("nan")

    return share
