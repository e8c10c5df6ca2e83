"""Texts that a language model writes while it is trained (S17) and when it is done (S18)."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from rnn_research.cells import Params
from rnn_research.decoding import Decoder, beam_search, sample
from rnn_research.decoding.measures import distinct, known_words, repeated, words
from rnn_research.decoding.strategy import Strategy, parse_strategies
from rnn_research.experiment.config import ProbeConfig, sample_steps
from rnn_research.models import Model
from rnn_research.tasks.language_model import Text

PROMPT = 16  # tokens of validation text that a text goes on from when strategies are compared
TEXT_SEED = 20150521


# (strategy, prompts [texts, P], tokens, seed) -> ids [texts, tokens]; P may be 0.
Write = Callable[[Strategy, np.ndarray, int, int], np.ndarray]


def make_texts(probe: ProbeConfig, text: Text | None) -> Callable[[Write, int, bool], dict[str, Any]]:
    """What ``probe.samples`` and ``probe.strategies`` ask for.

    Returns:
      ``(write, step, ended) -> row``: at a step of ``samples``, ``sample`` (the first text), and the share of known
      words of all; at the end, for each strategy S, ``repeated@S`` and ``words@S`` of texts that go on from validation
      text, ``distinct@S`` of as many texts that all go on from the same piece of it, and ``written_per_s@S``, tokens a
      second.

    Raises:
      ValueError: texts asked of a task that has none, or a strategy of another form.
    """
    steps, strategies = sample_steps(probe), parse_strategies(probe.strategies)
    if not steps and not strategies:
        return lambda write, step, ended: {}
    if text is None:
        raise ValueError("probe.samples and probe.strategies are for language models")
    decode = text.tokeniser.decode
    dictionary = set(words(decode(text.streams["train"].ids)))
    prompts = _prompts(text.streams["valid"].ids, probe.texts)
    nothing = np.zeros((probe.texts, 0), np.int32)

    def known(texts: Sequence[str]) -> float:
        shares = np.array([known_words(one, dictionary) for one in texts])
        return float(np.nanmean(shares)) if np.isfinite(shares).any() else float("nan")

    def sample(write: Write) -> dict[str, Any]:
        texts = [decode(ids) for ids in write(Strategy("sample"), nothing, probe.tokens, TEXT_SEED)]
        return {"sample": texts[0], "words": known(texts)}

    def compare(write: Write, name: str, strategy: Strategy) -> dict[str, Any]:
        texts = [decode(one) for one in write(strategy, prompts, probe.tokens, TEXT_SEED)]
        # Timed the second time, as the first may wait for the compiler.
        started = time.monotonic()
        ids = write(strategy, np.tile(prompts[:1], (len(prompts), 1)), probe.tokens, TEXT_SEED + 1)
        seconds = time.monotonic() - started
        again = [decode(one) for one in ids]
        return {
            f"repeated@{name}": float(np.mean([repeated(one) for one in texts])),
            f"words@{name}": known(texts),
            f"distinct@{name}": distinct(again),
            f"written_per_s@{name}": ids.size / seconds,
        }

    def look(write: Write, step: int, ended: bool) -> dict[str, Any]:
        row = sample(write) if step in steps else {}
        for name, strategy in strategies.items() if ended else ():
            row |= compare(write, name, strategy)
        return row

    return look


def writer(model: Model) -> Callable[[Params], Write]:
    """How a network writes texts.

    Raises:
      ValueError: it reads both ways: it knows what it is to write (C20).
    """
    if model.start(1) is None:
        raise ValueError("a network that reads both ways cannot write: it would have to know what comes")

    def advance(params, state, ids):
        state, features = model.run(params, ids, state=state)
        return state, model.read(params, features)

    decoder = Decoder(model.start, advance)

    def with_params(params: Params) -> Write:
        def write(strategy: Strategy, prompts: np.ndarray, tokens: int, seed: int) -> np.ndarray:
            if strategy.name == "beam":
                beams = [beam_search(decoder, params, prompt, tokens, strategy.width)[0][0] for prompt in prompts]
                return np.stack(beams)
            ids = sample(
                decoder,
                params,
                prompts,
                tokens,
                jax.random.key(seed),
                batch=len(prompts),
                temperature=strategy.temperature,
                top_k=strategy.top_k,
                top_p=strategy.top_p,
                greedy=strategy.name == "greedy",
            )
            return np.asarray(ids)

        return write

    return with_params


def _prompts(ids: np.ndarray, count: int) -> np.ndarray:
    """Pieces of a text, evenly spread: ``[count, PROMPT]``."""
    first = np.linspace(0, len(ids) - PROMPT, count).astype(int)
    return ids[first[:, None] + np.arange(PROMPT)]
