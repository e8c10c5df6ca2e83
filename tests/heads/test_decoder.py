"""The decoder: its loss step by step in double precision, its answers by its own loss, what padding may hold."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from rnn_research.data.pairs import END
from rnn_research.decoding import sample
from rnn_research.experiment.choice import Choice
from rnn_research.experiment.config import ModelConfig
from rnn_research.heads import Noise
from rnn_research.models import Carry, network
from rnn_research.tasks.base import Batch, Inputs, Labelling, Target
from tests.support.numpy_cells import sigmoid

SYMBOLS, TOKENS, SOURCE, LENGTH, HIDDEN = 7, 5, 6, 4, 4
LENGTHS, WRITTEN = np.array([6, 3, 1, 0]), np.array([4, 1, 3, 2])
LSTM = {"cell": Choice("lstm", hidden=HIDDEN)}
MODELS = {
    "context alone": LSTM,
    "embedded, two layers, both ways": LSTM | {"embedding": 3, "layers": 2, "bidirectional": True},
    "GRU, dot, read back": {"cell": Choice("gru", hidden=HIDDEN), "attention": "dot", "reverse": True},
    "additive, both ways": LSTM | {"attention": "additive", "bidirectional": True, "embedding": 3},
    "Elman, bilinear, residual": {
        "cell": Choice("elman", hidden=HIDDEN),
        "attention": "bilinear",
        "layers": 2,
        "residual": True,
    },
    "window": {"cell": Choice("window", hidden=HIDDEN)},
}


@cache
def made(name, **options):
    """A model, its parameters, biases among them, and what it makes of a batch."""
    target = Target("decoder", TOKENS, each_step=False, time=LENGTH, options=tuple(options.items()))
    model = network(ModelConfig(**MODELS[name]), Inputs("ids", SYMBOLS, SOURCE), target)
    draw = np.random.default_rng(0)
    params = jax.tree.map(
        lambda leaf: draw.normal(size=leaf.shape).astype(np.float32), jax.eval_shape(model.init, jax.random.key(0), 1.0)
    )
    carry = Carry(None, ())

    @jax.jit
    def terms(params, batch):
        return model.forward(params, batch, carry).terms

    @jax.jit
    def answer(params, batch):
        return model.answer(params, batch._replace(targets=None, weights=None), carry)[0]

    return model, params, terms, answer


def batch_of(source=SOURCE, length=LENGTH, seed=1):
    draw = np.random.default_rng(seed)
    inputs = draw.integers(0, SYMBOLS, (len(LENGTHS), SOURCE)).astype(np.int32)
    ids = draw.integers(1, TOKENS, (len(LENGTHS), LENGTH)).astype(np.int32)
    ids[np.arange(len(ids)), WRITTEN - 1] = END
    inputs = np.pad(inputs, ((0, 0), (0, source - SOURCE)), constant_values=SYMBOLS - 1)
    ids = np.pad(ids, ((0, 0), (0, length - LENGTH)), constant_values=TOKENS - 1)
    weights = (np.arange(length) < WRITTEN[:, None]).astype(np.float32)
    return Batch(inputs, Labelling(ids, WRITTEN.astype(np.int32)), weights, LENGTHS.astype(np.int32))


def numpy_lstm(params, state, x):
    h, c = state
    i, f, g, o = np.split(x @ params["input_kernel"] + h @ params["recurrent_kernel"] + params["bias"], 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def numpy_nats(params, source, ids):
    """The additive decoder over an encoder that reads both ways, token by token."""
    head, (ahead, back) = params["head"], params["recurrent"][0]
    vectors, zeros = params["embedding"]["kernel"][source], np.zeros(HIDDEN)
    states, outputs = [], []
    for cell, order in ((ahead, range(len(source))), (back, range(len(source))[::-1])):
        state, found = (zeros, zeros), np.zeros((len(source), HIDDEN))
        for t in order:
            state = numpy_lstm(cell, state, vectors[t])
            found[t] = state[0]
        states.append(state)
        outputs.append(found)
    bridge = [np.concatenate(pair) for pair in zip(*states)]
    state = tuple(x @ part["kernel"] + part["bias"] for x, part in zip(bridge, head["bridge"][0]))
    values = np.concatenate(outputs, axis=1) @ head["memory"]["kernel"] + head["memory"]["bias"]
    of_sim, before, nats = head["attention"], TOKENS, []
    for token in ids:
        hidden = np.tanh(values @ of_sim["output_kernel"] + state[0] @ of_sim["state_kernel"] + of_sim["bias"])
        context = softmax(hidden @ of_sim["score_kernel"][:, 0]) @ values if len(source) else zeros
        state = numpy_lstm(head["recurrent"][0], state, np.append(head["embedding"]["kernel"][before], context))
        nats.append(-log_softmax(state[0] @ head["output"]["kernel"] + head["output"]["bias"])[token])
        before = token
    return nats


def test_the_loss_is_that_of_the_equations():
    _, params, terms, _ = made("additive, both ways")
    batch = batch_of()
    found = np.asarray(terms(params, batch).loss)
    params = jax.tree.map(lambda leaf: leaf.astype(float), params)
    for row, (source, length) in enumerate(zip(LENGTHS, WRITTEN)):
        exact = numpy_nats(params, batch.inputs[row, :source], batch.targets.ids[row, :length])
        np.testing.assert_allclose(found[row, :length], exact, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_greedy_answers_are_the_likeliest_token_by_token(name):
    _, params, terms, answer = made(name)
    batch, found = batch_of(), answer(params, batch_of())
    weights = (np.arange(LENGTH) < np.asarray(found.lengths)[:, None]).astype(np.float32)
    again = terms(params, batch._replace(targets=found, weights=weights))
    assert (np.asarray(again.right) | (weights == 0)).all()
    ended = np.take_along_axis(np.asarray(found.ids), np.asarray(found.lengths)[:, None] - 1, axis=1)[:, 0] == END
    assert (ended | (np.asarray(found.lengths) == LENGTH)).all()


@pytest.mark.parametrize("name", ["context alone", "GRU, dot, read back"])
def test_scores_of_the_best_are_their_losses_and_weights_sum_to_one(name):
    _, params, terms, answer = made(name, beam=3, n_best=2)
    batch, found = batch_of(), answer(params, batch_of())
    for place in range(2):
        lengths = np.asarray(found.lengths[:, place])
        weights = (np.arange(LENGTH) < lengths[:, None]).astype(np.float32)
        given = batch._replace(targets=Labelling(found.ids[:, place], lengths), weights=weights)
        losses = np.asarray(terms(params, given).loss * weights).sum(axis=1)
        np.testing.assert_allclose(found.scores[:, place], -losses, rtol=1e-4)
    assert (np.asarray(found.scores[:, 0]) >= np.asarray(found.scores[:, 1])).all()
    if MODELS[name].get("attention"):
        written = np.arange(LENGTH)[None] < np.asarray(found.lengths[:, :1])
        there = written & (LENGTHS > 0)[:, None]
        np.testing.assert_allclose(np.asarray(found.weights).sum(axis=2), there, rtol=1e-5)
    else:
        assert found.weights is None


@pytest.mark.parametrize("name", ["context alone", "additive, both ways", "GRU, dot, read back"])
def test_longer_padding_of_source_and_target_changes_nothing(name):
    _, params, terms, _ = made(name)
    short, long = terms(params, batch_of()), terms(params, batch_of(SOURCE + 3, LENGTH + 2))
    counts = np.arange(LENGTH) < WRITTEN[:, None]
    np.testing.assert_array_equal(np.asarray(short.loss)[counts], np.asarray(long.loss)[:, :LENGTH][counts])
    assert (np.asarray(short.right)[counts] == np.asarray(long.right)[:, :LENGTH][counts]).all()


def test_answers_are_drawn_as_often_as_they_are_likely():
    model, params, terms, _ = made("additive, both ways")
    batch = jax.tree.map(lambda leaf: leaf[:1], batch_of())
    drawn = sample(model.decoder, params, [], 1, jax.random.key(0), batch=4000, context=(batch.inputs, batch.lengths))
    share = np.bincount(np.asarray(drawn)[:, 0], minlength=TOKENS) / 4000
    first = [batch._replace(targets=Labelling(np.full((1, LENGTH), token), WRITTEN[:1])) for token in range(TOKENS)]
    likely = np.exp([-float(terms(params, one).loss[0, 0]) for one in first])
    np.testing.assert_allclose(share, likely, atol=0.03)


def test_scheduled_sampling_reads_own_tokens():
    """At a rate of nearly one the loss of a token is that after the tokens which greedy decoding writes before it; at
    one of nearly none, that after the true ones."""
    model, params, terms, answer = made("GRU, dot, read back")
    params, batch = jax.tree.map(jnp.asarray, (params, batch_of()))
    batch = batch._replace(weights=jnp.ones_like(batch.weights))

    @jax.jit
    def losses(rate):
        noise = Noise(jax.random.key(0), sampled=rate)
        return model.forward(params, batch, Carry(None, ()), noise=noise).terms.loss

    found = answer(params, batch)
    going_on = np.asarray(found.lengths) == LENGTH
    own = found.ids.at[:, -1].set(batch.targets.ids[:, -1])
    after_own = terms(params, batch._replace(targets=Labelling(own, found.lengths))).loss
    assert going_on.any()
    np.testing.assert_allclose(losses(1 - 1e-7)[going_on, -1], after_own[going_on, -1], rtol=1e-5)
    np.testing.assert_allclose(losses(1e-9), terms(params, batch).loss, rtol=1e-5)


def test_dropout_is_the_same_layer_by_layer_and_step_by_step():
    """Of the vectors of tokens and of the outputs of both layers; where nothing is looked back at, either will do."""
    model, params, terms, _ = made("embedded, two layers, both ways")
    params, batch = jax.tree.map(jnp.asarray, (params, batch_of()))

    @jax.jit
    def losses(key, sampled=None):
        noise = Noise(key, 0.5, sampled=sampled)
        return model.forward(params, batch, Carry(None, ()), noise=noise).terms.loss

    key, other = jax.random.split(jax.random.key(0))
    at_once = losses(key)
    np.testing.assert_allclose(at_once, losses(key, 1e-9), rtol=1e-5)
    assert not np.allclose(at_once, losses(other), rtol=1e-2) and not np.allclose(at_once, terms(params, batch).loss)


@pytest.mark.parametrize(
    ("model", "options", "said"),
    [
        ({"norm": "layer"}, {}, "model.norm"),
        ({"pooling": "mean"}, {}, "model.pooling"),
        ({"dropout": 0.1, "dropout_kind": "zoneout"}, {}, "dropout_kind"),
        ({"attention": "dot", "cell": Choice("window", hidden=3)}, {}, "no hidden state"),
        ({}, {"beam": 0}, "beam"),
        ({}, {"beam": 2, "n_best": 3}, "n_best"),
        ({}, {"coverage": 0.1}, "attention"),
        ({}, {"length_penalty": -0.1}, "length_penalty"),
        ({}, {"length_penalty": np.inf}, "length_penalty"),
        ({"attention": "dot"}, {"coverage": np.inf}, "coverage"),
        ({"tied": True, "embedding": HIDDEN}, {}, "tied"),
    ],
)
def test_what_cannot_be_is_refused(model, options, said):
    target = Target("decoder", TOKENS, each_step=False, time=LENGTH, options=tuple(options.items()))
    with pytest.raises(ValueError, match=said):
        jax.eval_shape(
            lambda: network(ModelConfig(**(LSTM | model)), Inputs("ids", SYMBOLS, SOURCE), target).init(
                jax.random.key(0), 1.0
            )
        )
