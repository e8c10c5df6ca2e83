"""Pen digits read and drawn: what goes in and what is asked for, against the made-up file; baselines by SciPy."""

import gzip
import json
from types import SimpleNamespace
from typing import Any

import jax
import numpy as np
import pytest
from scipy.stats import multivariate_normal

from rnn_research.data.codec import from_json, to_json
from rnn_research.data.pen_digits import FILES
from rnn_research.data.strokes import OVER, Move, drawn
from rnn_research.execution import labelling
from rnn_research.experiment.choice import Choice
from rnn_research.experiment.config import ModelConfig, OptimizerConfig, TrainConfig, TrialConfig
from rnn_research.tasks import TASKS
from rnn_research.tasks.pen_drawing import UNIT
from tests.support.batches import in_order
from tests.support.pen_digits import write_corpus
from tests.support.subjects import learner_of


@pytest.fixture
def made_up(tmp_path, monkeypatch):
    monkeypatch.setenv("RNN_RESEARCH_DATA", str(tmp_path))
    return write_corpus(tmp_path)["test"]


def in_box(points):
    """The longer side from −1 to 1."""
    middle = (points.max(axis=0) + points.min(axis=0)) / 2
    return (points - middle) / (np.ptp(points, axis=0).max() / 2)


@pytest.mark.parametrize("form", ["positions", "offsets"])
def test_recorded_points_are_read_to_the_end_of_each_digit(made_up, form):
    batch = in_order(TASKS["pen_digits"](points=0, form=form).data.held_out("test", 20))
    for row, (label, _, strokes) in enumerate(made_up):
        where = in_box(np.concatenate(strokes).astype(float))
        length, found = len(where), batch.inputs[row]
        assert (batch.targets[row], batch.lengths[row]) == (label, length)
        expected = where if form == "positions" else np.diff(where, axis=0, prepend=where[:1]) * length / 8
        np.testing.assert_allclose(found[:length, :2], expected, atol=1e-5)
        np.testing.assert_array_equal(np.flatnonzero(found[:, 2]) + 1, np.cumsum([len(stroke) for stroke in strokes]))
        assert not found[length:].any()


def test_resampled_digits_have_one_length_and_the_ends_of_the_recorded_ones(made_up):
    task = TASKS["pen_digits"](points=6)
    batch = task.data.held_out("test", 20)
    assert batch.lengths is None and batch.inputs.shape == (1, 20, 6, 3)
    for found, (_, _, strokes) in zip(batch.inputs[0], made_up, strict=True):
        where = in_box(np.concatenate(strokes).astype(float))
        np.testing.assert_allclose(found[[0, -1], :2], where[[0, -1]], atol=1e-5)
        assert found[-1, 2] == 1 and found[:, 2].sum() == len(strokes)


@pytest.mark.slow
@pytest.mark.parametrize("points", [0, 8])
def test_a_file_of_digits_is_read_as_the_test_was_scored(made_up, tmp_path, points):
    config = TrialConfig(
        task=Choice("pen_digits", points=points),
        model=ModelConfig(cell=Choice("gru", hidden=8)),
        optimizer=OptimizerConfig(learning_rate=3e-2),
        train=TrainConfig(steps=40, batch=16, eval_every=20, valid_examples=10, test_examples=20, cuts=1),
    )
    learner = learner_of(config)
    end = list(learner.run([config]))[-1]
    codec = from_json(json.loads(json.dumps(to_json(learner.subject.task.data.codec))))
    trial: Any = SimpleNamespace(id="t", codec=codec, model=learner.trained(end.state))
    data, told = (tmp_path / FILES["test"]).read_bytes(), []
    found = [
        json.loads(line) for line in labelling.label(trial, data, "file", told.append, probabilities=True).splitlines()
    ]
    lines = gzip.decompress(data).decode().split("\n")
    assert [row["line"] for row in found] == [i for i, line in enumerate(lines, 1) if line.startswith(".SEGMENT")]
    right = [row["label"] == str(digit) for row, (digit, _, _) in zip(found, made_up, strict=True)]
    assert np.mean(right) == pytest.approx(end.rows["test"]["accuracy"])
    assert told == ["20 examples", f"by the labels of file: accuracy {np.mean(right):.4g}"]
    p = np.array([[row[f"p({digit})"] for digit in range(10)] for row in found])
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-4)
    nats = -np.log(p[np.arange(20), [digit for digit, _, _ in made_up]]).mean()
    assert nats == pytest.approx(end.rows["test"]["loss"], rel=1e-4)
    # Nothing of it needs the labels, which are then no measure of it.
    without = gzip.decompress(data).replace(b".COMMENT", b".DT").replace(b'? "', b'? "?" "')
    bare = b"\n".join(line.rsplit(b" ", 1)[0] if b'"?" ' in line else line for line in without.split(b"\n"))
    told.clear()
    again = [json.loads(line) for line in labelling.label(trial, bare, "file", told.append).splitlines()]
    assert again == [{"line": row["line"], "label": row["label"]} for row in found] and told == ["20 examples"]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("pen_digits", {"points": 1}, "2 points or more"),
        ("pen_digits", {"form": "offset"}, "did you mean 'offsets'"),
        ("pen_drawing", {"every": 0}, "1 or more"),
        ("pen_drawing", {"components": 0}, "1 or more"),
    ],
)
def test_options_that_mean_nothing_are_refused(name, options, message):
    with pytest.raises(ValueError, match=message):
        TASKS[name](**options)


def test_before_each_move_the_one_before_it_is_read_and_the_class(made_up):
    task = TASKS["pen_drawing"](every=1)
    batch = in_order(task.data.held_out("test", 20))
    for row, (label, _, strokes) in enumerate(made_up):
        length = sum(map(len, strokes)) - 1
        assert batch.lengths[row] == batch.weights[row].sum() == length
        inputs, pen, offset = batch.inputs[row, :length], batch.targets.pen[row], batch.targets.offset[row]
        np.testing.assert_array_equal(inputs[:, 5:], np.tile(np.eye(10)[label], (length, 1)))
        np.testing.assert_array_equal(inputs[1:, :2], offset[: length - 1])
        np.testing.assert_array_equal(inputs[1:, 2:5], np.eye(3)[pen[: length - 1]])
        np.testing.assert_array_equal(inputs[0, :5], [0, 0, 1, 0, 0])
        assert not batch.inputs[row, length:].any() and pen[length - 1] == OVER
        # Its strokes are those of the file, each point within a unit of the tablet, one of some 400.
        found = drawn(Move(offset[:length], pen[:length]))
        assert [len(stroke) for stroke in found] == [len(stroke) for stroke in strokes]
        apart = in_box(np.concatenate(found)) - in_box(np.concatenate(strokes).astype(float))
        assert 0 < np.abs(apart).max() < 0.03


def test_every_second_point_is_kept_and_the_last_of_each_stroke(made_up):
    task = TASKS["pen_drawing"](every=2)
    batch = in_order(task.data.held_out("test", 20))
    expected = [sum(len(stroke) // 2 + 1 for stroke in strokes) - 1 for _, _, strokes in made_up]
    np.testing.assert_array_equal(batch.lengths, expected)


def test_what_is_fed_back_is_what_is_read_in_training(made_up):
    task = TASKS["pen_drawing"]()
    assert task.one_to_many is not None
    batch = in_order(task.data.held_out("test", 20))
    classes = np.array([label for label, _, _ in made_up])
    np.testing.assert_array_equal(task.one_to_many.feed(None, classes), batch.inputs[:, 0])
    first = jax.tree.map(lambda leaf: leaf[:, 0], batch.targets)
    np.testing.assert_array_equal(task.one_to_many.feed(first, classes), batch.inputs[:, 1])


def test_the_baseline_is_a_gaussian_and_the_frequencies_of_the_pens_states(made_up):
    task = TASKS["pen_drawing"]()
    train, test = (task.one_to_many.examples(split)[0] for split in ("train", "test"))
    offsets, pens = ([], []), ([], [])
    for place, split in enumerate((train, test)):
        for offset, pen in zip(*split, strict=True):
            end = np.argmax(pen == OVER) + 1
            offsets[place].append(offset[:end].astype(float))
            pens[place].append(pen[:end])
    (known, wanted), (known_pens, wanted_pens) = ([np.concatenate(one) for one in of] for of in (offsets, pens))
    share = (np.bincount(known_pens) + 1) / (len(known_pens) + 3)
    density = multivariate_normal(known.mean(axis=0), np.cov(known.T)).logpdf(wanted)  # type: ignore
    nats = -(density + np.log(share[wanted_pens])).mean()
    assert task.goal.baseline["nats_per_point"] == pytest.approx(nats, rel=1e-5)
    assert task.goal.perfect < -2 * np.log(100 * UNIT)  # digits of some 400 units: half of 200 at the least


def test_rows_of_a_picture_are_read_after_one_another_and_drawn():
    task = TASKS["digit_rows"]()
    batch = jax.tree.map(lambda leaf: leaf[0], task.data.held_out("test", 5))
    np.testing.assert_array_equal(batch.inputs[:, 1:, :8], batch.targets[:, :-1])
    assert not batch.inputs[:, 0, :8].any() and set(np.unique(batch.targets)) == {0, 1}
    assert task.one_to_many is not None
    rows, classes = task.one_to_many.examples("test")
    np.testing.assert_array_equal(rows[:5], batch.targets)
    np.testing.assert_array_equal(task.one_to_many.feed(None, classes[:5]), batch.inputs[:, 0])
    np.testing.assert_array_equal(task.one_to_many.feed(rows[:5, 0], classes[:5]), batch.inputs[:, 1])
    for row in rows[:5]:
        pixels = np.zeros((8, 8))
        for line in task.one_to_many.polylines(row):
            (left, top), (right, bottom) = line.min(axis=0), line.max(axis=0)
            pixels[-round((top + bottom) / 2), round(left + 0.1) : round(right) + 1] = 1
        np.testing.assert_array_equal(pixels, row)
    # Frequencies of pixels, whatever the class.
    share = (task.one_to_many.examples("train")[0].sum(axis=0) + 1) / (1197 + 2)
    nats = -np.where(rows > 0, np.log(share), np.log(1 - share)).sum(axis=(1, 2)).mean() / 8
    assert task.goal.baseline["nats_per_row"] == pytest.approx(nats, rel=1e-5)
