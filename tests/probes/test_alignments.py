"""What a decoder looks back at: the pictures are of its answers, and other subjects are refused."""

import jax
import numpy as np
import pytest

from rnn_research.models import Weights
from rnn_research.probes.alignments import alignments, entropy, first_of_test
from tests.contracts.small import config_of, made, task_of

TASK = "symbols"


def subject_of(**model):
    return made(config_of(TASK, **model)).subject


def test_rows_are_the_tokens_of_the_answers_and_columns_those_of_the_sources():
    subject = subject_of(attention="dot", bidirectional=True, match="parameters")  # that is 5 units for 3 of an LSTM
    task = subject.task
    model = subject.model
    weights = Weights(jax.jit(model.init)(jax.random.key(3), 2.0), model.start(1).statistics)
    found = alignments(examples=2).make(subject)(weights)
    batch = first_of_test(subject, 2)
    answers, _ = jax.jit(model.answer)(weights.params, batch._replace(targets=None, weights=None), model.start(2))
    assert [matrix.name for matrix in found.exhibits] == ["alignment_1", "alignment_2"]
    nats = []
    for row, matrix in enumerate(found.exhibits):
        ids = answers.ids[row, : answers.lengths[row]].tolist()
        assert list(matrix.rows) == [task.target.names[token] for token in ids]
        source = task.data.codec.source.decode(batch.inputs[row, : batch.lengths[row]])
        assert "".join(matrix.columns) == source
        values = np.array(matrix.values)
        assert values.shape == (len(matrix.rows), len(matrix.columns)) and (values >= 0).all()
        np.testing.assert_allclose(values.sum(axis=1), 1, rtol=1e-5)
        nats += entropy(values).tolist()
    assert found.numbers["attention_entropy"] == pytest.approx(np.mean(nats))
    assert 0 < found.numbers["attention_entropy"] < np.log(task.inputs.time)


def test_entropy_is_that_of_each_row():
    np.testing.assert_allclose(entropy(np.array([[1, 0], [0.5, 0.5]])), [0, np.log(2)])
    assert entropy(np.full((1, 8), 1 / 8))[0] == pytest.approx(np.log(8))


def test_the_first_examples_are_those_of_the_split_though_batches_are_sorted_by_length():
    task = task_of(TASK)
    subject = subject_of(attention="dot")
    batches = task.data.held_out("test", subject.config.train.test_examples)
    places, lengths = (np.asarray(leaf).reshape(-1) for leaf in (task.data.place(batches), batches.lengths))
    counted = (batches.weights.reshape(len(places), -1) > 0).any(axis=1)
    long = np.flatnonzero(counted & (lengths >= np.median(lengths[counted])))
    first = long[places[long].argmin()]
    one = first_of_test(subject, 1)
    np.testing.assert_array_equal(one.inputs[0], batches.inputs.reshape(len(places), -1)[first])


def test_what_has_no_attention_is_refused():
    with pytest.raises(ValueError, match=r"model\.attention=none"):
        alignments().check(subject_of())
    with pytest.raises(ValueError, match="for a decoder, not for task 'acronym'"):
        alignments().check(made(config_of("acronym")).subject)
    with pytest.raises(ValueError, match="needs examples, not 0"):
        alignments(examples=0)
