"""What the probes that have a model write share: who writes, prompts, the dictionary."""

from collections.abc import Callable, Container, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnn_research.data.encoding import Tokeniser
from rnn_research.decoding.measures import known_length, known_words, words
from rnn_research.probes.base import Subject
from rnn_research.tasks.base import EVERYTHING
from rnn_research.tasks.language_model import stream_of

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


class Known(NamedTuple):
    """Of texts: the share of their words that the training text holds, and the mean length of those, in characters;
    both averaged over texts, NaN where there is none."""

    share: float
    length: float


def knowing(subject: Subject) -> Callable[[Sequence[str]], Known]:
    """What of texts the training text holds."""
    data = subject.task.data
    dictionary = set(words(data.codec.decode(np.asarray(data.arrays.ids))))

    def averaged(measure: Callable[[str, Container[str]], float], texts: Sequence[str]) -> float:
        found = np.array([measure(one, dictionary) for one in texts])
        return float(np.nanmean(found)) if np.isfinite(found).any() else float("nan")

    return lambda texts: Known(averaged(known_words, texts), averaged(known_length, texts))


def pieces_of_test_text(subject: Subject, tokens: int) -> list[str]:
    """The test text in pieces of so many tokens: what written texts are held against."""
    data = subject.task.data
    ids = stream_of(data.held_out("test", EVERYTHING)).ids
    return [data.codec.decode(ids[first : first + tokens]) for first in range(0, len(ids), tokens)]
