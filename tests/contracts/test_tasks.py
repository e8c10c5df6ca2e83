"""What every task promises, the toys among them."""

import os
from pathlib import Path
from unittest import mock

import jax
import numpy as np
import pytest

from rnn_research.data.locate import VARIABLE
from rnn_research.data.pen_digits import FILES as PEN_DIGITS
from rnn_research.execution.program_cache import card_of
from rnn_research.experiment.choice import build
from rnn_research.models import Carry, network
from rnn_research.tables import TABLES
from rnn_research.tasks.base import Batch, Labelling, averages, steps_of
from rnn_research.tasks.measures import weighted
from tests.contracts.small import config_of, drawing, made, names, once, same, small, task_of, training_batches
from tests.support.at_random import params_of
from tests.support.pen_digits import write_corpus

TASKS = names("task")
MORE = 3  # steps of padding, and rows of weight 0


@pytest.fixture(scope="module", autouse=True)
def corpora(tmp_path_factory):
    """Those of the data directory, but for pen digits made up: the official ones take seconds to read, each time."""
    place, given = tmp_path_factory.mktemp("data"), os.environ.get(VARIABLE)
    for corpus in Path(given).resolve().iterdir() if given else ():
        (place / corpus.name).symlink_to(corpus)
    official = place / Path(PEN_DIGITS["train"]).parent
    official.unlink(missing_ok=True)
    write_corpus(place, train=240, test=60)
    with mock.patch.dict(os.environ, {VARIABLE: str(place)}):
        yield


@pytest.mark.parametrize("name", TASKS)
def test_batches_are_a_function_of_key_and_step(name):
    task, draw = task_of(name), drawing(name)
    first = draw(0, 1)
    assert same(first, draw(0, 1))
    assert not same(first, draw(0, 2))
    assert not same(first, draw(1, 1))
    again = build(small("task", name), TABLES["task"], "task")
    assert same(first, training_batches(again)(0, 1))
    assert again.data.digest == task.data.digest

    held_out = task.data.held_out("valid", 4)
    assert task.data.held_out("valid", 4) is held_out  # cached: it is not made again for every program
    assert all(isinstance(leaf, np.ndarray) for leaf in jax.tree.leaves(held_out))
    assert jax.tree.structure(held_out) == jax.tree.structure(first)
    for trained, scored in zip(jax.tree.leaves(first), jax.tree.leaves(held_out)):
        assert trained.dtype == scored.dtype
        assert trained.shape[1:] == scored.shape[2:]
    assert "test" in task.data.tested
    assert not same(task.data.held_out("test", 4), held_out)
    time = task.inputs.time
    for found, leading in ((first, 1), (held_out, 2)):
        rows = found.weights.shape[:leading]
        assert {leaf.shape[: len(rows) + 1] for leaf in jax.tree.leaves(found.inputs)} == {(*rows, time)}
        assert all(leaf.shape[: len(rows)] == rows for leaf in jax.tree.leaves(found))
        assert (found.weights >= 0).all() and (found.weights > 0).any()
        if found.lengths is not None:
            assert found.lengths.min() >= 0 and found.lengths.max() <= time


def model_of(name):
    config, task = config_of(name), task_of(name)
    return network(config.model, task.inputs, task.target)


def harder(task, batch: Batch) -> Batch:
    """The batch padded longer, with rows of weight 0; all that does not count is NaN, or another id."""

    def other(shape, like):
        return np.full(shape, np.nan if np.issubdtype(like.dtype, np.floating) else like.ravel()[0], like.dtype)

    def rows(leaf):
        return np.concatenate([leaf, other((MORE, *leaf.shape[1:]), leaf)])

    def steps(leaf):
        return np.concatenate([leaf, other((len(leaf), MORE, *leaf.shape[2:]), leaf)], axis=1)

    def zeros(weights):
        return np.concatenate([weights, np.zeros((MORE, *weights.shape[1:]), weights.dtype)])

    each = task.target.each_step
    weights = np.pad(batch.weights, ((0, 0), (0, MORE))) if each else batch.weights
    return Batch(
        inputs=jax.tree.map(lambda leaf: rows(steps(leaf)), batch.inputs),
        targets=jax.tree.map(lambda leaf: rows(steps(leaf) if each else leaf), batch.targets),
        weights=zeros(weights),
        lengths=rows(batch.lengths),
        starts=None if batch.starts is None else rows(steps(batch.starts)),
        about=jax.tree.map(lambda leaf: rows(steps(leaf) if each and leaf.ndim > 1 else leaf), batch.about),
    )


@pytest.mark.parametrize("name", TASKS)
def test_what_does_not_count_changes_neither_answers_nor_loss_nor_gradient(name):
    task, model = task_of(name), model_of(name)
    batch = drawing(name)(0, 0)
    if batch.lengths is None:
        batch = batch._replace(lengths=np.full(4, task.inputs.time, np.int32))
    params = params_of(model)

    @once
    def everything(params, batch):
        carry = Carry(None, model.start(1).statistics)

        def loss(params):
            terms = model.forward(params, batch, carry).terms
            mean = weighted(terms.loss, terms.weight)
            return mean.total / mean.weight, terms

        (value, terms), gradient = jax.value_and_grad(loss, has_aux=True)(params)
        means = averages(task, task.measure(terms, batch))
        return value, means, gradient, terms, model.answer(params, batch, carry)[0]

    value, means, gradient, terms, answers = everything(params, batch)
    value_2, means_2, gradient_2, terms_2, answers_2 = everything(params, harder(task, batch))

    assert means["loss"] == pytest.approx(float(value), rel=1e-6)
    assert set(means) | set(means_2) == set(means)
    for name_of in means:
        assert means[name_of] == pytest.approx(float(means_2[name_of]), rel=1e-5, nan_ok=True), name_of
    assert value_2 == pytest.approx(float(value), rel=1e-6)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-4, atol=1e-6), gradient, gradient_2)
    assert any(np.any(leaf) for leaf in jax.tree.leaves(gradient))

    shape = batch.weights.shape
    for field in terms:
        assert field is None or field.shape == shape
    cut = tuple(slice(0, size) for size in shape)
    np.testing.assert_allclose(terms.loss, terms_2.loss[cut], rtol=1e-5, atol=1e-6)
    assert jax.tree.structure(answers) == jax.tree.structure(batch.targets)
    for answer, answer_2, target in zip(*map(jax.tree.leaves, (answers, answers_2, batch.targets))):
        assert answer.shape == target.shape
        np.testing.assert_allclose(
            answer, answer_2[tuple(slice(0, size) for size in answer.shape)], rtol=1e-4, atol=1e-6
        )


def up_to(batch, time):
    """A batch of which nothing counts past a step, be it of the inputs or of targets with lengths of their own."""
    batch = batch._replace(lengths=np.minimum(batch.lengths, time))
    if not isinstance(batch.targets, Labelling) or batch.weights.ndim == 1:
        return batch
    within = np.arange(batch.weights.shape[1])[None] < time
    targets = batch.targets._replace(lengths=np.minimum(batch.targets.lengths, time))
    return batch._replace(targets=targets, weights=np.where(within, batch.weights, 0))


@pytest.mark.parametrize("name", TASKS)
def test_a_batch_cut_to_its_longest_sequence_has_the_same_loss(name):
    task = task_of(name)
    times, cut = task.data.times, task.data.cut
    if not times:
        pytest.skip("no batch of this task is cut")
    model = model_of(name)
    most = max(task.inputs.time, task.target.time) if task.data.steps else task.inputs.time
    assert cut is not None and list(times) == sorted(set(times)) and times[-1] <= most
    assert task.data.steps or times[-1] == most
    batch = up_to(drawing(name)(0, 0), times[0])
    assert steps_of(task.data, batch).max() <= times[0]
    params = params_of(model)

    @once
    def means(batch):
        return task.measure(model.forward(params, batch, Carry(None, model.start(1).statistics)).terms, batch)

    shorter = cut(batch, times[0])
    assert {leaf.shape[1] for leaf in jax.tree.leaves(shorter.inputs)} == {min(times[0], task.inputs.time)}
    assert jax.tree.structure(shorter) == jax.tree.structure(batch)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5), means(shorter), means(batch))


@pytest.mark.parametrize("name", TASKS)
def test_goal_and_card(name):
    task = task_of(name)
    goal = task.goal
    assert goal.metric in goal.baseline and "loss" in goal.baseline
    assert (goal.baseline[goal.metric] < goal.perfect) == (goal.better == "higher")
    card = card_of(config_of(name), task, made(config_of(name)))
    assert card["inputs"]["size"] == task.inputs.size
    assert card["parameters"] > card["cell_parameters"] > 0
    if task.target.names:
        assert len(task.target.names) == task.target.size
        assert task.data.codec is not None and tuple(task.data.codec.names) == task.target.names
