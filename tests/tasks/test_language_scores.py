"""Language models' scores: perplexity, bits per character, what tokens leave unsaid, the shuffled text."""

import dataclasses
import math
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.data.sentences import with_swapped
from rnn_research.experiment import Choice, ModelConfig, TrainConfig, TrialConfig
from rnn_research.experiment.config import static
from rnn_research.heads import HEADS
from rnn_research.heads.softmax import softmax
from rnn_research.models import Weights, network
from rnn_research.tasks.base import Seen, conclude
from rnn_research.tasks.language_model import language_model, read_text, stream_of, text_scores
from rnn_research.training.pack import scorer
from rnn_research.training.step import (
    Setup,
    best_scores,
    evaluate,
    evaluate_rows,
    init_state,
    train_chunk,
    training_data,
)
from rnn_research.training.traced import traced_values
from tests.support.at_random import params_of
from tests.support.texts import write_book, write_sentences

CELL = Choice("lstm", hidden=5)


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    return write_book(tmp_path_factory.mktemp("text"))


def text_of(path, tokens="characters", reduce="none"):
    """The corpus as the task reads it."""
    return read_text("python_docs", path, "", "text", 0, tokens, 0, reduce, "english")


def held_out_text(task):
    """The text of the test split."""
    return task.data.codec.decode(stream_of(task.data.held_out("test", 10**9)).ids)


def nats_of(model, params, ids, beginning):
    """``−ln p`` of every token of a text, read at once."""
    inputs = jnp.asarray(np.concatenate([[beginning], ids[:-1]])[None])
    _, logits = jax.jit(model.stream.advance)(params, model.start(1).state, inputs)
    return -np.asarray(jax.nn.log_softmax(logits, axis=-1))[0][np.arange(len(ids)), ids]


@pytest.mark.parametrize("tokens", ["characters", "words"])
def test_a_uniform_model_has_the_vocabulary_as_its_perplexity(book, tokens):
    task = language_model(path=book, tokens=tokens, length=8)
    size = task.target.size
    model = network(ModelConfig(cell=Choice("gru", hidden=5)), task.inputs, task.target)
    params = params_of(model, scale=0.0)
    setup = Setup(TrialConfig(), task, model)
    row = jax.jit(partial(evaluate, setup))(Weights(params, ()), task.data.held_out("test", 10**9))
    assert row["perplexity"] == pytest.approx(size, rel=1e-4)
    stream = text_of(book, tokens).streams["test"]
    bits = (len(stream.ids) * math.log(size) + stream.extra.sum()) / math.log(2) / stream.characters.sum()
    assert row["bits_per_char"] == pytest.approx(float(bits), rel=1e-4)
    assert row["perplexity"] == pytest.approx(2 ** (float(row["loss"]) / math.log(2)), rel=1e-5)  # C31: 2^H


def test_scores_are_the_same_without_the_softmax(book, monkeypatch):
    """What a large vocabulary is scored by, on a small one, beside the plain way: values, and gradients of training."""
    task = language_model(path=book, tokens="words", length=8)
    train = TrainConfig(steps=4, batch=3, eval_every=4, valid_examples=40, test_examples=40)
    config = TrialConfig(model=ModelConfig(cell=CELL), train=train)
    traced, data, rows = traced_values(config), training_data(config, task), []
    for large in (10**6, 1):
        monkeypatch.setitem(HEADS, "softmax", partial(softmax, large=large))
        model = network(config.model, task.inputs, task.target)
        setup = Setup(static(config), task, model)
        state = init_state(setup, traced)

        @jax.jit
        def chunk(state, data, setup=setup):
            state, found = train_chunk(setup, state, traced, data)
            return found | {split: row for split, (row, _) in best_scores(setup, state.best, data).items()}

        rows.append(jax.device_get(chunk(state, data)))
    assert rows[0].keys() == {"train", "valid", "test", "shuffled"}
    for split, values in rows[0].items():
        for name, value in values.items():
            assert float(rows[1][split][name]) == pytest.approx(float(value), rel=1e-3, abs=1e-5), (split, name)


def test_a_network_is_scored_on_the_shuffled_text_too(book):
    task = language_model(path=book, length=8)
    config = TrialConfig(model=ModelConfig(cell=Choice("gru", hidden=5)))
    config = dataclasses.replace(config, train=dataclasses.replace(config.train, test_examples=10**6))
    model = network(config.model, task.inputs, task.target)
    setup = Setup(static(config), task, model)
    best = init_state(setup, traced_values(config)).best
    scores = jax.jit(partial(best_scores, setup))(best, training_data(config, task))
    row = conclude(task, {split: Seen(row, lambda: None, None) for split, (row, _) in scores.items()}).numbers
    for name, split in (("perplexity", "test"), ("shuffled_perplexity", "shuffled")):
        nats = nats_of(model, best.params, text_of(book).streams[split].ids, task.target.size)
        assert row[name] == pytest.approx(np.exp(nats.mean()), rel=1e-4)
    bits = np.log2(float(row["shuffled_perplexity"]) / float(row["perplexity"]))
    assert row["shuffling_bits"] == pytest.approx(bits, abs=1e-5)


def test_a_network_prefers_the_sentences_that_are_likelier_each_by_itself(tmp_path):
    """C31, beside the model read over one sentence after another, in the tokens that split words too."""
    task = language_model(path=write_sentences(tmp_path), length=8, swaps=True)
    config = TrialConfig(model=ModelConfig(cell=CELL), train=TrainConfig(test_examples=10))
    model = network(config.model, task.inputs, task.target)
    setup = Setup(static(config), task, model)
    best = init_state(setup, traced_values(config)).best
    means = jax.jit(partial(best_scores, setup))(best, training_data(config, task))
    row = scorer(setup)(config, jax.device_get(means), best).numbers
    bits = {}
    for split, texts in zip(("sentences", "swapped"), with_swapped([held_out_text(task)]), strict=True):
        nats = [nats_of(model, best.params, task.data.codec.encode(one).ids, task.target.size) for one in texts[:10]]
        bits[split] = np.array([one.sum() for one in nats]) / math.log(2)
    added = bits["swapped"] - bits["sentences"]
    assert row["original_preferred"] == (added > 0).mean() and 0 < (added > 0).mean() < 1
    assert row["swapping_bits"] == pytest.approx(added.mean(), abs=1e-3)


def test_scores_of_a_text_equal_those_of_its_batches(book):
    task = language_model(path=book, tokens="words", length=8)
    model = network(ModelConfig(cell=CELL), task.inputs, task.target)
    params = params_of(model)
    stream = text_of(book, "words").streams["valid"]
    expected = text_scores(nats_of(model, params, stream.ids, task.target.size), stream)
    setup = Setup(TrialConfig(), task, model)
    examples = task.data.held_out("valid", 10**9)
    row, by_row = jax.jit(partial(evaluate_rows, setup))(Weights(params, ()), examples)
    for name, value in expected.items():
        assert float(row[name]) == pytest.approx(value, rel=1e-4), name
    # The bits and characters of each sequence of the batches, which come row after row in the text.
    nats = nats_of(model, params, stream.ids, task.target.size)
    bits, characters = (nats + stream.extra) / math.log(2), stream.characters
    ends = np.cumsum(examples.weights.swapaxes(0, 1).sum(axis=2).reshape(-1)).astype(int)[:-1]
    expected_rows = [[part.sum() for part in np.split(values, ends)] for values in (bits, characters)]
    found = [np.asarray(leaf).T.reshape(-1) for leaf in by_row]
    np.testing.assert_allclose(found, expected_rows, rtol=1e-3, atol=1e-3)


def test_what_tokens_leave_unsaid_is_paid_for(book):
    """A model that knew each class for certain would still pay the bits between class and text."""
    stream = text_of(book, "words", "stop").streams["test"]
    scores = text_scores(np.zeros(len(stream.ids)), stream)
    assert scores["loss"] == 0
    assert scores["bits_per_char"] > 0.1
    assert stream.characters.sum() == pytest.approx(0.05 * len(Path(book).read_text()), abs=1)


def test_the_shuffled_text_holds_the_same_tokens_in_another_order(book):
    streams = text_of(book).streams
    text, shuffled = streams["test"], streams["shuffled"]
    np.testing.assert_array_equal(np.sort(text.ids), np.sort(shuffled.ids))
    assert (text.ids != shuffled.ids).mean() > 0.5
    assert text.characters.sum() == shuffled.characters.sum()
