"""Forget gates by NumPy, held still, and by what they are sorted."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from rnn_research.cells import CELLS
from rnn_research.cells.lstm import with_forget_gate
from rnn_research.data.tokens import tokeniser
from rnn_research.experiment import Choice, ModelConfig
from rnn_research.probes import PROBES
from rnn_research.probes.gates import auroc, auroc_of_same, forget_gates, sort_tokens
from rnn_research.recurrence import run
from tests.support.at_random import params_of
from tests.support.cells import HIDDEN
from tests.support.numpy_cells import block, numpy_lstm, sigmoid
from tests.support.subjects import changed, subject_of, weights_of
from tests.support.texts import write_sentences


@pytest.fixture(scope="module")
def looked(tmp_path_factory):
    """A language model on sentences, its weights and their cell in double precision."""
    path = write_sentences(tmp_path_factory.mktemp("text"))
    model = ModelConfig(cell=Choice("lstm", hidden=HIDDEN, forget_bias=1.0), embedding=4)
    subject = subject_of(changed(task=Choice("language_model", path=path, tokens="words", length=8), model=model))
    params = params_of(subject.model)
    cell = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), params["recurrent"][0])
    return subject, weights_of(params), cell


def test_gates_by_numpy(looked):
    subject, weights, cell = looked
    ids = np.random.default_rng(0).integers(0, subject.task.target.size, (3, 6)).astype(np.int32)
    found = jax.jit(lambda weights: forget_gates(subject, weights, jnp.asarray(ids)))(weights)
    table = np.asarray(weights.params["embedding"]["kernel"], np.float64)
    w, u, b = block(cell, 1)
    for text, row in enumerate(ids):
        state = np.zeros(HIDDEN), np.zeros(HIDDEN)
        for step, token in enumerate(row):
            np.testing.assert_allclose(found[text, step], sigmoid(w @ table[token] + u @ state[0] + b), rtol=1e-4)
            state, _ = numpy_lstm(cell, state, table[token])


@pytest.mark.parametrize("kept", [1.0, 0.3])
def test_a_gate_that_is_held_keeps_that_share(looked, kept):
    _, weights, cell = looked
    params = weights.params["recurrent"][0]
    x = np.random.default_rng(1).normal(size=(7, 2, 4)).astype(np.float32)
    cells = CELLS["lstm"](HIDDEN)
    state, _ = jax.jit(lambda params, x: run(cells, with_forget_gate(params, kept), x))(params, x)
    (wi, ui, bi), (wg, ug, bg), (wo, uo, bo) = (block(cell, gate) for gate in (0, 2, 3))
    for row in range(2):
        h = c = np.zeros(HIDDEN)
        for step in x[:, row]:
            c = kept * c + sigmoid(wi @ step + ui @ h + bi) * np.tanh(wg @ step + ug @ h + bg)
            h = sigmoid(wo @ step + uo @ h + bo) * np.tanh(c)
        np.testing.assert_allclose(state.cell[row], c, rtol=1e-4, atol=1e-6)


def test_a_look_scores_networks_whose_gates_are_held(looked):
    subject, weights, _ = looked
    found = PROBES["gates"](examples=4, tokens=80).make(subject)(weights)
    assert 0 < found.numbers["kept"] < 1 and 0 <= found.numbers["auroc"] <= 1
    held = weights._replace(
        params=weights.params | {"recurrent": (with_forget_gate(weights.params["recurrent"][0], 0.7),)}
    )
    still = PROBES["gates"](examples=4, tokens=80).make(subject)(held).numbers
    assert still["kept"] == pytest.approx(0.7, rel=1e-5) and still["auroc"] == 0.5  # all alike
    assert still["constant_costs"] == pytest.approx(0, abs=1e-5) and abs(still["keep_all_costs"]) > 1e-4
    (shown,) = found.exhibits
    assert np.shape(shown.values) == (5, len(shown.columns)) and shown.columns[24] == "."
    assert (np.diff(shown.values, axis=0) <= 0).all()


def test_ends_of_sentences_and_tokens_as_frequent():
    train = "b.b b.b b.b a. " + "c" * 3 + "d" * 40 + "e" * 60
    codec = tokeniser("characters", [train])
    texts = np.array([codec.encode("ab.cde. a. d e")[0]])
    found = sort_tokens(texts, codec, codec.encode(train).ids)
    assert found.ends[0].tolist() == [one in (6, 9) for one in range(14)]  # not within "b.c"
    assert found.after[0].tolist() == [one in (7, 10) for one in range(14)]
    assert codec.decode(texts[found.others]) == "abc a  "  # the stop is there 4 times: b 6, c 3, blanks 4, a 1


def test_auroc_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    positive, negative = rng.integers(0, 9, 40), rng.integers(0, 7, 70)
    expected = roc_auc_score(np.repeat([1, 0], [40, 70]), np.concatenate([positive, negative]))
    assert auroc(positive, negative) == pytest.approx(expected)
    assert np.isnan(auroc(positive, negative[:0]))


def test_auroc_within_a_token_asks_nothing_of_which_token_it_is():
    ids = np.array([0, 0, 0, 0, 1, 1, 1, 2])
    values = np.array([9.0, 8.0, 7.0, 6.0, 2.0, 1.0, 3.0, 0.0])
    positive = np.array([True, False, False, True, True, False, False, True])
    # Of 0: 9 above both, 6 below both: a half, twice. Of 1: 2 above one of two. Of 2 there is none to compare with.
    assert auroc_of_same(ids, values, positive) == pytest.approx(0.5)
    assert auroc_of_same(ids, -ids, positive) == 0.5
    assert auroc_of_same(ids, np.where(positive, 1, 0) - 9.0 * ids, positive) == 1


def test_other_cells_and_tasks_are_refused(looked):
    subject, _, _ = looked
    with pytest.raises(ValueError, match="for language models"):
        PROBES["gates"]().check(subject_of(changed()))
    model = ModelConfig(cell=Choice("gru", hidden=3))
    with pytest.raises(ValueError, match="one layer of LSTM cells"):
        PROBES["gates"]().check(subject_of(changed(task=subject.config.task, model=model)))
