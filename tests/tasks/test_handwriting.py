"""Handwriting: lines of each split by themselves, the error rate by its definition, a file read as it was scored."""

import json
from pathlib import Path

import jax
import numpy as np
import pytest

from rnn_research.data.buckets import TOGETHER
from rnn_research.data.codec import from_json, to_json
from rnn_research.data.digit_lines import PARTS
from rnn_research.data.images import digits
from rnn_research.execution.labelling import answers
from rnn_research.exhibits import TEST_PARTS, Images
from rnn_research.experiment import Choice, ModelConfig, OptimizerConfig, TrainConfig, TrialConfig
from rnn_research.tasks import handwriting, pen_lines
from rnn_research.tasks.base import Labelling, Seen
from tests.contracts.toys import edit_distance
from tests.support.batches import draw, in_order
from tests.support.subjects import learner_of


def test_held_out_lines_do_not_depend_on_how_many_are_asked_for():
    task = handwriting(digits=2)
    few, many = (in_order(task.data.held_out("test", count)) for count in (300, 400))
    assert len(few.weights) == 300
    jax.tree.map(lambda a, b: np.testing.assert_array_equal(a, b[:300]), few, many)
    assert not np.array_equal(few.inputs, in_order(task.data.held_out("valid", 300)).inputs)


def test_a_delay_after_which_a_line_has_too_few_frames_is_refused():
    """The shortest of the drawn lines have one digit; a column is left for it."""
    with pytest.raises(ValueError, match="at most 7 fit here"):
        handwriting(digits=4, delay=8)
    task = handwriting(digits=4, delay=7)
    assert dict(task.target.options)["delay"] == 7
    lines = in_order(task.data.held_out("test", 300))
    assert (lines.lengths > 7).all()


def test_little_of_a_batch_is_padding_and_every_number_of_digits_comes_as_often():
    task = handwriting(digits=4)
    updates = [draw(task, size=32, step=step) for step in range(2 * TOGETHER)]
    times = np.array(task.data.times)
    computed = times[[np.searchsorted(times, batch.lengths.max()) for batch in updates]]
    share = 1 - np.mean([batch.lengths.mean() for batch in updates]) / computed.mean()
    assert share < 0.2 and computed.mean() == pytest.approx(task.data.mean_time, rel=0.05)
    lines, digits = (np.concatenate(leaves) for leaves in zip(*[(b.about.row, b.targets.lengths) for b in updates]))
    for number in range(2):
        assert sorted(lines[number * 512 : (number + 1) * 512]) == list(range(512))
    shares = np.bincount(digits, minlength=5) / len(digits)
    np.testing.assert_allclose(shares, [0, 0.25, 0.25, 0.25, 0.25], atol=0.05)
    held_out = task.data.held_out("test", 300)
    assert (np.diff(held_out.lengths.ravel()[:300]) >= 0).all() and held_out.lengths.shape == (2, 150)


def test_lines_are_of_their_own_split_s_pictures_alone():
    """A line of one digit is one of its split's pictures, moved."""
    task, images = handwriting(digits=1), digits()

    def cut(picture):
        rows, columns = np.flatnonzero(picture.any(axis=1)), np.flatnonzero(picture.any(axis=0))
        return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].tobytes()

    for split in ("valid", "test"):
        known = {cut(picture): label for picture, label in zip(images.pixels[split], images.labels[split])}
        batch = in_order(task.data.held_out(split, 100))
        for columns, ids in zip(batch.inputs, batch.targets.ids):
            assert known[cut((columns.T * 16).round().astype(np.uint8))] == ids[0]


def seen_of(batches, found):
    return Seen({}, lambda: found, batches)


def test_the_error_rate_is_of_edits_over_digits_and_what_weighs_nothing_is_left_out():
    task = handwriting(digits=3)
    batches = task.data.held_out("test", 257)  # two batches of 129, of which the last row weighs nothing
    assert batches.weights.shape == (2, 129) and batches.weights.sum() == 257
    rng = np.random.default_rng(0)
    ids, lengths = rng.integers(0, 10, batches.targets.ids.shape), rng.integers(0, 7, batches.targets.lengths.shape)
    right = rng.random(lengths.shape) < 0.3
    found = Labelling(
        np.where(right[..., None], batches.targets.ids, ids), np.where(right, batches.targets.lengths, lengths)
    )
    written, read = in_order(batches).targets, in_order(batches._replace(targets=found)).targets
    pairs = [(tuple(a[:n]), tuple(b[:m])) for a, n, b, m in zip(*written, *read)]
    edits = np.array([edit_distance(a, b) for a, b in pairs])
    result = task.score({"test": seen_of(batches, found)})
    assert result.numbers["character_error_rate"] == pytest.approx(edits.sum() / written.lengths.sum())
    assert result.numbers["exact_lines"] == pytest.approx(np.mean([a == b for a, b in pairs]))
    assert 0 < result.numbers["exact_lines"] < 0.6

    (parts,) = [exhibit for exhibit in result.exhibits if exhibit.name == TEST_PARTS]
    assert len(parts.y) == PARTS
    assert np.mean(parts.y) == pytest.approx(result.numbers["character_error_rate"])
    (shown,) = [exhibit for exhibit in result.exhibits if isinstance(exhibit, Images)]
    assert shown.marked[4:] == [True] * 4 and len(shown.captions) == len(shown.values) == 8
    for mark, text in zip(shown.marked, shown.captions):
        assert text.startswith("read ") and (", is " in text) == mark


def test_what_was_read_as_nothing_costs_every_digit_which_is_the_baseline():
    task = handwriting(digits=2)
    batches = task.data.held_out("test", 64)
    found = jax.tree.map(np.zeros_like, batches.targets)
    numbers = task.score({"test": seen_of(batches, found)}).numbers
    assert numbers == {"character_error_rate": task.goal.baseline["character_error_rate"], "exact_lines": 0.0}


@pytest.mark.parametrize("options", [{"digits": 0}, {"beam": -1}])
def test_lines_that_cannot_be_are_refused(options):
    with pytest.raises(ValueError, match="lines need digits"):
        handwriting(**options)


def test_lines_of_files_are_read_in_an_order_of_each_epoch_s_own(tmp_path):
    def picture(number):
        return {"picture": [[number / 16] * (2 + number), [0] * (2 + number)], "text": "ab" if number % 2 else "b"}

    paths = {split: str(tmp_path / f"{split}.jsonl") for split in ("train", "valid", "test")}
    for path in paths.values():
        Path(path).write_text("".join(json.dumps(picture(number)) + "\n" for number in range(6)))
    task = handwriting(**paths)
    assert (task.target.size, task.target.names, task.inputs.size, task.inputs.time) == (2, ("a", "b"), 2, 7)
    batch = draw(task, size=6)
    assert sorted(batch.lengths.tolist()) == [2, 3, 4, 5, 6, 7] and batch.lengths.tolist() != [2, 3, 4, 5, 6, 7]
    held_out = in_order(task.data.held_out("test", 100))
    assert held_out.lengths.tolist() == [2, 3, 4, 5, 6, 7]
    np.testing.assert_allclose(held_out.inputs[5, :, 0], 5 / 16)
    assert held_out.targets.ids[:, :2].tolist() == [[1, 0], [0, 1]] * 3
    with pytest.raises(ValueError, match="belong together; valid is missing"):
        handwriting(train=paths["train"], test=paths["test"])


def as_file(task, batches):
    """The lines of batches as a user would have them in a file."""
    batch = in_order(batches)
    frames = [inputs[:time] for inputs, time in zip(batch.inputs, batch.lengths)]
    if task.inputs.size == 3:
        return [{"strokes": stroke_lists(one)} for one in frames]
    return [{"picture": one.T.tolist()} for one in frames]


def stroke_lists(frames):
    places = 100 * np.cumsum(frames[:, :2].astype(float), axis=0)
    cuts = np.flatnonzero(frames[:-1, 2]) + 1
    return [stroke.tolist() for stroke in np.split(places, cuts)]


def check_a_file_is_read_as_it_was_scored(name, **task):
    config = TrialConfig(
        task=Choice(name, digits=2, **task),
        model=ModelConfig(cell=Choice("gru", hidden=12, keep_bias=1.0, reset_after=True), bidirectional=True),
        optimizer=OptimizerConfig(learning_rate=3e-2),
        train=TrainConfig(steps=80, batch=16, eval_every=40, valid_examples=32, test_examples=70, cuts=2),
    )
    learner = learner_of(config)
    end = list(learner.run([config]))[-1]
    assert 0.05 < end.rows["test"]["character_error_rate"] < 0.95  # something is read, and not all of it
    subject = learner.subject.task
    batches = subject.data.held_out("test", 70)
    codec = from_json(json.loads(json.dumps(to_json(subject.data.codec))))
    data = "".join(json.dumps(one) + "\n" for one in as_file(subject, batches)).encode()
    examples = codec.read(data, "file")
    labelled = codec.write(examples, answers(learner.trained(end.state).answer, codec, examples))
    found = [json.loads(line)["text"] for line in labelled.decode().splitlines()]
    targets = in_order(batches).targets
    written = ["".join(map(str, ids[:length])) for ids, length in zip(*targets)]
    edits = sum(edit_distance(tuple(a), tuple(b)) for a, b in zip(written, found))
    assert edits / targets.lengths.sum() == pytest.approx(end.rows["test"]["character_error_rate"])


@pytest.mark.slow
def test_a_file_of_pictures_is_read_as_the_test_was_scored():
    check_a_file_is_read_as_it_was_scored("handwriting", beam=4)


@pytest.mark.slow
def test_a_file_of_strokes_is_read_as_the_test_was_scored(data_directory):
    check_a_file_is_read_as_it_was_scored("pen_lines")


def test_written_lines_of_a_split_are_by_its_writers(data_directory):
    task = pen_lines(digits=2)
    assert task.data.facts["training_examples"] == 6246
    batch = in_order(task.data.held_out("test", 28))
    assert batch.lengths.max() <= task.inputs.time
    assert (batch.inputs[:, :, 2].sum(axis=1) >= batch.targets.lengths).all()  # the pen is lifted after every digit
