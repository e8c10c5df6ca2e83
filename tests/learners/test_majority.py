"""The baseline that looks at no input, against NumPy: of classes, of numbers, at every step and of sequences."""

import dataclasses

import jax
import numpy as np
import pytest

from rnn_research.experiment import Choice, TrainConfig, TrialConfig
from rnn_research.learners import LEARNERS
from rnn_research.tasks import adding, copy_memory, sequential_digits, temporal_order
from rnn_research.tasks.base import Batch, Findings, Target
from rnn_research.training.devices import make_mesh
from rnn_research.training.program import Devices
from tests.support.batches import draw

MAJORITY, DEVICES = LEARNERS["majority"](), Devices(make_mesh())
TRAIN = TrainConfig(steps=5, batch=6, eval_every=5, valid_examples=20, test_examples=30)
CONFIG = TrialConfig(learner=Choice("majority"), train=TRAIN)


def run(task, config=CONFIG, **options):
    return list(MAJORITY.make(config, task, DEVICES).run([config], **options))


def trained_on(task, seed=0):
    """Targets and weights of the batches that a network of this seed would see."""
    key = jax.random.fold_in(jax.random.key(seed), 1)
    batches = [draw(task, TRAIN.batch, step, key) for step in range(TRAIN.steps)]
    return np.stack([batch.targets for batch in batches]), np.stack([batch.weights for batch in batches])


def spoiled(task, split_weight=0.0):
    """A task some of whose terms weigh nothing, in training as in what is held out."""

    def lighter(batch):
        weights = np.ones(batch.weights.shape, np.float32)
        weights[..., ::3] = split_weight
        return batch._replace(weights=weights)

    data = task.data._replace(
        train=lambda *args: lighter(task.data.train(*args)), held_out=lambda *args: lighter(task.data.held_out(*args))
    )
    return task._replace(data=data)


CLASSES = {
    "of a sequence": temporal_order(12),
    "of each step": spoiled(copy_memory(2)),
    "of images": sequential_digits("rows"),
}


@pytest.mark.parametrize("task", CLASSES.values(), ids=CLASSES)
def test_classes_are_answered_by_how_often_they_came(task):
    targets, weights = trained_on(task)
    counts = np.bincount(targets[weights > 0], minlength=task.target.size) + 1
    shares = counts / counts.sum()
    started, done = run(task)
    np.testing.assert_allclose(done.state["numbers"], shares, rtol=1e-12)
    for row, split, examples in ((started.rows["valid"], "valid", 20), (done.rows["test"], "test", 30)):
        batches = task.data.held_out(split, examples)
        counted = batches.weights > 0
        loss = -np.log(shares)[batches.targets[counted]].mean()
        assert row["loss"] == pytest.approx(loss, rel=1e-6)
        if task.target.each_step:  # copying: of the repeated symbols alone
            counted[..., :-10] = False
        right = batches.targets[counted] == shares.argmax()
        assert row["accuracy"] == pytest.approx(right.mean(), rel=1e-6)
    assert done.best == (0, started.rows["valid"]["loss"])


@pytest.mark.parametrize("weighted", [False, True])
def test_a_number_is_answered_by_the_mean(weighted):
    task = spoiled(adding(12)) if weighted else adding(12)
    targets, weights = trained_on(task)
    mean = targets[weights > 0].astype(np.float64).mean()
    _, done = run(task)
    np.testing.assert_allclose(done.state["numbers"], [mean], rtol=1e-12)
    batches = task.data.held_out("test", 30)
    counted = batches.weights > 0
    assert done.rows["test"]["mse"] == pytest.approx(((batches.targets[counted] - mean) ** 2).mean(), rel=1e-5)


def pairs(length=12):
    """Two numbers of a sequence: the sum, and twice as much."""
    task = adding(length)

    def two(batch):
        return batch._replace(targets=np.stack([batch.targets, 2 * batch.targets], axis=-1))

    def two_on_device(*args):
        import jax.numpy as jnp

        batch = task.data.train(*args)
        return batch._replace(targets=jnp.stack([batch.targets, 2 * batch.targets], axis=-1))

    data = task.data._replace(train=two_on_device, held_out=lambda *args: two(task.data.held_out(*args)))
    return task._replace(data=data, target=Target("regression", 2, each_step=False))


def test_several_numbers_are_answered_by_their_means():
    task = pairs()
    targets, _ = trained_on(task)
    means = targets.reshape(-1, 2).astype(np.float64).mean(axis=0)
    _, done = run(task)
    np.testing.assert_allclose(done.state["numbers"], means, rtol=1e-12)
    batches = task.data.held_out("test", 30)
    error = ((batches.targets - means) ** 2).sum(axis=-1).mean()
    assert done.rows["test"]["mse"] == pytest.approx(error, rel=1e-5)


@pytest.mark.parametrize("task, shape", [(CLASSES["of a sequence"], (3,)), (CLASSES["of each step"], (3, 22))])
def test_a_constant_that_is_loaded_answers_alike(task, shape):
    state = run(task)[-1].state
    inputs = np.zeros((3, task.inputs.time, task.inputs.size), np.float32)
    batch = Batch(inputs, None, None)
    for model in (
        MAJORITY.load(CONFIG, task.inputs, task.target, state),
        MAJORITY.make(CONFIG, task, DEVICES).trained(state),
    ):
        found = model.answer(batch)
        assert found.shape == shape and (found == state["numbers"].argmax()).all() and model.write is None
    pair = MAJORITY.load(CONFIG, task.inputs, Target("regression", 2, False), {"numbers": np.array([1.0, 2.0])})
    np.testing.assert_array_equal(pair.answer(batch), [[1, 2]] * 3)


def test_what_a_task_scores_sees_the_answers():
    task, seen = CLASSES["of a sequence"], {}

    def score(found):
        seen.update({split: (one.answers(), one.examples, one.means) for split, one in found.items()})
        return Findings({"more": 1.0})

    _, done = run(task._replace(score=score))
    answers, examples, means = seen["test"]
    assert answers.shape == examples.targets.shape and (answers == done.state["numbers"].argmax()).all()
    assert done.rows["test"] == means | {"more": 1.0}


def test_pilots_are_not_tested_and_what_waits_is_paused():
    task = CLASSES["of a sequence"]
    assert not run(task, test=False)[-1].rows
    configs = [dataclasses.replace(CONFIG, seed=seed) for seed in range(2)]
    asked = []
    events = list(
        MAJORITY.make(CONFIG, task, DEVICES).run(configs, stopping=lambda: bool(asked.append(0)) or len(asked) > 1)
    )
    assert [(event.trial, event.kind) for event in events] == [(0, "started"), (0, "done"), (1, "paused")]


def test_a_target_of_another_head_is_refused():
    task = adding(12)
    with pytest.raises(ValueError, match="constant answer to the head"):
        MAJORITY.make(CONFIG, task._replace(target=task.target._replace(head="ctc")), DEVICES)
