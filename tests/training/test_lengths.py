"""Batches cut to their lengths: what comes of a trial is what comes of it padded, alone or in company, on one device or
on two."""

import dataclasses
from functools import partial

import jax
import numpy as np
import pytest

from rnn_research.experiment import Choice, ModelConfig, OptimizerConfig, TrainConfig, TrialConfig
from rnn_research.experiment.paths import replace
from rnn_research.learners.network import make
from rnn_research.models import Weights, network
from rnn_research.tasks.base import Batch, Inputs, Target, Task, accuracy
from rnn_research.tasks.bucketed import bucketed
from rnn_research.tasks.measures import classified
from rnn_research.training.program import BESIDE, compile_program
from rnn_research.training.step import (
    Setup,
    answers,
    evaluate_rows,
    init_state,
    losses,
    times_scored,
    train_step,
    training_data,
)
from rnn_research.training.traced import traced_values
from tests.support.packs import Compiled, exactly, run, two_devices
from tests.training.test_packing import agree

pytestmark = pytest.mark.slow

TIME, IDS, CLASSES = 12, 7, 3
BASE = TrialConfig(
    model=ModelConfig(cell=Choice("gru", hidden=5), embedding=4, dropout=0.2),
    optimizer=OptimizerConfig(learning_rate=1e-2),
    train=TrainConfig(steps=12, batch=4, eval_every=6, valid_examples=9, test_examples=9, cuts=3),
)


def examples(seed, count):
    """Ids, of which each step's class is the remainder; mostly short."""
    rng = np.random.default_rng(seed)
    lengths = np.minimum(1 + rng.geometric(0.4, count), TIME).astype(np.int32)
    lengths[:2] = 1, TIME
    ids = rng.integers(IDS, size=(count, TIME)).astype(np.int32)
    weights = (np.arange(TIME)[None] < lengths[:, None]).astype(np.float32)
    return Batch(ids, ids % CLASSES, weights, lengths)


@pytest.fixture(scope="module")
def task():
    splits = {split: examples(seed, 300) for seed, split in enumerate(("train", "valid", "test"))}
    goal = accuracy({"accuracy": 1 / CLASSES, "loss": float(np.log(CLASSES))})
    target = Target("softmax", CLASSES, each_step=True)
    return Task(bucketed(splits, count=3), Inputs("ids", IDS, TIME), target, goal, classified)


def program_of(task, devices, config=BASE):
    model = network(config.model, task.inputs, task.target)
    return Compiled(compile_program(config, task, model, training_data(config, task), devices), task, model)


def trials(count):
    """Of two lengths, so that trials side by side are not all at the same update."""
    return [replace(dataclasses.replace(BASE, seed=seed), "train.steps", 6 * (1 + seed % 2)) for seed in range(count)]


@pytest.fixture(scope="module")
def cut(task):
    return run(program_of(task, two_devices()), trials(5))


def test_cut_batches_hold_little_padding(task, cut):
    assert len(task.data.times) == 3 and task.data.times[-1] == TIME
    shares = [rows["train"]["padding"] for outcome in cut for _, rows in outcome.rows if "train" in rows]
    lengths = examples(0, 300).lengths
    computed = np.array(task.data.times)[np.searchsorted(task.data.times, lengths)]
    assert np.mean(shares) == pytest.approx(1 - lengths.sum() / computed.sum(), abs=0.1)
    assert np.mean(shares) < 0.5 < 1 - lengths.mean() / TIME


def test_padded_batches_give_the_same_numbers(task, cut):
    """Dropout is drawn alike for the steps that are there."""
    whole = run(program_of(task, two_devices(), replace(BASE, "train.cuts", 1)), trials(1))[0]
    agree(without_padding(whole), without_padding(cut[0]))


def without_padding(outcome):
    """What came of a trial but for that column."""
    rows = [
        (step, {split: {n: value for n, value in row.items() if n != "padding"} for split, row in found.items()})
        for step, found in outcome.rows
    ]
    return outcome._replace(rows=rows)


def test_company_changes_no_bit(task, cut):
    alone = run(program_of(task, two_devices(2, "map")), trials(5)[3:4])[0]
    assert exactly(alone) == exactly(cut[3])


@pytest.fixture(scope="module")
def beside(task):
    return program_of(task, two_devices(2, "vmap"))


def test_side_by_side_trials_at_different_updates_give_the_same_numbers(beside, cut):
    for one, other in zip(run(beside, trials(5)), cut, strict=True):
        agree(one, other)


def test_a_batch_that_devices_share_gives_the_same_numbers(task, cut):
    agree(run(program_of(task, two_devices(batch_devices=2)), trials(1))[0], cut[0])


def test_side_by_side_no_cut_is_computed_in_vain(beside):
    """One branch is taken for all, not every one of them for each trial."""
    setup = beside.program.setup
    traced = jax.tree.map(lambda *leaves: np.stack(leaves), *map(traced_values, trials(2)))
    states = jax.eval_shape(jax.vmap(partial(init_state, setup)), traced)
    update = jax.vmap(lambda *trial: train_step(setup, *trial, training_data(BASE, beside.task)), axis_name=BESIDE)
    assert str(jax.make_jaxpr(update)(states, traced)).count(" cond[") == 1


def test_answers_and_losses_have_one_shape(task, cut):
    model = network(BASE.model, task.inputs, task.target)
    weights = Weights(cut[1].state.best.params, ())
    batches = task.data.held_out("test", 300)

    @partial(jax.jit, static_argnums=0)
    def all_of(cuts, weights, batches):
        setup = Setup(replace(BASE, "train.cuts", cuts), task, model)
        assert len(times_scored(setup)) == (cuts + 1) // 2
        return (answers(setup, weights, batches), losses(setup, weights, batches)), evaluate_rows(
            setup, weights, batches
        )

    (by_term, means), (expected, expected_means) = all_of(3, weights, batches), all_of(1, weights, batches)
    counts = batches.weights > 0
    for one, other in zip(by_term, expected):
        assert one.shape == other.shape == batches.weights.shape
        np.testing.assert_allclose(one[counts], other[counts], rtol=1e-5, atol=1e-6)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), means, expected_means)


def test_a_penalty_that_reads_every_step_is_refused(task):
    config = replace(replace(BASE, "model", ModelConfig(cell=Choice("elman", hidden=3))), "penalty.omega", 1.0)
    with pytest.raises(ValueError, match=r"penalty\.omega: task 'adding' has batches of many lengths"):
        make(config, task, two_devices())


def test_over_the_epochs_every_term_counts_alike(task):
    """The mean of the updates from one place is the gradient of the mean over all terms of the training split: those of
    short sequences, which come with others of their kind, weigh no more than those of long ones."""
    config = replace(replace(BASE, "model.dropout", 0.0), "optimizer", OptimizerConfig("sgd", 1.0, clip_norm=0.0))
    split = examples(0, 300)
    split = split._replace(targets=np.where(split.lengths[:, None] > 4, 0, 1 + split.targets % 2))  # long ones differ
    task = task._replace(data=bucketed(dict.fromkeys(("train", "valid", "test"), split), count=3))
    model = network(config.model, task.inputs, task.target)
    setup, traced = Setup(config, task, model), traced_values(config)
    data, start = training_data(config, task), init_state(setup, traced)

    @jax.jit
    def moved(step):
        after, _ = train_step(setup, start._replace(step=step), traced, data)
        return jax.tree.map(lambda new, old: old - new, after.params, start.params)

    def mean_loss(params):
        forward = model.forward(params, data["train"], model.start(300)._replace(state=None))
        return (forward.terms.loss * data["train"].weights).sum() / data["train"].weights.sum()

    steps = jax.lax.map(moved, np.arange(600, dtype=np.int32))
    found, expected = (
        np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(tree)])
        for tree in (jax.tree.map(lambda leaf: leaf.mean(axis=0), steps), jax.jit(jax.grad(mean_loss))(start.params))
    )
    assert np.linalg.norm(found - expected) < 0.05 * np.linalg.norm(expected)
