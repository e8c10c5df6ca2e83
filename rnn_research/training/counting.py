"""N-gram models as trials: counted, scored, and asked for texts, where a network would be trained."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnn_research.data.streams import Stream
from rnn_research.decoding.strategy import Strategy
from rnn_research.experiment.config import TrialConfig
from rnn_research.ngrams import NGramModel, beam_search, generate, log_probabilities, unseen_share
from rnn_research.ngrams.fit import NGram, fit
from rnn_research.tasks import Task
from rnn_research.tasks.language_model import Text, text_scores
from rnn_research.training.pack import Event
from rnn_research.training.texts import Write, make_texts


class Counting(NamedTuple):
    """What stands in a ``Program``'s place for n-gram trials of one configuration; they leave no checkpoints."""

    task: Task
    spec: NGram
    template: None = None


def run_counting(
    counting: Counting,
    configs: Sequence[TrialConfig],
    *,
    test: bool = True,
    stopping: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """Count for every trial; yield what ``run_pack`` would yield of trials without steps.

    Of the held-out texts, as many tokens are scored as of a network. ``stopping`` is asked before every trial; if so,
    those not yet counted are ``paused``.

    The rows: ``train`` (scores, and the time that counting took), ``valid``, ``test``, and in ``probe`` the number of
    distinct n-grams, the share of unseen ones in the validation text (C02), and what texts were asked for; of these,
    ``seen`` is the share of their n-grams that the training text holds (C01).
    """
    text: Text = counting.task.text
    for index, config in enumerate(configs):
        if stopping():
            yield from (Event(later, "paused", 0, {}) for later in range(index, len(configs)))
            return
        valid = first_tokens(text.streams["valid"], config.train.valid_examples * counting.task.time)
        started = time.monotonic()
        train = documents(text.streams["train"])
        model = fit(counting.spec, train, text.tokeniser.size, config.seed)
        seconds = time.monotonic() - started
        tokens = sum(map(len, train))
        rows: dict[str, dict[str, Any]] = {
            "train": score(model, text.streams["train"]) | {"seconds": seconds, "tokens_per_s": tokens / seconds},
            "valid": score(model, valid),
        }
        if test:
            rows["probe"] = _looks(model, counting, config, text)
        yield Event(index, "started", 0, rows)
        best = 0, rows["valid"]["loss"]
        yield Event(index, "done", 0, _tested(model, counting.task, config) if test else {}, best=best)


def _tested(model: NGramModel, task: Task, config: TrialConfig) -> dict[str, dict[str, Any]]:
    count = config.train.test_examples * task.time
    rows = {split: score(model, first_tokens(task.text.streams[split], count)) for split in task.tested}
    return {"test": task.conclude(rows)}


def score(model: NGramModel, stream: Stream) -> dict[str, float]:
    """Nats per token, bits per character, perplexity of a text."""
    return text_scores(-log_probabilities(model, documents(stream)), stream)


def first_tokens(stream: Stream, count: int) -> Stream:
    """The beginning of a stream."""
    return Stream(*(field[:count] for field in stream))


def documents(stream: Stream) -> list[np.ndarray]:
    """A stream's documents, ids ``[length]`` each."""
    return np.split(stream.ids, np.flatnonzero(stream.starts)[1:])


def writer(model: NGramModel) -> Write:
    """How an n-gram model writes texts."""

    def write(strategy: Strategy, prompts: np.ndarray, tokens: int, seed: int) -> np.ndarray:
        if strategy.name == "beam":
            return np.stack([beam_search(model, prompt, tokens, strategy.width)[0][0] for prompt in prompts])
        return generate(
            model,
            prompts,
            tokens,
            seed,
            strategy.temperature,
            len(prompts),
            top_k=strategy.top_k,
            top_p=strategy.top_p,
            greedy=strategy.name == "greedy",
        )

    return write


def _looks(model: NGramModel, counting: Counting, config: TrialConfig, text: Text) -> dict[str, Any]:
    unseen = unseen_share(model.counts, documents(text.streams["valid"]))
    row: dict[str, Any] = {"ngrams": len(model.counts.counts[-1]), "unseen": float(unseen[-1])}
    steps = config.probe.samples or config.probe.strategies
    if not steps:
        return row
    started = time.monotonic()
    row |= make_texts(config.probe, text)(writer(model), 0, True)
    drawn = generate(model, [], config.probe.tokens, config.seed, batch=config.probe.texts)
    row["seen"] = 1 - float(unseen_share(model.counts, list(drawn))[-1])
    return row | {"probe_seconds": time.monotonic() - started}
