"""The baseline of text classification: logistic regression on counts of words or characters and their n-grams."""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache, partial
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.special import log_softmax, softmax

from rnn_research.experiment.config import TrialConfig
from rnn_research.learners.base import Kind, Learner
from rnn_research.learners.fitted import Fitted, State, learner_of, trained
from rnn_research.tasks.base import EVERYTHING, Batch, Inputs, Target, Task, Terms
from rnn_research.training.program import Devices

STRENGTHS = tuple(float(f"{c:.2g}") for c in np.geomspace(0.01, 1000, 11))  # C of scikit-learn, neighbours √10 apart
ITERATIONS = 1000

Places = Mapping[tuple[int, ...], int]


def bag_of_ngrams(n: int = 2, tfidf: bool = True) -> Kind:
    """How often every n-gram of tokens occurs in a text, wherever it stands, and logistic regression of that
    (scikit-learn's, with half the squared weights beside ``C`` times the summed loss).

    All training examples count once, whatever ``train.steps`` are: they are the task's held-out batches of ``train``.
    ``C`` rises from 0.01 as long as the loss on ``train.valid_examples`` falls. No score depends on the seed. For tasks
    that read ids and give one class for the sequence.

    Args:
      n: tokens of the longest n-gram; shorter ones count too.
      tfidf: n-grams weigh ``1 + ln((1 + texts) / (1 + texts that hold it))`` a time, and the weights of a text have
        norm 1 (scikit-learn's ``TfidfTransformer``); False: every time counts one.

    Raises:
      ValueError: an n below 1.
    """
    if n < 1:
        raise ValueError(f"bag_of_ngrams needs n of 1 or more, not {n}")

    def load(config: TrialConfig, inputs: Inputs, target: Target, arrays: Mapping[str, np.ndarray]) -> Any:
        places = places_of(arrays)
        return trained(partial(answer, places=places), arrays, partial(probabilities, places=places))

    return Kind(lambda config, task, devices: make(config, task, devices, n, tfidf), load, model=False)


def make(config: TrialConfig, task: Task, devices: Devices, n: int, tfidf: bool) -> Learner:
    """A learner of classes of sequences of ids.

    Raises:
      ValueError: another kind of task.
    """
    inputs, target = task.inputs, task.target
    if inputs.kind not in ("ids", "words") or target.head != "softmax" or target.each_step:
        raise ValueError(
            "learner bag_of_ngrams counts ids and gives one class for a sequence; "
            f"task {config.task.name!r} reads {inputs.kind}, and its head is {target.head}"
        )

    @cache  # trials that differ in seed or in what is traced are one and the same
    def fit(valid_examples: int) -> State:
        train, valid = task.data.held_out("train", EVERYTHING), task.data.held_out("valid", valid_examples)
        return fitted(train, valid, target.size, n, tfidf)

    of_trial = Fitted(lambda trial: fit(trial.train.valid_examples), terms, answer, probabilities)
    return learner_of(of_trial, config, task, {"deterministic": True})


def fitted(train: Batch, valid: Batch, classes: int, n: int, tfidf: bool) -> State:
    """The state: ``ngrams [features, n]``, −1 past the end of shorter ones; ``scale [features]``; ``norm``, whether
    texts have norm 1; ``kernel [features, classes]`` and ``bias [classes]``; ``strength``, the C that was chosen."""
    from sklearn.linear_model import LogisticRegression

    texts, labels = list(_texts(train)), train.targets[train.weights > 0]
    held = Counter(gram for text in texts for gram in {*ngrams(text, n)})
    known = sorted(held)
    grams = np.array([gram + (-1,) * (n - len(gram)) for gram in known], np.int32).reshape(-1, n)
    often = np.array([held[gram] for gram in known])
    scale = 1 + np.log((1 + len(texts)) / (1 + often)) if tfidf else np.ones(len(often))
    state = {"ngrams": grams, "scale": scale, "norm": np.array(tfidf)}
    places = places_of(state)
    inputs = features(state, places, texts)
    held_out, wanted = features(state, places, list(_texts(valid))), valid.targets[valid.weights > 0]
    best = np.inf
    present = np.unique(labels)
    model = LogisticRegression(max_iter=ITERATIONS, warm_start=True)
    for strength in STRENGTHS:
        found = _weights(model.set_params(C=strength).fit(inputs, labels), present, classes)
        nats = -log_softmax(held_out @ found["kernel"] + found["bias"], axis=1)[np.arange(len(wanted)), wanted].mean()
        if nats >= best:
            break
        best, state = nats, state | found | {"strength": np.array(strength)}
    return state


def _weights(model: Any, present: np.ndarray, classes: int) -> dict[str, np.ndarray]:
    """A kernel and a bias for every class; of two, those of one are the other's with their signs turned."""
    kernel, bias = model.coef_.T, model.intercept_
    if len(present) == 2:
        kernel, bias = np.concatenate([-kernel, kernel], axis=1) / 2, np.concatenate([-bias, bias]) / 2
    whole, offsets = np.zeros((len(kernel), classes)), np.full(classes, -np.inf)
    whole[:, present], offsets[present] = kernel, bias
    return {"kernel": whole, "bias": offsets}


def ngrams(text: np.ndarray, n: int) -> Iterator[tuple[int, ...]]:
    """All n-grams of 1 to ``n`` tokens."""
    ids = text.tolist()
    for size in range(1, n + 1):
        yield from zip(*(ids[first:] for first in range(size)), strict=False)


def places_of(state: State) -> Places:
    """The feature that stands for each n-gram."""
    return {tuple(gram[gram >= 0].tolist()): place for place, gram in enumerate(np.asarray(state["ngrams"]))}


def features(state: State, places: Places, texts: list[np.ndarray]) -> csr_array:
    """``[texts, features]`` of texts, ids ``[tokens]`` each; n-grams that training lacks are left out."""
    n = np.shape(state["ngrams"])[1]
    counts = [Counter(places[gram] for gram in ngrams(text, n) if gram in places) for text in texts]
    ends = np.cumsum([0, *map(len, counts)])
    columns = np.array([place for of_text in counts for place in sorted(of_text)], np.int64)
    values = np.array([of_text[place] for of_text in counts for place in sorted(of_text)], float)
    values = values * np.asarray(state["scale"])[columns]
    if state["norm"]:
        squares = np.add.reduceat(np.append(values**2, 0), ends[:-1]) * (np.diff(ends) > 0)
        values = values / np.sqrt(np.repeat(squares, np.diff(ends)))
    return csr_array((values, columns, ends), shape=(len(texts), len(places)))


def terms(state: State, batch: Batch) -> Terms:
    """Nats of the classes, in double precision."""
    scores = _scores(state, batch)
    nats = -np.take_along_axis(log_softmax(scores, axis=-1), batch.targets[..., None], axis=-1)[..., 0]
    return Terms(nats, batch.weights, scores.argmax(axis=-1) == batch.targets)


def answer(state: State, batch: Batch, places: Places | None = None) -> np.ndarray:
    """The likeliest classes."""
    return _scores(state, batch, places).argmax(axis=-1).astype(np.int32)


def probabilities(state: State, batch: Batch, places: Places | None = None) -> np.ndarray:
    """Of the classes."""
    return softmax(_scores(state, batch, places), axis=-1)


def _scores(state: State, batch: Batch, places: Places | None = None) -> np.ndarray:
    """``[..., classes]``; ``places`` from ``places_of``, made here if left out."""
    ids = np.asarray(batch.inputs)
    rows = ids.reshape(-1, ids.shape[-1])
    lengths = np.full(len(rows), rows.shape[1]) if batch.lengths is None else np.asarray(batch.lengths).reshape(-1)
    texts = [row[:length] for row, length in zip(rows, lengths, strict=True)]
    inputs = features(state, places or places_of(state), texts)
    return (inputs @ state["kernel"] + state["bias"]).reshape(*ids.shape[:-1], -1)


def _texts(batches: Batch) -> Iterator[np.ndarray]:
    """The ids of every example that counts."""
    counts = batches.weights > 0
    lengths = np.full(counts.sum(), batches.inputs.shape[-1]) if batches.lengths is None else batches.lengths[counts]
    return (row[:length] for row, length in zip(batches.inputs[counts], lengths, strict=True))
