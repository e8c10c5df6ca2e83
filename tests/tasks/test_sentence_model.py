"""Sentences one by one: what is read, what is asked for, and that reading both ways sees it."""

import jax
import numpy as np
import pytest

from rnn_research.data.sentences import sentences
from rnn_research.data.text import load_text
from rnn_research.experiment.choice import Choice
from rnn_research.experiment.config import ModelConfig
from rnn_research.models import network
from rnn_research.tasks.base import Terms
from rnn_research.tasks.sentence_model import bits, read_sentences, sentence_model
from tests.support.at_random import params_of
from tests.support.batches import held


def test_a_sentence_is_asked_for_character_by_character_and_then_its_end():
    task = sentence_model(longest=30)
    tokens, _ = read_sentences("python_docs", "", 30, ())
    end = tokens.size
    found = [
        one for text in load_text("python_docs").documents["test"] for one in sentences(text) if 2 <= len(one) <= 30
    ]
    batch = held(task, "test")
    assert len(found) > 10
    for row, sentence in enumerate(found[: len(batch.lengths)]):
        ids = tokens.encode(sentence).ids.tolist()
        count = len(sentence) + 1
        assert batch.lengths[row] == count == batch.weights[row].sum()
        assert batch.inputs[row, :count].tolist() == [end, *ids]
        assert batch.targets[row, :count].tolist() == [*ids, end]
    loss = np.where(batch.weights > 0, 1.0, np.nan)
    means = bits(Terms(loss, batch.weights), batch)
    characters = batch.lengths[batch.weights[:, 0] > 0].sum() - (batch.weights[:, 0] > 0).sum()
    assert means["bits_per_char"].total / means["bits_per_char"].weight == pytest.approx(
        (characters + (batch.weights[:, 0] > 0).sum()) / np.log(2) / characters
    )


@pytest.mark.parametrize("both_ways", [False, True])
def test_only_reading_both_ways_depends_on_what_is_asked_for(both_ways):
    task = sentence_model(longest=20)
    config = ModelConfig(cell=Choice("elman", hidden=3), bidirectional=both_ways)
    model = network(config, task.inputs, task.target)
    params = params_of(model)
    batch = jax.tree.map(lambda leaf: leaf[:2], held(task, "valid"))
    features = jax.jit(lambda batch: model.forward(params, batch, model.start(2)).features)
    inputs = batch.inputs.copy()
    inputs[:, 3] = (inputs[:, 3] + 1) % (task.inputs.size - 1)
    same = np.array_equal(features(batch)[:3], features(batch._replace(inputs=inputs))[:3])
    assert same == (not both_ways)
    assert (model.stream is None) == both_ways


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="longest 2 or more, not 1"):
        sentence_model(longest=1)
