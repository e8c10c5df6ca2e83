"""Embeddings: those that cannot be, and word vectors."""

import jax
import numpy as np
import pytest

from rnn_research.experiment import Choice, ModelConfig
from rnn_research.models import network
from rnn_research.tasks.base import Inputs, Target
from rnn_research.tasks.language_model import language_model

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
        (ModelConfig(norm="bogus"), r"^model\.norm: unknown norm 'bogus'; known: layer, none"),
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
    params = model.init(jax.random.key(0), 1.0)
    assert "embedding" not in params
    features = model.inside.embed(params, np.arange(21)[None])
    np.testing.assert_array_equal(features[0], np.eye(21))


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
