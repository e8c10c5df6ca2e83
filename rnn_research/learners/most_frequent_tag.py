"""The baseline of tagging: every word gets the label that it has most often in training."""

import numpy as np

from rnn_research.experiment.config import TrialConfig
from rnn_research.learners.base import Kind, Learner, Trained
from rnn_research.learners.fitted import Fitted, State, learner_of, trained
from rnn_research.tasks.base import Batch, Target, Task, Terms
from rnn_research.tasks.tagging import Words
from rnn_research.training.program import Devices


def most_frequent_tag() -> Kind:
    """The most frequent label of each word as it stands, of words that training lacks the commonest label of all.

    ``p(label | word) = (n(word, label) + p(label)) / (n(word) + 1)``, ``p(label) = (n(label) + 1) / (n + labels)``, so
    that of labels that are equally frequent the commoner one is given. All of the training sentences count, whatever
    ``train.steps`` are; no score depends on the seed.
    """
    return Kind(make, lambda config, inputs, target, arrays: load(target, arrays), model=False)


def make(config: TrialConfig, task: Task, devices: Devices) -> Learner:
    """A learner of labels of words.

    Raises:
      ValueError: another task.
    """
    words = task.data.arrays
    if not isinstance(words, Words) or task.target.head != "softmax":
        raise ValueError(f"learner most_frequent_tag is for labels of words, not for task {config.task.name!r}")
    known = len(task.data.codec.vocabulary.surfaces)

    def fit(config) -> dict[str, np.ndarray]:
        counts = np.zeros((known + 1, task.target.size), np.int32)
        np.add.at(counts, (np.asarray(words.flat.surfaces), np.asarray(words.flat.labels)), 1)
        return {"probabilities": probabilities(counts)}

    facts = {"parameters": (known + 1) * task.target.size, "deterministic": True}
    return learner_of(Fitted(fit, terms, answer), config, task, facts)


def load(target: Target, arrays: State) -> Trained:
    """The table of a checkpoint.

    Raises:
      ValueError: there is none for these labels.
    """
    found = arrays.get("probabilities")
    if found is None or found.ndim != 2 or found.shape[1] != target.size:
        raise ValueError(f"the checkpoint holds no probabilities of {target.size} labels of words")
    return trained(answer, arrays)


def probabilities(counts: np.ndarray) -> np.ndarray:
    """``p(label | word)``, ``[words + 1, labels]``; in row 0, which no word of training has, ``p(label)``."""
    shares = counts.sum(axis=0) + 1.0
    shares /= shares.sum()
    return (counts + shares) / (counts.sum(axis=1, keepdims=True) + 1)


def terms(state: State, batch: Batch) -> Terms:
    chosen = np.take_along_axis(_of_words(state, batch), np.asarray(batch.targets)[..., None], axis=-1)[..., 0]
    answers = answer(state, batch)
    return Terms(-np.log(chosen), batch.weights, answers == batch.targets, answers)


def answer(state: State, batch: Batch) -> np.ndarray:
    """The likeliest labels ``[..., time]``."""
    return _of_words(state, batch).argmax(axis=-1).astype(np.int32)


def _of_words(state: State, batch: Batch) -> np.ndarray:
    """``[..., time, labels]``; of a word that training lacks ``p(label)``."""
    table, surfaces = np.asarray(state["probabilities"]), np.asarray(batch.inputs.surfaces)
    return table[np.where(surfaces < len(table), surfaces, 0)]
