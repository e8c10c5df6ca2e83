"""The baseline that looks at no input: the commonest class, the mean number."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.experiment.config import TrialConfig, static
from rnn_research.learners.base import Kind, Learner, Trained
from rnn_research.lookup import lookup
from rnn_research.probes import Subject
from rnn_research.tasks.base import Batch, Mean, Row, Seen, Target, Task, Terms, averages, conclude
from rnn_research.training.event import Event
from rnn_research.training.program import Devices
from rnn_research.training.step import key_of
from rnn_research.training.traced import traced_values


class Constant(NamedTuple):
    """An answer that is the same for all inputs.

    Attributes:
      fit: ``(targets, weights, size) -> numbers``, of all the training targets that count.
      terms: ``(numbers, batch) -> Terms``.
      answer: ``(numbers) -> `` what is answered.
    """

    fit: Callable[[np.ndarray, np.ndarray, int], np.ndarray]
    terms: Callable[[Any, Batch], Terms]
    answer: Callable[[Any], Any]


def majority() -> Kind:
    """Classes by how often they were the target in ``train.steps`` batches of training, plus one each; numbers by their
    mean."""
    return Kind(make, lambda config, inputs, target, arrays: load(target, arrays), model=False)


def make(config: TrialConfig, task: Task, devices: Devices) -> Learner:
    """A learner for a task whose targets are classes or numbers.

    Raises:
      ValueError: targets of another head.
    """
    constant = lookup(CONSTANTS, task.target.head, "constant answer to the head")

    def run(configs, starts=None, *, test=True, due=None, stopping=lambda: False) -> Iterator[Event]:
        for index, trial in enumerate(configs):
            if stopping():
                yield from (Event(later, "paused", 0, {}) for later in range(index, len(configs)))
                return
            numbers = constant.fit(*_targets(trial, task), task.target.size)
            valid = _means(constant, task, numbers, task.data.held_out("valid", trial.train.valid_examples))
            yield Event(index, "started", 0, {"valid": valid})
            rows, exhibits = {}, ()
            if test:
                rows["test"], exhibits = conclude(task, _seen(constant, task, numbers, trial))
            yield Event(index, "done", 0, rows, exhibits, state={"numbers": numbers}, best=(0, valid["loss"]))

    return Learner(
        facts={"parameters": task.target.size},
        seconds_per_step=0.0,
        prepare=None,
        run=run,
        trained=lambda state: load(task.target, state),
        template=None,
        subject=Subject(static(config), task),
    )


def load(target: Target, arrays: Mapping[str, np.ndarray]) -> Trained:
    """The constant of a checkpoint."""
    answer = lookup(CONSTANTS, target.head, "constant answer to the head").answer(arrays["numbers"])

    def answer_to(batch: Batch) -> np.ndarray:
        rows, time = jax.tree.leaves(batch.inputs)[0].shape[:2]
        shape = (rows, time) if target.each_step else (rows,)
        return np.broadcast_to(answer, (*shape, *np.shape(answer)))

    return Trained(answer_to, None)


def _targets(config: TrialConfig, task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Targets and weights of as many batches as a network would be trained on, drawn as it would draw them."""
    traced: Any = traced_values(config)
    key = key_of(traced, "batches")

    def drawn(arrays, steps):
        def one(step):
            batch = task.data.train(arrays, key, step, config.train.batch)
            return batch.targets, batch.weights

        return jax.lax.map(one, steps)

    targets, weights = jax.jit(drawn)(task.data.arrays, jnp.arange(max(config.train.steps, 1)))
    return np.asarray(targets), np.asarray(weights)


def _means(constant: Constant, task: Task, numbers: np.ndarray, batches: Batch) -> Row:
    means = [_measured(constant, task, numbers, batches, index) for index in range(len(batches.weights))]
    found = averages(task, jax.tree.map(lambda *parts: sum(parts), *means))
    return {name: float(value) for name, value in found.items()}


def _by_row(constant: Constant, task: Task, numbers: np.ndarray, batches: Batch) -> Mean | None:
    """The reported metric of every row of every batch; None where it is made at the end."""
    shape = batches.weights.shape[:2]

    def alone(index: tuple[int, ...]) -> Mean | None:
        place = (index[0], slice(index[1], index[1] + 1))
        return _measured(constant, task, numbers, batches, place).get(task.goal.metric)

    found = [alone(index) for index in np.ndindex(*shape)]
    return None if found[0] is None else Mean(*np.array(found, float).T.reshape(2, *shape))


def _measured(constant: Constant, task: Task, numbers: np.ndarray, batches: Batch, place: Any) -> Mapping[str, Mean]:
    batch = jax.tree.map(lambda leaf: leaf[place], batches)
    return task.measure(constant.terms(numbers, batch), batch)


def _seen(constant: Constant, task: Task, numbers: np.ndarray, config: TrialConfig) -> dict[str, Seen]:
    def seen(split: str) -> Seen:
        examples = task.data.held_out(split, config.train.test_examples)
        means, answer = _means(constant, task, numbers, examples), constant.answer(numbers)
        by_row = _by_row(constant, task, numbers, examples) if split == "test" else None

        def answers() -> np.ndarray:
            return np.broadcast_to(answer, (*examples.weights.shape, *np.shape(answer)))

        return Seen(means, answers, examples, by_row, lambda: np.asarray(constant.terms(numbers, examples).loss))

    return {split: seen(split) for split in task.data.tested}


def _shares(targets: np.ndarray, weights: np.ndarray, size: int) -> np.ndarray:
    counts = np.bincount(targets[weights > 0].reshape(-1), minlength=size) + 1
    return counts / counts.sum()


def _class_terms(shares: np.ndarray, batch: Batch) -> Terms:
    return Terms(-np.log(shares)[batch.targets], batch.weights, batch.targets == shares.argmax())


def _mean_terms(mean: np.ndarray, batch: Batch) -> Terms:
    error = (batch.targets - np.squeeze(mean)) ** 2
    return Terms(error if error.ndim == batch.weights.ndim else error.sum(axis=-1), batch.weights)


def _mean(targets: np.ndarray, weights: np.ndarray, size: int) -> np.ndarray:
    return np.atleast_1d(targets[weights > 0].astype(np.float64).mean(axis=0))


CONSTANTS: dict[str, Constant] = {
    "softmax": Constant(_shares, _class_terms, lambda shares: shares.argmax()),
    "regression": Constant(_mean, _mean_terms, np.squeeze),
}
