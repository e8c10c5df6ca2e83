"""What states hold and how they move, by NumPy step by step; windows, whose reach is known."""

import numpy as np
import pytest

from rnn_research.experiment import Choice, ModelConfig
from rnn_research.probes import PROBES
from tests.support.at_random import params_of
from tests.support.subjects import changed, subject_of, weights_of


def looked(cell, layers=1, length=4, **options):
    """The row, the shares and the moves; params and inputs."""
    config = changed(task=Choice("recall_first", length=length), model=ModelConfig(cell=cell, layers=layers))
    subject = subject_of(config)
    params = params_of(subject.model)
    found = PROBES["memory"](**options).make(subject)(weights_of(params))
    shares, moves = found.exhibits
    return found.numbers, np.array(shares.values), np.array(moves.y), params, subject


def test_an_elman_network_by_numpy():
    row, shares, moves, params, subject = looked(Choice("elman", hidden=5), examples=6)
    kernels = {name: np.asarray(leaf, np.float64) for name, leaf in params["recurrent"][0].items()}
    x = np.asarray(subject.task.data.held_out("valid", 16).inputs[0][:6], np.float64)

    def states(x):
        h, found = np.zeros((6, 5)), []
        for step in range(4):
            h = np.tanh(x[:, step] @ kernels["input_kernel"] + h @ kernels["recurrent_kernel"] + kernels["bias"])
            found.append(h)
        return np.array(found)

    changes = np.zeros((4, 4))
    for step in range(4):
        other = x.copy()
        other[:, step] = np.roll(x[:, step], 1, axis=0)
        changes[:, step] = np.linalg.norm(states(other) - states(x), axis=-1).mean(axis=1)
    np.testing.assert_allclose(shares, changes / changes.sum(axis=1, keepdims=True), rtol=1e-4, atol=1e-7)
    silent = x.copy()
    silent[:, 1:] = 0
    h = states(silent)
    expected = (np.linalg.norm(np.diff(h, axis=0), axis=-1) / np.linalg.norm(h[0], axis=-1)).mean(axis=1)
    np.testing.assert_allclose(moves, expected, rtol=1e-4)
    assert row == pytest.approx({"moved": expected.min(), "first_kept": shares[-1, 0]}, rel=1e-4)
    assert row["moved"] > 0 and row["first_kept"] > 0


@pytest.mark.parametrize("layers", [1, 2])
def test_a_window_of_two_holds_what_its_layers_reach(layers):
    row, shares, _, _, _ = looked(Choice("window", hidden=6, size=2), layers=layers, length=2, span=5, examples=8)
    back = np.arange(5)[:, None] - np.arange(5)[None]  # how far back input k is from step t
    assert (shares[(back < 0) | (back > layers)] == 0).all()
    assert (shares[(back >= 0) & (back <= layers)] > 0).all()
    assert row["first_kept"] == 0
    assert row["moved"] < 1e-6  # from step 2 + layers on, it reads zeros alone


def test_a_network_that_reads_both_ways_is_refused():
    subject = subject_of(changed(model=ModelConfig(cell=Choice("lstm", hidden=3), bidirectional=True)))
    with pytest.raises(ValueError, match="reads one way"):
        PROBES["memory"]().check(subject)
    with pytest.raises(ValueError, match="from 2 on"):
        PROBES["memory"](span=1)
