"""The baseline that keeps all training examples: the class of most of those nearest by (Fix and Hodges 1951)."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.experiment.config import TrialConfig, static
from rnn_research.learners.base import Kind, Learner, Trained
from rnn_research.probes import Subject
from rnn_research.tasks.base import Batch, Mean, Row, Seen, Task, Terms, averages, conclude, to_minimise
from rnn_research.training.event import Event
from rnn_research.training.program import Devices

SIZE = 256  # examples read at once
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
        lambda config, inputs, target, arrays: Trained(told(arrays, target.size, neighbours).answer, None),
        model=False,
    )


class Told(NamedTuple):
    """What the neighbours of examples say.

    Attributes:
      terms: ``(batch) -> Terms``.
      answer: ``(batch) -> classes [batch]``.
    """

    terms: Callable[[Batch], Terms]
    answer: Callable[[Batch], np.ndarray]


def told(arrays: Mapping[str, np.ndarray], classes: int, neighbours: int) -> Told:
    """By training examples ``features [n, d]`` and their ``classes [n]``."""
    from sklearn.neighbors import NearestNeighbors  # takes a second

    asked = min(neighbours, len(arrays["classes"]))
    tree = NearestNeighbors(n_neighbors=asked).fit(arrays["features"])

    def shares(batch: Batch) -> np.ndarray:
        places = tree.kneighbors(flat(batch.inputs), return_distance=False)
        votes = arrays["classes"][places][..., None] == np.arange(classes)
        return (votes.sum(axis=1) + 1 / classes) / (asked + 1)

    def terms(batch: Batch) -> Terms:
        found, targets = shares(batch), np.asarray(batch.targets)
        loss = -np.log(np.take_along_axis(found, targets[:, None], axis=1)[:, 0])
        return Terms(loss, batch.weights, found.argmax(axis=-1) == targets)

    return Told(terms, lambda batch: shares(batch).argmax(axis=-1).astype(np.int32))


def make(config: TrialConfig, task: Task, devices: Devices, neighbours: int) -> Learner:
    """A learner for a task of classes.

    Raises:
      ValueError: a task of another kind, one that draws its examples as it goes, sequences of unlike lengths.
    """
    name = config.task.name
    count = task.data.facts.get("training_examples", 0)
    if task.target.head not in HEADS or task.target.each_step or task.inputs.kind != "numbers":
        raise ValueError(f"learner nearest_neighbours tells a class from numbers, which is not what {name!r} asks for")
    if not count:
        raise ValueError(f"learner nearest_neighbours keeps a training split, and task {name!r} has none that ends")
    if task.data.held_out("valid", 1).lengths is not None:
        raise ValueError(f"learner nearest_neighbours needs sequences of one length, which those of {name!r} are not")

    def run(configs, starts=None, *, test=True, due=None, stopping=lambda: False) -> Iterator[Event]:
        arrays = examples_of(task, count)
        found = told(arrays, task.target.size, neighbours)
        for index, trial in enumerate(configs):
            if stopping():
                yield from (Event(later, "paused", 0, {}) for later in range(index, len(configs)))
                return
            valid, _ = scored(found, task, task.data.held_out("valid", trial.train.valid_examples))
            yield Event(index, "started", 0, {"valid": valid})
            rows, exhibits = {}, ()
            if test:
                splits = {split: seen(found, task, split, trial.train.test_examples) for split in task.data.tested}
                rows["test"], exhibits = conclude(task, splits)
            yield Event(index, "done", 0, rows, exhibits, state=arrays, best=(0, to_minimise(task.goal, valid)))

    return Learner(
        facts={"parameters": 0, "deterministic": True},
        seconds_per_step=0.0,
        prepare=None,
        run=run,
        trained=lambda state: Trained(told(state, task.target.size, neighbours).answer, None),
        template=None,
        subject=Subject(static(config), task),
    )


def examples_of(task: Task, count: int) -> dict[str, np.ndarray]:
    """Every training example once, as an epoch of training reads them; in one order for all seeds."""
    size = min(SIZE, count)

    def drawn(arrays: Any, steps: jax.Array) -> Any:
        def one(step):
            batch = task.data.train(arrays, jax.random.key(0), step, size)
            return batch.inputs, batch.targets

        return jax.lax.map(one, steps)

    inputs, classes = jax.device_get(jax.jit(drawn)(task.data.arrays, jnp.arange(-(-count // size))))
    return {"features": flat(inputs.reshape(-1, *inputs.shape[2:]))[:count], "classes": classes.reshape(-1)[:count]}


def flat(inputs: Any) -> np.ndarray:
    """``[batch, time, features] -> [batch, time · features]``."""
    return np.asarray(inputs).reshape(len(inputs), -1)


def scored(found: Told, task: Task, batches: Batch) -> tuple[Row, list[Terms]]:
    """The metrics of a split, and its terms batch by batch."""
    each = [jax.tree.map(lambda leaf, index=index: leaf[index], batches) for index in range(len(batches.weights))]
    terms = [found.terms(batch) for batch in each]
    means = [task.measure(one, batch) for one, batch in zip(terms, each, strict=True)]
    numbers = averages(task, jax.tree.map(lambda *parts: sum(parts), *means))
    return {name: float(value) for name, value in numbers.items()}, terms


def seen(found: Told, task: Task, split: str, examples: int) -> Seen:
    """A split as it is concluded from."""
    batches = task.data.held_out(split, examples)
    means, terms = scored(found, task, batches)
    right, weights = np.stack([one.right for one in terms]), np.asarray(batches.weights, np.float64)
    by_row = Mean(right * weights, weights) if task.goal.metric == "accuracy" else None

    def answers() -> np.ndarray:
        rows = jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), batches)
        return found.answer(rows).reshape(batches.weights.shape)

    return Seen(means, answers, batches, by_row, lambda: np.stack([one.loss for one in terms]))
