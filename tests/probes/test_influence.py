"""The influence of places in a text, by NumPy and where it is known."""

import jax
import numpy as np
import pytest
from scipy.special import log_softmax

from rnn_research.experiment import Choice, ModelConfig
from rnn_research.probes import PROBES
from rnn_research.probes.influence import divergences, slopes
from tests.support.subjects import changed, subject_of, weights_of
from tests.support.texts import write_book

HIDDEN = 3


@pytest.fixture(scope="module")
def subject(tmp_path_factory):
    """A language model of linear cells on a small text."""
    path = write_book(tmp_path_factory.mktemp("text"))
    cell = Choice("elman", hidden=HIDDEN, activation="linear")
    return subject_of(changed(task=Choice("language_model", path=path, length=8), model=ModelConfig(cell=cell)))


def drawn(subject, texts, tokens):
    """Parameters, those of the cell in double precision, and texts of any tokens."""
    params = subject.model.init(jax.random.key(1), 0.8)
    cell = {name: np.asarray(leaf, np.float64) for name, leaf in params["recurrent"][0].items()}
    ids = np.random.default_rng(0).integers(0, subject.task.target.size, (texts, tokens)).astype(np.int32)
    return params, cell, ids


@pytest.mark.parametrize("shrunk", [1.0, 0.1])
def test_divergences_by_numpy(subject, shrunk):
    """Also those of a network that keeps next to nothing, which rounding does not take below 0."""
    params, cell, ids = drawn(subject, 5, 20)
    (of_cell,) = params["recurrent"]
    params = params | {"recurrent": (of_cell | {"recurrent_kernel": shrunk * of_cell["recurrent_kernel"]},)}
    cell["recurrent_kernel"] *= shrunk
    head = {name: np.asarray(leaf, np.float64) for name, leaf in params["head"].items()}

    def scores(ids):
        h = np.zeros((len(ids), HIDDEN))
        for step in range(ids.shape[1]):
            h = cell["input_kernel"][ids[:, step]] + h @ cell["recurrent_kernel"] + cell["bias"]
        return log_softmax(h @ head["kernel"] + head["bias"], axis=-1)

    before, expected = scores(ids), []
    for part in range(10):
        other = ids.copy()
        other[:, 2 * part : 2 * part + 2] = np.roll(ids, 1, axis=0)[:, 2 * part : 2 * part + 2]
        after = scores(other)
        expected.append((np.exp(before) * (before - after)).sum(axis=-1).mean() / np.log(2))
    found = jax.jit(lambda params, ids: divergences(subject.model, params, ids))(params, ids)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-12)
    assert min(found) >= 0 and (min(expected) > 1e-5 or shrunk < 1)


def test_slopes_of_a_linear_network_are_powers_of_its_kernel(subject):
    params, cell, ids = drawn(subject, 4000, 10)
    found = jax.jit(lambda params, ids: slopes(subject.model, params, ids))(params, ids)
    powers = [np.linalg.matrix_power(cell["recurrent_kernel"], 9 - step) for step in range(10)]
    expected = [np.linalg.norm(cell["input_kernel"] @ power) for power in powers]
    np.testing.assert_allclose(found, expected, rtol=0.05)  # one vector a text: 1% or so of chance


def test_a_look_gives_the_ratio_of_first_and_last(subject):
    params, _, _ = drawn(subject, 1, 10)
    row = PROBES["influence"](examples=12, tokens=20).make(subject)(weights_of(params)).numbers
    assert row["kl_ratio"] == pytest.approx(row["kl_first"] / row["kl_last"])
    assert row["log10_kl_ratio"] == pytest.approx(np.log10(row["kl_ratio"]))
    assert 0 < row["kl_first"] < row["kl_last"] and row["log10_gradient_kept"] < 0


def test_what_has_no_text_is_refused():
    with pytest.raises(ValueError, match="for language models"):
        PROBES["influence"]().check(subject_of(changed()))
    with pytest.raises(ValueError, match="needs 2 examples"):
        PROBES["influence"](tokens=9)
