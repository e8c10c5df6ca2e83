"""Texts that a language model writes on the way (S17): from noise to words to sentences (C29)."""

from typing import Any

import numpy as np

from rnn_research.decoding.strategy import Strategy
from rnn_research.exhibits import Texts
from rnn_research.probes.base import Look, Probe, Subject
from rnn_research.probes.writing import SEED, knowing, pieces_of_test_text, writer_of
from rnn_research.tasks.base import Findings

CAPTION = (
    "Drawn from the model at temperature 1. Known words: the share of words, over all texts drawn, that the training "
    "text holds."
)


def texts(steps: tuple[int, ...] = (), texts: int = 20, tokens: int = 300) -> Probe:
    """Texts drawn from nothing, and how many of their words exist.

    Row: ``words``, the share of words over all texts that the training text holds, and ``word_length``, the mean length
    of those; ``words_lacking`` and ``word_length_lacking``, by how much both are below those of the test text, cut into
    pieces of as many tokens. Exhibit: the first text.

    Args:
      steps: updates after which it writes; with 0, before the first.
      texts: how many.
      tokens: length of each.

    Raises:
      ValueError: no texts, or none of any length.
    """
    if texts < 1 or tokens < 1 or min(steps, default=0) < 0:
        raise ValueError(f"probe texts needs texts, tokens above 0 and steps from 0 on, not {texts}, {tokens}, {steps}")

    def check(subject: Subject) -> None:
        writer_of(subject, "texts")

    def make(subject: Subject) -> Look:
        write_with, known = writer_of(subject, "texts"), knowing(subject)
        real = known(pieces_of_test_text(subject, tokens))
        decode, nothing = subject.task.data.codec.decode, np.zeros((texts, 0), np.int32)

        def look(weights: Any) -> Findings:
            found = [decode(ids) for ids in write_with(weights)(Strategy("sample"), nothing, tokens, SEED)]
            share, length = known(found)
            exhibit = Texts("texts", "What it wrote", found[:1], CAPTION, {"known words": share})
            lacking = {"words_lacking": real.share - share, "word_length_lacking": real.length - length}
            return Findings({"words": share, "word_length": length} | lacking, (exhibit,))

        return look

    return Probe(lambda config, step: step in steps, make, check)
