"""Networks as learners of text: they learn, go on from a state, share a batch; what they come back from."""

import dataclasses

import jax
import numpy as np
import pytest

from rnn_research.decoding.strategy import Strategy
from rnn_research.experiment import Choice, ModelConfig, OptimizerConfig, TrainConfig, TrialConfig
from rnn_research.learners import LEARNERS
from rnn_research.tasks.base import Inputs, Target
from rnn_research.tasks.language_model import language_model
from rnn_research.training.devices import make_mesh
from rnn_research.training.program import Devices
from rnn_research.trees import arrays_of
from tests.support.batches import held
from tests.support.subjects import learner_of
from tests.support.texts import write_book

pytestmark = pytest.mark.as_users

NETWORK = LEARNERS["network"]()
ONE = Devices(make_mesh(jax.devices()[:1]))
SMALL = TrialConfig(
    model=ModelConfig(cell=Choice("lstm", hidden=5), embedding=6, dropout=0.3),
    train=TrainConfig(steps=12, batch=4, eval_every=3, valid_examples=20, test_examples=20),
)


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    return language_model(path=write_book(tmp_path_factory.mktemp("text")), length=10)


@pytest.fixture(scope="module")
def learner(task):
    return NETWORK.make(SMALL, task, ONE)


@pytest.fixture(scope="module")
def events(learner):
    return list(learner.run([SMALL], due=lambda trial, step: step == 6))


@pytest.mark.slow
@pytest.mark.usefixtures("in_haste")
@pytest.mark.parametrize("cell", ["elman", "lstm", "gru", "window", "convolution"])
def test_every_cell_learns_the_text(tmp_path_factory, cell):
    task = language_model(path=write_book(tmp_path_factory.mktemp("text")), length=20)
    options = {"size": 8} if cell == "window" else {"depth": 3} if cell == "convolution" else {}
    config = TrialConfig(
        model=ModelConfig(cell=Choice(cell, hidden=32, **options)),
        optimizer=OptimizerConfig(learning_rate=2e-2),
        train=TrainConfig(steps=200, batch=16, eval_every=200, valid_examples=10**6),
    )
    chunk = next(event for event in NETWORK.make(config, task, ONE).run([config], test=False) if event.kind == "chunk")
    # Words are drawn at random: about log2(15) bits for 4.7 characters is the least.
    assert chunk.rows["valid"]["bits_per_char"] < 1.15
    assert task.goal.baseline["bits_per_char"] > 3


@pytest.mark.slow
def test_training_goes_on_from_a_state_as_if_it_had_never_stopped(learner, events):
    """The recurrent state that is carried over is part of what is kept; dropout's keys come from the step."""
    halfway = next(event for event in events if event.step == 6)
    assert np.abs(halfway.state.carry.state[0].hidden).max() > 0
    rest = list(learner.run([SMALL], {0: halfway.state}))
    assert [event.rows for event in rest] == [event.rows for event in events[2:]]
    for mine, theirs in zip(jax.tree.leaves(rest[-1].state), jax.tree.leaves(events[-1].state), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.slow
@pytest.mark.usefixtures("in_haste")
def test_devices_that_share_a_batch_carry_their_rows_over(task):
    model = ModelConfig(cell=Choice("gru", hidden=5))
    config = dataclasses.replace(SMALL, model=model, train=dataclasses.replace(SMALL.train, steps=6))
    ends = []
    for shared in (1, 2):
        devices = Devices(make_mesh(jax.devices()[:2], batch_devices=shared))
        ends.append(list(NETWORK.make(config, task, devices).run([config]))[-1])
    for mine, theirs in zip(jax.tree.leaves(ends[0].state), jax.tree.leaves(ends[1].state), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-5)
    assert ends[0].rows["test"]["loss"] == pytest.approx(ends[1].rows["test"]["loss"], rel=1e-5)


@pytest.mark.slow
def test_a_model_that_is_loaded_writes_and_answers_as_the_one_that_was_trained(task, learner, events):
    """From arrays by name alone, with neither vectors nor text; and the best parameters, not the last."""
    state = events[-1].state
    assert jax.tree.structure(state) == jax.tree.structure(learner.template)
    loaded = NETWORK.load(SMALL, task.inputs._replace(vectors=None), task.target, arrays_of(state))
    trained = learner.trained(state)
    batch = held(task, "test", 10)._replace(targets=None, weights=None, about=None)
    found = loaded.answer(batch)
    assert found.shape == batch.inputs.shape and np.issubdtype(found.dtype, np.integer)
    np.testing.assert_array_equal(found, trained.answer(batch))
    model = learner.subject.model
    logits = model.stream.advance(state.best.params, model.start(len(found)).state, batch.inputs)[1]
    begun = np.flatnonzero(batch.starts.any(axis=0))
    assert (begun == 0).all(), "the stream below reads one document"
    np.testing.assert_array_equal(found, np.argmax(logits, axis=-1))
    prompts = np.array([[1, 2], [3, 4]], np.int32)
    for strategy in (Strategy("sample", temperature=0.7), Strategy("greedy"), Strategy("beam", width=3)):
        texts = [one.write(strategy, prompts, 12, 5) for one in (trained, loaded)]
        assert texts[0].shape == (2, 12)
        np.testing.assert_array_equal(*texts)


def test_arrays_of_another_model_are_refused(task, learner):
    state = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), learner.template)
    arrays = arrays_of(state)
    wider = dataclasses.replace(SMALL, model=dataclasses.replace(SMALL.model, embedding=7))
    with pytest.raises(ValueError, match=r"the checkpoint is not one of this model: best\.params\.embedding\.kernel"):
        NETWORK.load(wider, task.inputs, task.target, arrays)
    missing = {name: array for name, array in arrays.items() if name != "best.params.head.bias"}
    with pytest.raises(ValueError, match=r"best\.params\.head\.bias is absent"):
        NETWORK.load(SMALL, task.inputs, task.target, missing)


@pytest.mark.usefixtures("in_haste")
def test_vectors_that_training_began_with_need_not_be_there_to_load():
    inputs, target = Inputs("words", 21, 8), Target("softmax", 20, each_step=True)
    model = ModelConfig(cell=Choice("lstm", hidden=5), embedding=6)
    config = dataclasses.replace(SMALL, model=model)
    plain = NETWORK.make(config, language_like(inputs, target), ONE)
    arrays = arrays_of(jax.tree.map(lambda leaf: np.full(leaf.shape, 0.1, leaf.dtype), plain.template))
    glove = dataclasses.replace(config, model=dataclasses.replace(model, embedding_init="glove"))
    batch = np.arange(16).reshape(2, 8)
    loaded = NETWORK.load(glove, inputs, target, arrays)
    assert loaded.write(Strategy("greedy"), batch[:, :3], 4, 0).shape == (2, 4)


def language_like(inputs, target):
    """A task of which only the form is asked."""
    from rnn_research.tasks import adding

    return adding(8)._replace(inputs=inputs, target=target)


def test_what_a_card_says_is_counted_from_the_real_trees(learner):
    cell = 4 * 5 * (6 + 5 + 1)
    task = learner.subject.task
    size = task.target.size
    assert learner.facts == {
        "hidden": 5,
        "parameters": (size + 1) * 6 + cell + 5 * size + size,
        "cell_parameters": cell,
        "elman_parameters": 5 * (6 + 5 + 1),
    }
    assert learner.seconds_per_step > 0


def test_a_network_that_reads_both_ways_is_refused_for_a_text_and_cannot_write_elsewhere(task):
    both = dataclasses.replace(SMALL, model=ModelConfig(bidirectional=True), task=Choice("language_model"))
    with pytest.raises(ValueError, match="task 'language_model' carries its state from batch to batch"):
        NETWORK.make(both, task, ONE)
    copying = learner_of(dataclasses.replace(both, task=Choice("copy_memory", delay=2)))
    assert copying.subject.write is None
