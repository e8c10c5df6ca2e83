"""Learners that make no updates: fitted once to the training data, then scored. What baselines are made of."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

from rnn_research.experiment.config import TrialConfig, static
from rnn_research.learners.base import Learner, Trained
from rnn_research.probes import Subject
from rnn_research.tasks.base import Batch, Mean, Row, Seen, Task, Terms, averages, conclude, to_minimise
from rnn_research.training.event import Event

State = Mapping[str, np.ndarray]


class Fitted(NamedTuple):
    """A way to fit and to answer; all on the host.

    Attributes:
      fit: ``(config) -> state``, arrays by name: what a checkpoint keeps.
      terms: ``(state, batches) -> Terms``, of several batches, whose leaves have one more leading axis than a batch's.
      answer: ``(state, batch) -> answers``, of a batch or of several.
      probabilities: ``(state, batch) -> [..., classes]``; None where it does not say.
    """

    fit: Callable[[TrialConfig], State]
    terms: Callable[[State, Batch], Terms]
    answer: Callable[[State, Batch], Any]
    probabilities: Callable[[State, Batch], np.ndarray] | None = None


def learner_of(fitted: Fitted, config: TrialConfig, task: Task, facts: Row) -> Learner:
    """The learner: the row of validation before any update, that of the test after none."""

    def run(configs, starts=None, *, test=True, due=None, stopping=lambda: False) -> Iterator[Event]:
        for index, trial in enumerate(configs):
            if stopping():
                yield from (Event(later, "paused", 0, {}) for later in range(index, len(configs)))
                return
            state = fitted.fit(trial)
            batches = task.data.held_out("valid", trial.train.valid_examples)
            valid = _means(task, fitted.terms(state, batches), batches)
            yield Event(index, "started", 0, {"valid": valid})
            rows, exhibits = {}, ()
            if test:
                rows["test"], exhibits = conclude(task, _seen(fitted, task, state, trial))
            yield Event(index, "done", 0, rows, exhibits, state=state, best=(0, to_minimise(task.goal, valid)))

    return Learner(
        facts=facts,
        seconds_per_step=0.0,
        prepare=None,
        run=run,
        trained=lambda state: trained(fitted.answer, state, fitted.probabilities),
        template=None,
        subject=Subject(static(config), task),
    )


def trained(
    answer: Callable[[State, Batch], Any],
    state: State,
    probabilities: Callable[[State, Batch], np.ndarray] | None = None,
) -> Trained:
    """What a state answers."""
    return Trained(
        lambda batch: answer(state, batch), None, (lambda batch: probabilities(state, batch)) if probabilities else None
    )


def _seen(fitted: Fitted, task: Task, state: State, config: TrialConfig) -> dict[str, Seen]:
    def seen(split: str) -> Seen:
        examples = task.data.held_out(split, config.train.test_examples)
        terms = fitted.terms(state, examples)
        by_row = _by_row(task, terms, examples) if split == "test" else None
        return Seen(
            _means(task, terms, examples),
            lambda: fitted.answer(state, examples),
            examples,
            by_row,
            lambda: np.asarray(terms.loss),
        )

    return {split: seen(split) for split in task.data.tested}


def _means(task: Task, terms: Terms, batches: Batch) -> Row:
    means = [_measured(task, terms, batches, index) for index in range(len(batches.weights))]
    found = averages(task, jax.tree.map(lambda *parts: sum(parts), *means))
    return {name: float(value) for name, value in found.items()}


def _by_row(task: Task, terms: Terms, batches: Batch) -> Mean | None:
    """The reported metric of every row of every batch; None where it is made at the end."""
    shape = batches.weights.shape[:2]

    def alone(index: tuple[int, ...]) -> Mean | None:
        place = (index[0], slice(index[1], index[1] + 1))
        return _measured(task, terms, batches, place).get(task.goal.metric)

    found = [alone(index) for index in np.ndindex(*shape)]
    return None if found[0] is None else Mean(*np.array(found, float).T.reshape(2, *shape))


def _measured(task: Task, terms: Terms, batches: Batch, place: Any) -> Mapping[str, Mean]:
    return task.measure(*jax.tree.map(lambda leaf: leaf[place], (terms, batches)))
