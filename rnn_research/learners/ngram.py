"""n-gram models as learners: counted where a network would be trained (S01)."""

import dataclasses
import time
from collections.abc import Iterator, Mapping

import numpy as np

from rnn_research.data.streams import Stream
from rnn_research.decoding.strategy import Strategy
from rnn_research.exhibits import Texts
from rnn_research.experiment.config import TrialConfig, static
from rnn_research.learners.base import Kind, Learner, Trained, Write
from rnn_research.ngrams import NGramModel, beam_search, generate, log_probabilities, unseen_share
from rnn_research.ngrams.fit import NGram, fit, kept_documents
from rnn_research.ngrams.fit import ngram as make_spec
from rnn_research.ngrams.probabilities import advance, distribution, read
from rnn_research.probes import Subject
from rnn_research.probes.looking import looking
from rnn_research.tasks.base import Batch, Findings, Mean, Row, Seen, Target, Task, Terms, averages, conclude
from rnn_research.tasks.language_model import batch_of, stream_of
from rnn_research.training.event import Event, Looking


def ngram(order: int = 5, smoothing: str = "kneser_ney", k: float = 1.0, leave_out: float = 0.0) -> Kind:
    """An n-gram model, n = ``order``; no network, no updates, and deterministic unless some text is left out.

    Args:
      smoothing: ``none`` (maximum likelihood), ``add_k``, ``kneser_ney`` (interpolated, modified).
      k: what ``add_k`` adds to every count.
      leave_out: share of the training text, in blocks of 1,000 tokens drawn by the seed, that is not counted: runs then
        differ, and their spread says how much the text matters.

    Raises:
      ValueError: another smoothing, an order below 1, ``k`` not above 0, ``leave_out`` outside [0, 1).
    """
    spec = make_spec(order, smoothing, k, leave_out)
    return Kind(
        make=lambda config, task, devices: make(spec, config, task),
        load=lambda config, inputs, target, arrays: load(spec, target, arrays),
        model=False,
    )


def make(spec: NGram, config: TrialConfig, task: Task) -> Learner:
    """A learner of a text.

    The rows of a trial: ``train`` (scores, and the time that counting took), ``valid``, ``test``, and in ``probe`` the
    number of distinct n-grams, the share of unseen ones in the validation text (C02), and what ``config.probes`` look
    at; where texts are asked for, ``seen`` is the share of their n-grams that the training text holds (C01).

    Raises:
      ValueError: anything but text.
    """
    if not isinstance(task.data.arrays, Stream):
        raise ValueError(f"learner ngram is for language models, not for task {config.task.name!r}")
    subject = Subject(static(config), task, write=writer)
    # It makes no updates: what is looked at after the last is looked at before the first.
    untrained = dataclasses.replace(config, train=dataclasses.replace(config.train, steps=0))
    probing = looking(subject) if config.probes else None

    def run(configs, starts=None, *, test=True, due=None, stopping=lambda: False) -> Iterator[Event]:
        for index, trial in enumerate(configs):
            if stopping():
                yield from (Event(later, "paused", 0, {}) for later in range(index, len(configs)))
                return
            yield from _count(spec, task, trial, index, test, probing, untrained)

    return Learner(
        facts={} if spec.leave_out else {"deterministic": True},
        seconds_per_step=0.0,
        prepare=None,
        run=run,
        trained=lambda state: load(spec, task.target, state),
        template=None,
        subject=subject,
    )


def _count(
    spec: NGram,
    task: Task,
    config: TrialConfig,
    index: int,
    test: bool,
    probing: Looking | None,
    untrained: TrialConfig,
) -> Iterator[Event]:
    """Count one trial's text, score it, look at it."""
    train = Stream(*map(np.asarray, task.data.arrays))
    valid = held_out(task, "valid", config.train.valid_examples)
    started = time.monotonic()
    counted = kept_documents(spec, documents(train), config.seed)
    model = fit(spec, counted, task.target.size)
    seconds = time.monotonic() - started
    rows: dict[str, Row] = {
        "train": score(task, model, train) | {"seconds": seconds, "tokens_per_s": len(train.ids) / seconds},
        "valid": score(task, model, valid),
    }
    exhibits: tuple = ()
    if test:
        unseen = unseen_share(model.counts, documents(held_out(task, "valid", 10**9)))
        found = looks(model, config, probing, untrained)
        rows["probe"] = {"ngrams": len(model.counts.counts[-1]), "unseen": float(unseen[-1])} | found.numbers
        exhibits = found.exhibits
    yield Event(index, "started", 0, rows, exhibits)
    best = 0, rows["valid"]["loss"]
    concluded = _tested(task, model, config) if test else Findings({})
    rows = {"test": concluded.numbers} if test else {}
    yield Event(index, "done", 0, rows, concluded.exhibits, state=arrays_of(counted), best=best)


def _tested(task: Task, model: NGramModel, config: TrialConfig) -> Findings:
    def seen(split: str) -> Seen:
        examples = task.data.held_out(split, config.train.test_examples)
        row, by_row = score_rows(task, model, examples)
        return Seen(
            row,
            lambda: likeliest_in_batches(model, examples),
            examples,
            by_row,
            lambda: losses_in_batches(model, examples),
        )

    return conclude(task, {split: seen(split) for split in task.data.tested})


def looks(model: NGramModel, config: TrialConfig, probing: Looking | None, untrained: TrialConfig) -> Findings:
    """What the probes find, and what share of the n-grams of drawn texts was counted."""
    if probing is None or not probing.due(untrained, 0):
        return Findings({})
    found = probing.look(model, untrained, 0)
    exhibits = tuple(one._replace(when="counted") if isinstance(one, Texts) else one for one in found.exhibits)
    asked = [options for options in (dict(one.options) for one in config.probes) if {"texts", "tokens"} <= set(options)]
    if not asked:
        return Findings(found.numbers, exhibits)
    drawn = generate(model, [], int(asked[0]["tokens"]), config.seed, batch=int(asked[0]["texts"]))
    seen = 1 - float(unseen_share(model.counts, list(drawn))[-1])
    return Findings(found.numbers | {"seen": seen}, exhibits)


def score(task: Task, model: NGramModel, stream: Stream) -> Row:
    """The task's metrics of a text, in double precision."""
    return _row(task, stream, -log_probabilities(model, documents(stream)))


def score_rows(task: Task, model: NGramModel, examples: Batch) -> tuple[Row, Mean | None]:
    """The metrics of a held-out text, and the reported one of each of the sequences that it was cut into."""
    stream = stream_of(examples)
    nats = -log_probabilities(model, documents(stream))
    batches, rows, length = examples.weights.shape
    pieces = [slice(first, first + length) for first in range(0, batches * rows * length, length)]
    found = [
        _means(task, Stream(*(field[piece] for field in stream)), nats[piece]).get(task.goal.metric) for piece in pieces
    ]
    if found[0] is None:
        return _row(task, stream, nats), None
    return _row(task, stream, nats), Mean(*np.array(found).T.reshape(2, rows, batches).swapaxes(1, 2))


def _row(task: Task, stream: Stream, nats: np.ndarray) -> Row:
    return {name: float(value) for name, value in averages(task, _means(task, stream, nats)).items()}


def _means(task: Task, stream: Stream, nats: np.ndarray) -> Mapping[str, Mean]:
    batch = batch_of(stream)
    return task.measure(Terms(nats[None], batch.weights), batch)


def losses_in_batches(model: NGramModel, examples: Batch) -> np.ndarray:
    """``−ln p`` of every token of a text cut into batches, of the shape of their weights; 0 where they hold none."""
    by_row = examples.weights.swapaxes(0, 1)
    found = np.zeros(by_row.shape)
    found[by_row > 0] = -log_probabilities(model, documents(stream_of(examples)))
    return found.swapaxes(0, 1)


def held_out(task: Task, split: str, examples: int) -> Stream:
    """As much of a text as a network would be scored on."""
    return stream_of(task.data.held_out(split, examples))


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


def likeliest(model: NGramModel, inputs: np.ndarray) -> np.ndarray:
    """The likeliest token after every one of ``inputs [rows, time]``, in which the id V begins a document."""
    counts, size = model.counts, model.counts.vocabulary_size
    first = state = read(counts, np.zeros((len(inputs), 0), np.int64))
    found = np.zeros(inputs.shape, np.int32)
    for step, ids in enumerate(np.asarray(inputs, np.int64).T):
        after = advance(counts, state, np.minimum(ids, size - 1))
        state = [np.where(ids == size, old, new) for old, new in zip(first, after, strict=True)]
        found[:, step] = distribution(model, state).argmax(axis=1)
    return found


def likeliest_in_batches(model: NGramModel, examples: Batch) -> np.ndarray:
    """The same of batches of rows that go on from one to the next, ``[batches, rows, time]``."""
    batches, rows, time = examples.inputs.shape
    flat = likeliest(model, examples.inputs.swapaxes(0, 1).reshape(rows, batches * time))
    return flat.reshape(rows, batches, time).swapaxes(0, 1)


def arrays_of(counted: list[np.ndarray]) -> dict[str, np.ndarray]:
    """The documents that were counted, in the smallest whole numbers that hold them: with the options, that is the
    model, and much less than its counts."""
    ids = np.concatenate(counted)
    lengths = np.array([len(document) for document in counted])
    return {"ids": ids.astype(np.min_scalar_type(int(ids.max()))), "lengths": lengths}


def load(spec: NGram, target: Target, arrays: Mapping[str, np.ndarray]) -> Trained:
    """Count the documents of a checkpoint again."""
    ids = np.asarray(arrays["ids"]).astype(np.int32)
    counted = np.split(ids, np.cumsum(arrays["lengths"])[:-1])
    model = fit(spec, counted, target.size)
    return Trained(lambda batch: likeliest(model, batch.inputs), writer(model))
