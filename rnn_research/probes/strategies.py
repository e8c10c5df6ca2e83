"""Ways of generating text, compared when training is over (S18, C30)."""

import time
from typing import Any

import numpy as np

from rnn_research.decoding.measures import distinct, repeated
from rnn_research.decoding.strategy import Strategy, parse_strategies
from rnn_research.probes.base import Look, Probe, Subject, at_end
from rnn_research.probes.writing import PROMPT, SEED, knowing, writer_of
from rnn_research.tasks.base import Findings, Row
from rnn_research.tasks.language_model import stream_of


def strategies(strategies: tuple[str, ...] = ("greedy", "sample"), texts: int = 20, tokens: int = 300) -> Probe:
    """For each strategy S, texts that go on from validation text, and as many that all go on from one piece of it.

    Row: ``repeated@S`` and ``words@S`` of the first, ``distinct@S`` of the second, and ``written_per_s@S``, tokens a
    second.

    Args:
      strategies: ``greedy``, ``sample``, ``sample(0.5)``, ``beam(4)``.
      texts: how many of each.
      tokens: length of each.

    Raises:
      ValueError: a strategy of another form, no texts, or none of any length.
    """
    if texts < 1 or tokens < 1:
        raise ValueError(f"probe strategies needs texts and tokens above 0, not {texts} and {tokens}")
    wanted = parse_strategies(strategies)

    def check(subject: Subject) -> None:
        writer_of(subject, "strategies")
        if (length := len(_validation_text(subject))) < PROMPT:
            raise ValueError(f"probe strategies needs {PROMPT} tokens of validation text, not {length}")
        size = subject.task.data.codec.size
        for name, strategy in wanted.items():
            if strategy.name == "beam" and strategy.width > size**tokens:
                raise ValueError(f"probe strategies: {name} keeps more texts than there are, {size**tokens}")

    def make(subject: Subject) -> Look:
        check(subject)
        write_with, known = writer_of(subject, "strategies"), knowing(subject)
        decode = subject.task.data.codec.decode
        prompts = _prompts(_validation_text(subject), texts)

        def compare(write: Any, name: str, strategy: Strategy) -> Row:
            found = [decode(one) for one in write(strategy, prompts, tokens, SEED)]
            # Timed the second time, as the first may wait for the compiler.
            started = time.monotonic()
            ids = write(strategy, np.tile(prompts[:1], (len(prompts), 1)), tokens, SEED + 1)
            seconds = time.monotonic() - started
            again = [decode(one) for one in ids]
            return {
                f"repeated@{name}": float(np.mean([repeated(one) for one in found])),
                f"words@{name}": known(found).share,
                f"distinct@{name}": distinct(again),
                f"written_per_s@{name}": ids.size / seconds,
            }

        def look(weights: Any) -> Findings:
            row: Row = {}
            for name, strategy in wanted.items():
                row |= compare(write_with(weights), name, strategy)
            return Findings(row)

        return look

    return Probe(at_end, make, check)


def _validation_text(subject: Subject) -> np.ndarray:
    """All of it, as ids."""
    return stream_of(subject.task.data.held_out("valid", 10**9)).ids


def _prompts(ids: np.ndarray, count: int) -> np.ndarray:
    """Pieces of a text, evenly spread: ``[count, PROMPT]``."""
    first = np.linspace(0, len(ids) - PROMPT, count).astype(int)
    return ids[first[:, None] + np.arange(PROMPT)]
