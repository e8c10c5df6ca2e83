"""What every learner promises of a trial, on the first task that it takes."""

import dataclasses
import json
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np
import pytest

from rnn_research.execution.program_cache import make_learner
from rnn_research.exhibits import TEST_PARTS, as_row, from_row
from rnn_research.experiment.choice import build
from rnn_research.experiment.config import TrialConfig
from rnn_research.learners import LEARNERS, Learner
from rnn_research.models import Weights, network
from rnn_research.tasks.base import to_minimise
from rnn_research.training.devices import make_mesh
from rnn_research.training.program import Devices
from rnn_research.training.step import Setup, evaluate
from rnn_research.trees import arrays_of, misfit
from tests.contracts.small import config_of, first_that_fits, made, names, same, task_of

CLOCK = ("seconds", "tokens_per_s", "probe_seconds")


class Trial(NamedTuple):
    """A learner, a trial's config, and what happened."""

    config: TrialConfig
    learner: Learner
    events: list


@pytest.fixture(scope="module", params=names("learner"))
def trial(request):
    def make(task: str):
        config = config_of(task, request.param)
        return config, made(config)

    return played(*first_that_fits(make))


@pytest.fixture(scope="module")
def acronyms():
    """A network on inputs, targets and with statistics of a test's own."""
    config = config_of("acronym", norm="running", embedding=2)
    return played(config, made(config))


def played(config: TrialConfig, learner: Learner, starts: Any = None, **options: Any) -> Trial:
    return Trial(config, learner, list(learner.run([config], starts, due=lambda trial, step: True, **options)))


def plain(rows: dict) -> dict:
    """Rows as a file keeps them, without what the clock says."""
    kept = {split: {k: float(v) for k, v in row.items() if k not in CLOCK} for split, row in rows.items()}
    return json.loads(json.dumps(kept))


def told(events: list) -> list:
    return [(event.trial, event.kind, event.step, plain(event.rows)) for event in events]


def check_trial(trial: Trial) -> None:
    task, config, end = task_of(trial.config.task.name), trial.config, trial.events[-1]
    assert end.kind == "done"
    assert json.loads(json.dumps(trial.learner.facts)) == trial.learner.facts
    assert task.goal.metric in end.rows["test"]
    assert set(task.goal.baseline) <= set(end.rows["test"])
    for event in trial.events:
        for row in event.rows.values():
            assert all(np.isfinite(float(value)) for value in row.values())
    scored = [to_minimise(task.goal, event.rows["valid"]) for event in trial.events if "valid" in event.rows]
    for parts in (one for one in end.exhibits if one.name == TEST_PARTS):
        assert np.mean(parts.y) == pytest.approx(float(end.rows["test"][task.goal.metric]), rel=1e-4)
    assert end.best[1] == pytest.approx(min(map(float, scored)), rel=1e-6)

    # Again, by the same program: the same to the bit.
    again = played(config, trial.learner)
    assert told(again.events) == told(trial.events)
    assert same(again.events[-1].state, end.state)
    if trial.learner.template is not None:  # or it cannot be gone on with, and begins anew
        assert not misfit(trial.learner.template, arrays_of(end.state))
        middle = next(event.state for event in trial.events if event.state is not None)
        assert middle is not end.state
        resumed = played(config, trial.learner, {0: middle})
        assert same(resumed.events[-1].state, end.state)
        assert told(resumed.events) == told(trial.events)[-len(resumed.events) :]
        over = played(config, trial.learner, {0: end.state})  # killed between the last checkpoint and the word of it
        assert told(over.events) == told(trial.events)[-1:]

    # Of which runs one is enough: those that no seed changes.
    other = played(dataclasses.replace(config, seed=config.seed + 1), trial.learner).events[-1]
    same_scores = plain(other.rows)["test"] == plain(end.rows)["test"]
    assert same_scores == trial.learner.facts.get("deterministic", False)

    stopped = list(trial.learner.run([config] * 2, stopping=lambda: True))
    assert {event.kind for event in stopped} >= {"paused"}
    ended = [event.trial for event in stopped if event.kind in ("paused", "done")]
    assert sorted(ended) == [0, 1]
    for event in stopped:
        assert event.kind != "done"
    untested = list(trial.learner.run([config], test=False))
    assert not any("test" in event.rows or "probe" in event.rows for event in untested)

    # Without the task's data, from arrays alone, and for batches of any size.
    trained = trial.learner.trained(end.state)
    arrays = {name: np.array(array) for name, array in arrays_of(end.state).items()}
    loaded = build(config.learner, LEARNERS, "learner").load(config, task.inputs, task.target, arrays)
    examples = jax.tree.map(lambda leaf: leaf[0], task.data.held_out("test", 3))
    unread = examples._replace(targets=None, weights=None, about=None)
    answers = trained.answer(unread)
    assert same(loaded.answer(unread), answers)
    rows = len(examples.weights)
    assert all(len(leaf) == rows and isinstance(leaf, np.ndarray) for leaf in jax.tree.leaves(answers))
    assert jax.tree.structure(answers) == jax.tree.structure(examples.targets)
    for answer, target in zip(*map(jax.tree.leaves, (answers, examples.targets))):
        assert answer.shape == target.shape
    one = jax.tree.map(lambda leaf: leaf[:1], unread)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b[:1], rtol=1e-4), loaded.answer(one), answers)


def test_a_trial(trial):
    check_trial(trial)


@pytest.mark.slow
def test_a_trial_on_trees_with_statistics(acronyms):
    check_trial(acronyms)
    end = acronyms.events[-1]
    mean, variance = end.state.best.statistics[0]
    assert np.abs(mean).min() > 0 and not np.array_equal(variance, np.ones_like(variance))
    (exhibit,) = (one for one in end.exhibits if one.name != TEST_PARTS)
    assert from_row(json.loads(json.dumps(as_row(exhibit, end.step)))).name == "answered_lengths"
    assert np.sum(exhibit.values) == 6  # every example that counts, once


@pytest.mark.slow
def test_devices_share_batches_that_are_trees(acronyms):
    """Each device's moments are of its own rows, as batch norm's are; scores are those of all rows."""
    task, config = task_of("acronym"), acronyms.config
    learner = make_learner(config, task, Devices(make_mesh(jax.devices()[:2], batch_devices=2)))
    *_, end = learner.run([config])
    assert not misfit(learner.template, arrays_of(end.state))
    model = network(config.model, task.inputs, task.target)
    best, batches = end.state.best, task.data.held_out("test", config.train.test_examples)
    alone = jax.jit(partial(evaluate, Setup(config, task, model)))(Weights(best.params, best.statistics), batches)
    assert end.rows["test"]["loss"] == pytest.approx(float(alone["loss"]), rel=1e-5)
    assert end.rows["test"]["loss"] == pytest.approx(acronyms.events[-1].rows["test"]["loss"], rel=0.1)
