"""The baseline that keeps all training examples: the class of most of those nearest by (Fix and Hodges 1951)."""

from functools import partial
from typing import Any

import numpy as np

from rnn_research.experiment.config import TrialConfig
from rnn_research.learners.base import Kind, Learner
from rnn_research.learners.fitted import Fitted, State, learner_of, trained
from rnn_research.tasks.base import EVERYTHING, Batch, Task, Terms
from rnn_research.training.program import Devices

HEADS = ("softmax", "flattened")


def nearest_neighbours(neighbours: int = 3) -> Kind:
    """The commonest class of the nearest training examples by the Euclidean distance of all their numbers (of several
    the lowest); its probability is its share of them, each class counted as if it were there by 1/classes. For
    sequences of one length, of which the training split has a number.

    Args:
      neighbours: how many are asked.

    Raises:
      ValueError: fewer than one.
    """
    if neighbours < 1:
        raise ValueError(f"learner nearest_neighbours needs one neighbour or more, not {neighbours}")
    return Kind(
        lambda config, task, devices: make(config, task, devices, neighbours),
        lambda config, inputs, target, arrays: trained(partial(answer, target.size, neighbours), arrays),
        model=False,
    )


def make(config: TrialConfig, task: Task, devices: Devices, neighbours: int) -> Learner:
    """A learner for a task of classes.

    Raises:
      ValueError: a task of another kind, one that draws its examples as it goes, sequences of unlike lengths.
    """
    name = config.task.name
    if task.target.head not in HEADS or task.target.each_step or task.inputs.kind != "numbers":
        raise ValueError(f"learner nearest_neighbours tells a class from numbers, which is not what {name!r} asks for")
    if not task.data.facts.get("training_examples"):
        raise ValueError(f"learner nearest_neighbours keeps a training split, and task {name!r} has none that ends")
    if task.data.held_out("valid", 1).lengths is not None:
        raise ValueError(f"learner nearest_neighbours needs sequences of one length, which those of {name!r} are not")
    asked = task.target.size, neighbours
    fitted = Fitted(lambda trial: kept(task), partial(terms, *asked), partial(answer, *asked))
    return learner_of(fitted, config, task, {"parameters": 0, "deterministic": True})


def kept(task: Task) -> dict[str, np.ndarray]:
    """The training split: ``features [n, d]`` and their ``classes [n]``."""
    batches = task.data.held_out("train", EVERYTHING)
    counts = batches.weights > 0
    return {"features": flat(batches.inputs[counts]), "classes": batches.targets[counts]}


def shares(classes: int, neighbours: int, state: State, batch: Batch) -> np.ndarray:
    """Of each class, its probability, ``[..., classes]``."""
    from sklearn.neighbors import NearestNeighbors  # takes a second

    asked = min(neighbours, len(state["classes"]))
    inputs = np.asarray(batch.inputs)
    tree = NearestNeighbors(n_neighbors=asked).fit(state["features"])
    places = tree.kneighbors(flat(inputs.reshape(-1, *inputs.shape[-2:])), return_distance=False)
    votes = state["classes"][places][..., None] == np.arange(classes)
    return ((votes.sum(axis=1) + 1 / classes) / (asked + 1)).reshape(*inputs.shape[:-2], classes)


def terms(classes: int, neighbours: int, state: State, batch: Batch) -> Terms:
    found, targets = shares(classes, neighbours, state, batch), np.asarray(batch.targets)
    loss = -np.log(np.take_along_axis(found, targets[..., None], axis=-1)[..., 0])
    return Terms(loss, batch.weights, found.argmax(axis=-1) == targets)


def answer(classes: int, neighbours: int, state: State, batch: Batch) -> np.ndarray:
    """The commonest classes ``[...]``."""
    return shares(classes, neighbours, state, batch).argmax(axis=-1).astype(np.int32)


def flat(inputs: Any) -> np.ndarray:
    """``[n, time, features] -> [n, time · features]``."""
    return np.asarray(inputs).reshape(len(inputs), -1)
