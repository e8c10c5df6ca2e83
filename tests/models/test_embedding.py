"""Embeddings: those that cannot be, and word vectors."""

import dataclasses
import sys
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.data.text import load_text
from rnn_research.data.vectors import vectors
from rnn_research.experiment import Choice, ModelConfig, OptimizerConfig, PenaltyConfig, TrainConfig, TrialConfig
from rnn_research.experiment.choice import build
from rnn_research.experiment.config import static
from rnn_research.heads import Noise
from rnn_research.models import network
from rnn_research.models.dropout import drop
from rnn_research.tasks import TASKS
from rnn_research.tasks.base import Batch, Inputs, Target
from rnn_research.tasks.language_model import language_model
from rnn_research.training.step import Setup, init_state, train_chunk, training_data
from rnn_research.training.traced import traced_values
from tests.support.at_random import params_of

IDS, NEXT = Inputs("ids", 21, 8), Target("softmax", 20, each_step=True)
WORDS = ("the", "cat", "sat", "on", "a", "mat", "while", "dogs", "ran", "after", "their", "tails", "in", "deep", "snow")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (ModelConfig(tied=True), "model.tied needs model.embedding"),
        (ModelConfig(tied=True, embedding=5), "as wide as the last layer, not model.embedding=5 and a layer of 32"),
        (ModelConfig(embedding=5, embedding_init="nromal(0.1)"), r"^model\.embedding_init: .*nromal"),
        (ModelConfig(embedding_init="bogus"), r"^model\.embedding_init: unknown initialiser 'bogus'"),
        (ModelConfig(head_init="bogus"), r"^model\.head_init: unknown initialiser 'bogus'"),
        (ModelConfig(norm="bogus"), r"^model\.norm: unknown norm 'bogus'; known: batch, batch_per_step, layer, none"),
        (ModelConfig(embedding_init="glove"), "needs model.embedding"),
        (ModelConfig(embedding=5, embedding_init="ppmi"), "for tasks that read words"),
    ],
)
def test_embeddings_that_cannot_be_are_refused(config, message):
    with pytest.raises(ValueError, match=message):
        network(config, IDS, NEXT)


def test_an_embedding_is_refused_for_inputs_that_are_numbers():
    with pytest.raises(ValueError, match="this one reads numbers"):
        network(ModelConfig(embedding=5), Inputs("numbers", 2, 50), Target("regression", 1, each_step=False))


def test_an_unknown_kind_of_inputs_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match="unknown kind of inputs 'number'; did you mean 'numbers'"):
        network(ModelConfig(), Inputs("number", 2, 50), NEXT)


def test_one_hot_ids_are_rows_of_the_first_kernel():
    model = network(ModelConfig(cell=Choice("elman", hidden=5)), IDS, NEXT)
    params = params_of(model)
    assert "embedding" not in params
    features = model.inside.embed(params, np.arange(21)[None])
    np.testing.assert_array_equal(features[0], np.eye(21))


def some_text():
    tokens = np.random.default_rng(0).integers(0, 20, (4, 13))
    starts = jnp.zeros((4, 12), bool).at[:, 0].set(True).at[2, 5].set(True)
    return Batch(
        jnp.asarray(tokens[:, :-1]).at[2, 5].set(20), jnp.asarray(tokens[:, 1:]), jnp.ones((4, 12)), starts=starts
    )


def as_numbers(config, embedding):
    """``(params, batch, noise) -> loss`` of a network that is given the features of each id."""
    model = network(dataclasses.replace(config, embedding=0), Inputs("numbers", embedding or 21, 8), NEXT)

    def loss(params, batch, noise):
        features = params["embedding"]["kernel"][batch.inputs] if embedding else jax.nn.one_hot(batch.inputs, 21)
        features = jnp.swapaxes(drop(noise, 0, jnp.swapaxes(features, 0, 1)), 0, 1) if embedding else features
        params = {name: part for name, part in params.items() if name != "embedding"}
        return model.forward(params, batch._replace(inputs=features), model.start(4), noise=noise).terms.loss.mean()

    return loss


@pytest.mark.parametrize("dropout", [None, 0.5])
@pytest.mark.parametrize("embedding", [0, 5])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_what_is_made_once_of_each_id_is_what_is_made_of_it_at_each_step(cell, embedding, dropout):
    config = ModelConfig(cell=Choice(cell, hidden=6), embedding=embedding, dropout=dropout or 0.0)
    model, noise = network(config, IDS, NEXT), Noise(jax.random.key(1), dropout)

    def ours(params, batch, noise):
        return model.forward(params, batch, model.start(4), noise=noise).terms.loss.mean()

    params, batch = params_of(model), some_text()
    found, expected = (
        jax.jit(jax.value_and_grad(partial(loss, noise=noise)))(params, batch)
        for loss in (ours, as_numbers(config, embedding))
    )
    for mine, reference in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(mine, reference, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("few", [0, 100], ids=["many", "few"])
@pytest.mark.parametrize("embedding", [0, 5])
def test_a_stream_that_is_prepared_predicts_the_same(embedding, few, monkeypatch):
    monkeypatch.setattr(sys.modules[network.__module__], "FEW", few)
    stream_of = network(ModelConfig(cell=Choice("lstm", hidden=6), embedding=embedding), IDS, NEXT)
    params, stream, ids = params_of(stream_of), stream_of.stream, np.arange(21)[None]
    assert stream.prepared(params, 20) is params  # fewer than there are to prepare
    state, expected = stream.advance(params, stream.start(params, None, 1), ids)
    after, logits = stream.advance(stream.prepared(params, 21), stream.start(params, None, 1), ids)
    for mine, reference in zip(jax.tree.leaves((after, logits)), jax.tree.leaves((state, expected)), strict=True):
        np.testing.assert_allclose(mine, reference, rtol=1e-5, atol=1e-6)


def test_word_vectors_become_the_embedding(tmp_path):
    path = tmp_path / "book.txt"
    path.write_text(" ".join(np.random.default_rng(0).choice(WORDS, 4000)) + ".\n")
    task = language_model(path=str(path), tokens="words", length=8)
    config = ModelConfig(cell=Choice("lstm", hidden=5), embedding=6, embedding_init="ppmi")
    model = network(config, task.inputs, task.target)
    vectors, found = task.inputs.vectors("ppmi", 6)
    init = jax.jit(model.init)
    kernels = [np.asarray(init(jax.random.key(k), 1.0)["embedding"]["kernel"]) for k in (0, 1)]
    assert found.sum() >= len(WORDS)
    np.testing.assert_allclose(kernels[0][: len(found)][found], vectors[found], rtol=1e-6)
    assert not np.allclose(kernels[0][-1], kernels[1][-1])


def test_vectors_are_learned_from_what_the_model_reads_or_from_all_of_the_training_text(tmp_path):
    path = tmp_path / "book.txt"
    path.write_text(" ".join(np.random.default_rng(0).choice(WORDS, 4000)) + ".\n")
    task = language_model(path=str(path), tokens="words", limit=4000)
    codec, names = task.data.codec, task.data.codec.names
    for source, text in (("ppmi", load_text(path=str(path), limit=4000)), ("ppmi_whole", load_text(path=str(path)))):
        ids = codec.encode(text.documents["train"][0]).ids
        expected = vectors("ppmi", names, ids, 6)
        np.testing.assert_array_equal(task.inputs.vectors(source, 6)[0], expected[0])
    assert not np.allclose(task.inputs.vectors("ppmi", 6)[0], expected[0])


def test_a_frozen_embedding_stays_as_it_begins():
    """Neither the loss, nor a penalty, nor the decay of weights moves it; all else moves."""
    config = TrialConfig(
        task=Choice("text_classification", length=6, examples=60),
        model=ModelConfig(cell=Choice("elman", hidden=4), embedding=5, embedding_frozen=True),
        optimizer=OptimizerConfig(learning_rate=0.1, weight_decay=0.1),
        penalty=PenaltyConfig(l2=0.1),
        train=TrainConfig(steps=3, batch=4, eval_every=3, valid_examples=4),
    )
    task = build(config.task, TASKS, "task")
    setup, traced = Setup(static(config), task, network(config.model, task.inputs, task.target)), traced_values(config)
    before = init_state(setup, traced)
    data = training_data(config, task)
    after = jax.jit(lambda state: train_chunk(setup, state, traced, data)[0])(before)
    moved = jax.tree.map(lambda a, b: bool((a != b).any()), before.params, after.params)
    assert moved.pop("embedding") == {"frozen": False} and all(jax.tree.leaves(moved))


def test_what_is_frozen_cannot_be_tied():
    with pytest.raises(ValueError, match=r"which model\.embedding_frozen forbids"):
        network(ModelConfig(embedding=32, tied=True, embedding_frozen=True), IDS, NEXT)
