"""Sequences drawn from a class: against writing by the stream, and against probabilities that are known."""

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.cells import CELLS
from rnn_research.decoding import sample
from rnn_research.decoding.unfold import unfold
from rnn_research.experiment.choice import Choice, check
from rnn_research.experiment.config import ModelConfig
from rnn_research.models import network
from rnn_research.tasks.base import Inputs, Target
from tests.support.at_random import params_of

SIZE, ROWS = 5, 3


def model_of(head="softmax", **inputs):
    config = ModelConfig(cell=check(Choice("gru", hidden=8), CELLS, "cell"), head_init="normal(2)")
    return network(config, Inputs(**inputs), Target(head, SIZE, each_step=True))


def test_cold_draws_of_tokens_are_what_the_stream_writes_greedily():
    model = model_of(kind="ids", size=SIZE + 1, time=4)
    params = params_of(model, scale=2.0)
    assert model.stream is not None and model.draw is not None

    def feed(ids, classes):
        return jnp.full(len(classes), SIZE) if ids is None else ids

    state, classes = model.start(ROWS).state, jnp.arange(ROWS)
    found = unfold(model.draw, feed, params, state, classes, jax.random.key(0), 1e-6, length=7)
    written = sample(model.stream, params, np.zeros(0, np.int32), 7, None, batch=ROWS, greedy=True)
    assert found.shape == (ROWS, 7) and len(np.unique(written)) > 1
    np.testing.assert_array_equal(found, written)


def test_shorter_ones_begin_longer_ones_and_classes_go_in_at_every_step():
    model = model_of("bernoulli", kind="numbers", size=SIZE + 2, time=4)
    params = params_of(model)
    assert model.stream is None and model.draw is not None

    def feed(items, classes):
        before = jnp.zeros((len(classes), SIZE)) if items is None else items
        return jnp.concatenate([before, jax.nn.one_hot(classes, 2)], axis=1)

    def drawn(classes, length, temperature=1.0):
        rows = len(classes)
        state, key = model.start(rows).state, jax.random.key(5)
        return unfold(model.draw, feed, params, state, jnp.asarray(classes), key, temperature, length=length)

    long = drawn([0, 1, 1], 6)
    np.testing.assert_array_equal(drawn([0, 1, 1], 2), long[:, :2])
    # The first items of many rows of a class, as often as the head's probabilities say; colder, more surely.
    many = 4000
    read = feed(None, jnp.array([1]))
    for temperature in (1.0, 0.5):
        ones = drawn(np.ones(many, int), 2, temperature)[:, 0].mean(axis=0)
        features = features_of(model, params, read)
        logits = features @ params["head"]["kernel"] + params["head"]["bias"]
        np.testing.assert_allclose(ones, 1 / (1 + np.exp(-logits / temperature)), atol=0.04)


def features_of(model, params, read):
    """Of one step."""
    cell = CELLS["gru"](8)
    _, output = cell.step(params["recurrent"][0], cell.initial_state(), read[0])
    return np.asarray(output)


def test_a_network_that_reads_both_ways_draws_nothing():
    config = ModelConfig(cell=check(Choice("elman", hidden=3), CELLS, "cell"), bidirectional=True)
    target = Target("softmax", SIZE, each_step=True)
    assert network(config, Inputs("numbers", 2, 4), target).draw is None
    assert (
        network(ModelConfig(cell=config.cell), Inputs("numbers", 2, 4), target._replace(each_step=False)).draw is None
    )
