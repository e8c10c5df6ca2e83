"""The baseline that looks at no input: the commonest class, the mean number."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.experiment.config import TrialConfig
from rnn_research.learners.base import Kind, Learner, Trained
from rnn_research.learners.fitted import Fitted, learner_of
from rnn_research.lookup import lookup
from rnn_research.tasks.base import Batch, Target, Task, Terms
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
    constant, target = lookup(CONSTANTS, task.target.head, "constant answer to the head"), task.target
    fitted = Fitted(
        fit=lambda trial: {"numbers": constant.fit(*_targets(trial, task), target.size)},
        terms=lambda state, batch: constant.terms(state["numbers"], batch),
        answer=lambda state, batch: np.broadcast_to(
            constant.answer(state["numbers"]), (*batch.weights.shape, *np.shape(constant.answer(state["numbers"])))
        ),
    )
    return learner_of(fitted, config, task, {"parameters": target.size})._replace(
        trained=lambda state: load(target, state)
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


def _shares(targets: np.ndarray, weights: np.ndarray, size: int) -> np.ndarray:
    counts = np.bincount(targets[weights > 0].reshape(-1), minlength=size) + 1
    return counts / counts.sum()


def _class_terms(shares: np.ndarray, batch: Batch) -> Terms:
    answers = np.broadcast_to(shares.argmax(), batch.targets.shape)
    return Terms(-np.log(shares)[batch.targets], batch.weights, answers == batch.targets, answers)


def _mean_terms(mean: np.ndarray, batch: Batch) -> Terms:
    error = (batch.targets - np.squeeze(mean)) ** 2
    return Terms(error if error.ndim == batch.weights.ndim else error.sum(axis=-1), batch.weights)


def _mean(targets: np.ndarray, weights: np.ndarray, size: int) -> np.ndarray:
    return np.atleast_1d(targets[weights > 0].astype(np.float64).mean(axis=0))


CONSTANTS: dict[str, Constant] = {
    "softmax": Constant(_shares, _class_terms, lambda shares: shares.argmax()),
    "regression": Constant(_mean, _mean_terms, np.squeeze),
}
