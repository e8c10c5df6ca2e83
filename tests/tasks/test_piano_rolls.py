"""The next frame of a piano roll against the file and NumPy in double precision: which frames are read and asked for,
and what a network's and a constant's scores come to, piece by piece."""

import itertools

import jax
import numpy as np
import pytest
from scipy.io import loadmat
from scipy.special import expit

from rnn_research.experiment import Choice, ModelConfig, TrainConfig, TrialConfig
from rnn_research.experiment.config import static
from rnn_research.models import Weights
from rnn_research.tasks import TASKS
from rnn_research.training.step import Setup, evaluate
from tests.support.at_random import params_of
from tests.support.batches import draw
from tests.support.packs import parts
from tests.support.piano_rolls import LENGTHS, made_up_pieces, write_corpus

SPLITS = {"train": "traindata", "valid": "validdata", "test": "testdata"}


@pytest.fixture
def made_up(tmp_path, monkeypatch):
    monkeypatch.setenv("RNN_RESEARCH_DATA", str(tmp_path))
    write_corpus(tmp_path, made_up_pieces())
    return loadmat(tmp_path / "poly_music" / "Made_up.mat")


def pieces_in(batches):
    """The pieces that lie in held-out batches, read off row by row: ``(inputs, targets)`` of each."""
    found = []
    for row in range(batches.weights.shape[1]):
        inputs, targets, counts, starts = (
            np.concatenate(leaf[:, row]) for leaf in (batches.inputs, batches.targets, batches.weights, batches.starts)
        )
        assert set(counts) <= {0, 1} and (np.diff(counts) <= 0).all()  # filled up at the end alone
        begins = [*np.flatnonzero(starts & (counts > 0)), int(counts.sum())]
        assert begins[0] == 0
        found += [(inputs[a:b], targets[a:b]) for a, b in itertools.pairwise(begins)]
    return found


@pytest.mark.parametrize("length", [1, 4, 50])
@pytest.mark.parametrize("split", ["valid", "test"])
def test_every_held_out_piece_is_read_whole_and_once(made_up, split, length):
    task = TASKS["piano_rolls"]("Made_up", length)
    batches = task.data.held_out(split, 10**9)
    assert batches.weights.shape[2] == task.inputs.time == min(length, 12)
    expected = sorted(made_up[SPLITS[split]][0], key=lambda piece: piece.tobytes())
    found = sorted(pieces_in(batches), key=lambda piece: piece[1].astype(np.uint8).tobytes())
    assert len(found) == len(expected)
    for (inputs, targets), piece in zip(found, expected):
        np.testing.assert_array_equal(targets, piece)
        np.testing.assert_array_equal(inputs[1:], piece[:-1])
        assert not inputs[0].any()


def test_fewer_examples_are_the_first_pieces(made_up):
    found = pieces_in(TASKS["piano_rolls"]("Made_up").data.held_out("test", 2))
    assert sorted(len(targets) for _, targets in found) == sorted(LENGTHS["testdata"][:2])


@pytest.mark.parametrize("length", [4, 50])
def test_an_epoch_reads_every_part_of_every_piece_once(made_up, length):
    """Parts begin with the initial state, and with the frame before where they are not a piece's first."""
    expected = []
    for piece in made_up["traindata"][0]:
        before = np.concatenate([np.zeros((1, 88), np.uint8), piece[:-1]])
        expected += [(before[a : a + length], piece[a : a + length]) for a in range(0, len(piece), length)]
    task = TASKS["piano_rolls"]("Made_up", length)
    batch = draw(task, size=len(expected))
    counts = batch.weights.sum(axis=1).astype(int)
    np.testing.assert_array_equal(batch.weights, np.arange(task.inputs.time) < counts[:, None])
    assert batch.starts[:, 0].all() and not batch.starts[:, 1:].any()
    found = [(x[:n], y[:n]) for x, y, n in zip(batch.inputs, batch.targets, counts)]

    def in_order(parts):
        return sorted(x.astype(np.uint8).tobytes() + b"|" + y.astype(np.uint8).tobytes() for x, y in parts)

    assert in_order(found) == in_order(expected)
    assert not batch.inputs[batch.weights == 0].any() and not batch.targets[batch.weights == 0].any()
    assert not np.array_equal(batch.targets, draw(task, size=len(expected), step=1).targets)


def nats_of(pieces, answer):
    """Sums over keys, means over the frames of all pieces: of all of them, and without the first of each."""
    each = []
    for piece in pieces:
        p = answer(np.concatenate([np.zeros((1, 88)), piece[:-1]]).astype(np.float64))
        each.append(-np.sum(np.where(piece > 0, np.log(p), np.log(1 - p)), axis=1))
    return np.concatenate(each).mean(), np.concatenate([nats[1:] for nats in each]).mean()


def test_the_baseline_is_every_keys_frequency(made_up):
    frames = np.concatenate(list(made_up["traindata"][0])).astype(np.float64)
    share = np.array([(column.sum() + 1) / (len(column) + 2) for column in frames.T])
    found = nats_of(made_up["testdata"][0], lambda before: np.tile(share, (len(before), 1)))
    baseline = TASKS["piano_rolls"]("Made_up").goal.baseline
    assert (baseline["nats_per_frame"], baseline["nats_after_first"]) == pytest.approx(found, rel=1e-12)
    assert baseline["loss"] == baseline["nats_per_frame"]


def network_scores(corpus, length):
    """What an untrained Elman network scores on the test split, and the answers that it gives in NumPy."""
    config = TrialConfig(
        task=Choice("piano_rolls", corpus=corpus, length=length),
        model=ModelConfig(cell=Choice("elman", hidden=6), init_scale=1.5),
        train=TrainConfig(batch=4),
    )
    task, model = parts(config)
    params = params_of(model)
    setup, batches = Setup(static(config), task, model), task.data.held_out("test", 10**9)
    row = jax.jit(lambda params: evaluate(setup, Weights(params, ()), batches))(params)
    cell, head = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), (params["recurrent"][0], params["head"]))

    def answer(before):
        h, found = np.zeros(6), []
        for x in before:
            h = np.tanh(x @ cell["input_kernel"] + h @ cell["recurrent_kernel"] + cell["bias"])
            found.append(expit(h @ head["kernel"] + head["bias"]))
        return np.array(found)

    return row, answer


def assert_scores(pieces, row, answer):
    found = float(row["nats_per_frame"]), float(row["nats_after_first"])
    assert found == pytest.approx(nats_of(pieces, answer), rel=1e-5)
    assert row["loss"] == row["nats_per_frame"]


@pytest.mark.parametrize("length", [4, 50])
def test_a_networks_score_is_that_of_each_piece_read_alone(made_up, length):
    assert_scores(made_up["testdata"][0], *network_scores("Made_up", length))


def test_a_networks_score_on_the_chorales(data_directory):
    file = data_directory / "poly_music" / "JSB_Chorales.mat"
    if not file.is_file():
        pytest.skip("no poly_music/JSB_Chorales.mat in the data directory")
    pieces = loadmat(file)["testdata"][0]
    assert sum(map(len, pieces)) == 4725
    assert_scores(pieces, *network_scores("JSB_Chorales", 200))


def test_a_length_below_one_is_refused(made_up):
    with pytest.raises(ValueError, match="piano_rolls needs length 1 or more, not 0"):
        TASKS["piano_rolls"]("Made_up", 0)
