"""Tasks drawn on the device: what a batch holds, recomputed from the inputs; what it depends on; the baselines."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.tasks import (
    adding,
    copy_memory,
    counter_language,
    embedded_reber,
    multiplication,
    parity,
    permutations,
    recall_first,
    temporal_order,
    two_sequences,
)
from rnn_research.tasks.base import SPLITS
from rnn_research.tasks.synthetic import whole
from tests.support.batches import KEY, draw
from tests.support.heads import scores, some_outputs

MADE = {
    "adding": lambda: adding(30),
    "copy_memory": lambda: copy_memory(7),
    "temporal_order": lambda: temporal_order(30),
    "recall_first": lambda: recall_first(12, symbols=5),
    "multiplication": lambda: multiplication(20),
    "two_sequences": lambda: two_sequences(12),
    "parity": lambda: parity(12),
    "permutations": lambda: permutations(6),
    "embedded_reber": lambda: embedded_reber(12),
    "counter_language": lambda: counter_language(12, shortest=2),
}
SYNTHETIC = {name: make() for name, make in MADE.items()}
SIZE = 150  # more than half of the largest batch that is held out, so that twice as many are two batches
every_synthetic = pytest.mark.parametrize("task", SYNTHETIC.values(), ids=SYNTHETIC)


def symbols_of(inputs):
    """Symbols of one-hot inputs, which they are checked to be."""
    assert set(np.unique(inputs)) == {0, 1} and np.all(inputs.sum(axis=-1) == 1)
    return inputs.argmax(axis=-1)


@every_synthetic
def test_shapes_and_score_names(task):
    batch = draw(task, SIZE)
    assert batch.inputs.shape == (SIZE, task.inputs.time, task.inputs.size)
    assert batch.inputs.dtype == np.float32
    each = (SIZE, task.inputs.time) if task.target.each_step else (SIZE,)
    assert batch.targets.shape == batch.weights.shape == each
    if batch.lengths is None:
        assert np.all(batch.weights == 1)
    else:
        np.testing.assert_array_equal(batch.weights.sum(axis=1), batch.lengths)
    result = scores(task, some_outputs(task, batch), batch)
    assert result.keys() == task.goal.baseline.keys() and task.goal.metric in result and "loss" in result


@every_synthetic
def test_a_batch_is_a_function_of_seed_and_step(task):
    def inputs(**options):
        return draw(task, SIZE, **options).inputs

    first = inputs(step=3)
    np.testing.assert_array_equal(first, inputs(step=3))
    np.testing.assert_array_equal(first, task.data.train(task.data.arrays, KEY, 3, SIZE).inputs)
    assert not np.array_equal(first, inputs(step=4))
    assert not np.array_equal(first, inputs(step=3, key=jax.random.key(43)))


@pytest.mark.parametrize("name", SYNTHETIC)
def test_held_out_batches_are_the_same_for_all_trials(name):
    """They are asked for without a seed; each batch is another, and so is each split."""
    task = SYNTHETIC[name]
    batches = {split: task.data.held_out(split, 2 * SIZE) for split in ("valid", "test")}
    np.testing.assert_array_equal(batches["valid"].inputs, MADE[name]().data.held_out("valid", 2 * SIZE).inputs)
    for found in batches.values():
        assert len(found.inputs) == 2 and not np.array_equal(found.inputs[0], found.inputs[1])
        steps = task.inputs.time if found.lengths is None else found.lengths.mean()
        assert found.weights.sum() == pytest.approx(2 * SIZE * (steps if task.target.each_step else 1))
    first = [draw(task, SIZE).inputs, *(found.inputs[0] for found in batches.values())]
    assert len({a.tobytes() for a in first}) == len(SPLITS)


@pytest.mark.parametrize("low, high", [(0, 1), (0, 2), (2, 6), (25, 50), (0, 1000), (7, 784)])
def test_whole_numbers_are_uniform_and_stay_below_the_end(low, high):
    edges = whole(jnp.array([0.0, np.nextafter(np.float32(1), 0)]), low, high)
    np.testing.assert_array_equal(edges, [low, high - 1])
    middles = (np.arange(high - low) + 0.5) / (high - low)
    np.testing.assert_array_equal(whole(jnp.asarray(middles), low, high), np.arange(low, high))


# What each one asks.


@pytest.mark.parametrize("length", [2, 7, 50])
def test_adding_marks_one_step_in_each_half_and_sums_them(length):
    batch = draw(adding(length), size=2000)
    values, marks = batch.inputs[..., 0], batch.inputs[..., 1]
    assert set(np.unique(marks)) <= {0, 1}
    assert values.min() >= 0 and values.max() < 1
    half = length // 2
    assert np.all(marks[:, :half].sum(axis=1) == 1) and np.all(marks[:, half:].sum(axis=1) == 1)
    if length < 50:
        assert np.all(marks.sum(axis=0) > 0)  # every step is marked in some example
    for example in range(20):
        first, second = np.flatnonzero(marks[example])
        assert batch.targets[example] == pytest.approx(values[example, first] + values[example, second])
    assert values.mean() == pytest.approx(0.5, abs=0.03) and values.var() == pytest.approx(1 / 12, abs=0.01)


@pytest.mark.parametrize("delay, copied, symbols", [(1, 10, 8), (30, 10, 8), (2, 4, 3)])
def test_copy_memory_repeats_its_first_symbols_at_the_end(delay, copied, symbols):
    task = copy_memory(delay, copied, symbols)
    batch = draw(task, size=300)
    inputs = symbols_of(batch.inputs)
    assert task.inputs.time == delay + 2 * copied
    assert (task.inputs.size, task.target.size) == (symbols + 2, symbols + 1)
    blank, delimiter = symbols, symbols + 1
    assert set(np.unique(inputs[:, :copied])) == set(range(symbols))
    assert np.all(inputs[:, copied : copied + delay - 1] == blank)
    assert np.all(inputs[:, copied + delay - 1] == delimiter)
    assert np.all(inputs[:, copied + delay :] == blank)
    np.testing.assert_array_equal(batch.targets[:, -copied:], inputs[:, :copied])
    assert np.all(batch.targets[:, :-copied] == blank)


def test_bits_recalled_are_those_that_a_copy_gets_right():
    task = copy_memory(1, copied=6, symbols=4)
    batch = draw(task, size=50)
    logits = np.eye(5, dtype=np.float32)[batch.targets] * 100
    assert scores(task, logits, batch)["bits_recalled"] == pytest.approx(12, abs=1e-5)
    logits[:, -4:, :4] = 0  # of four symbols nothing is known but that they are no blanks
    logits[:, -4:, 4] = -100
    assert scores(task, logits, batch)["bits_recalled"] == pytest.approx(4, abs=1e-5)
    logits[:, -1] = np.eye(5)[batch.targets[:, -1]] * -100  # and of the last one something that is not so
    assert scores(task, logits, batch)["bits_recalled"] < -100


@pytest.mark.parametrize("length", [10, 20, 57, 100])
def test_temporal_order_hides_two_symbols_in_their_windows(length):
    task = temporal_order(length)
    batch = draw(task, size=4000)
    inputs = symbols_of(batch.inputs)
    relevant = inputs < 2
    assert np.all(relevant.sum(axis=1) == 2)
    first, second = np.nonzero(relevant)[1].reshape(-1, 2).T
    assert set(first) == set(range(length // 10, 2 * length // 10))
    assert set(second) == set(range(5 * length // 10, 6 * length // 10))
    rows = np.arange(len(inputs))
    np.testing.assert_array_equal(batch.targets, 2 * inputs[rows, first] + inputs[rows, second])
    np.testing.assert_allclose(np.bincount(batch.targets) / len(inputs), 1 / 4, atol=0.03)
    fillers = inputs[~relevant]
    np.testing.assert_allclose(np.bincount(fillers)[2:] / len(fillers), 1 / 4, atol=0.03)


@pytest.mark.parametrize("length, symbols", [(1, 2), (12, 5)])
def test_recall_first_asks_for_the_first_symbol(length, symbols):
    task = recall_first(length, symbols)
    batch = draw(task, size=2000)
    inputs = symbols_of(batch.inputs)
    np.testing.assert_array_equal(batch.targets, inputs[:, 0])
    np.testing.assert_allclose(np.bincount(inputs.ravel()) / inputs.size, 1 / symbols, atol=0.05)


def test_recall_without_distractors_reads_nothing_after_the_first():
    batch = draw(recall_first(9, 4, distractors=False), size=300)
    assert not batch.inputs[:, 1:].any()
    np.testing.assert_array_equal(batch.targets, symbols_of(batch.inputs[:, 0]))


@pytest.mark.parametrize("length", [2, 31])
def test_multiplication_multiplies_what_is_marked(length):
    batch = draw(multiplication(length), size=500)
    np.testing.assert_array_equal(batch.inputs, draw(adding(length), size=500).inputs)
    for example in range(20):
        first, second = batch.inputs[example, batch.inputs[example, :, 1] == 1, 0]
        assert batch.targets[example] == pytest.approx(first * second)


@pytest.mark.parametrize("noisy", [False, True])
def test_two_sequences_begin_with_their_sign_and_go_on_with_noise(noisy):
    batch = draw(two_sequences(40, informative=3, noisy=noisy), size=3000)
    values, signs = batch.inputs[..., 0], 2 * batch.targets - 1
    assert batch.targets.mean() == pytest.approx(0.5, abs=0.04)
    noise = np.concatenate([values[:, :3] - signs[:, None], values[:, 3:]], axis=1)
    assert np.all(noise[:, :3] == 0) != noisy
    for part in (noise[:, 3:], *([noise[:, :3]] if noisy else [])):
        assert part.mean() == pytest.approx(0, abs=0.02) and part.var() == pytest.approx(0.2, rel=0.05)
    assert abs(np.mean(np.sign(values[:, 3:].sum(axis=1)) == signs) - 0.5) < 0.04  # the noise does not tell


@pytest.mark.parametrize(
    "make",
    [
        lambda: multiplication(1),
        lambda: two_sequences(2, informative=3),
        lambda: two_sequences(informative=0),
        lambda: parity(0),
        lambda: permutations(0),
        lambda: embedded_reber(8),
        lambda: embedded_reber(20, shortest=8),
        lambda: counter_language(1),
        lambda: counter_language(9, letters=1),
        lambda: adding(1),
        lambda: copy_memory(0),
        lambda: copy_memory(1, copied=0),
        lambda: copy_memory(1, symbols=1),
        lambda: temporal_order(9),
        lambda: temporal_order(30, shortest=9),
        lambda: recall_first(0),
        lambda: recall_first(5, symbols=1),
    ],
)
def test_sizes_that_hold_no_task_are_refused(make):
    with pytest.raises(ValueError, match="or more, not"):
        make()


# The baselines are what the trivial answer scores.


def test_adding_baseline_is_the_answer_one():
    task = adding(20)
    batch = draw(task, size=20000)
    result = scores(task, np.ones((20000, 1)), batch)
    assert result["mse"] == result["loss"] == pytest.approx(1 / 6, rel=0.03)
    assert task.goal.baseline["mse"] == task.goal.baseline["loss"] == pytest.approx(1 / 6)


def test_multiplication_baseline_is_the_answer_a_quarter():
    task = multiplication(20)
    batch = draw(task, size=20000)
    result = scores(task, np.full((20000, 1), 0.25), batch)
    assert result["mse"] == result["loss"] == pytest.approx(task.goal.baseline["mse"], rel=0.03)


@pytest.mark.parametrize("delay", [1, 30])
def test_copy_memory_baseline_is_the_answer_without_memory(delay):
    task = copy_memory(delay)
    batch = draw(task, size=2000)
    logits = np.full((2000, task.inputs.time, 9), -1e4, np.float32)
    logits[:, :-10, 8] = 0  # surely a blank, then any of the eight symbols
    logits[:, -10:, :8] = 0
    result = scores(task, logits, batch)
    assert result["loss"] == pytest.approx(10 * np.log(8) / (delay + 20), rel=1e-5)
    assert result["loss"] == pytest.approx(task.goal.baseline["loss"], rel=1e-5)
    assert result["accuracy"] == pytest.approx(task.goal.baseline["accuracy"], abs=0.01)


@pytest.mark.parametrize(
    "task, classes",
    [(SYNTHETIC[name], of) for name, of in (("temporal_order", 4), ("recall_first", 5), ("two_sequences", 2))],
)
def test_classification_baselines_are_the_uniform_answer(task, classes):
    batch = draw(task, size=20000)
    result = scores(task, np.zeros((20000, classes)), batch)
    assert result["loss"] == pytest.approx(np.log(classes), rel=1e-5)
    assert result["loss"] == pytest.approx(task.goal.baseline["loss"], rel=1e-5)
    assert result["accuracy"] == pytest.approx(task.goal.baseline["accuracy"], abs=0.01)
    assert task.goal.baseline["accuracy"] == 1 / classes


def test_perfect_and_wrong_answers_score_as_they_should():
    task = SYNTHETIC["copy_memory"]
    batch = draw(task, SIZE)
    right = np.eye(9)[batch.targets] * 50
    half = right.copy()
    half[:, -5:] = np.roll(right[:, -5:], 1, axis=-1)
    for outputs, accuracy in ((right, 1.0), (half, 0.5)):
        assert scores(task, outputs, batch)["accuracy"] == accuracy
    task = SYNTHETIC["temporal_order"]
    batch = draw(task, SIZE)
    right = np.eye(4)[batch.targets] * 50
    assert scores(task, right, batch) == pytest.approx({"loss": 0, "accuracy": 1}, abs=1e-6)
    assert scores(task, np.roll(right, 1, axis=-1), batch)["accuracy"] == 0
    task = SYNTHETIC["adding"]
    batch = draw(task, SIZE)
    assert scores(task, batch.targets[:, None] + 2, batch) == pytest.approx({"loss": 4, "mse": 4})


def test_temporal_order_of_many_lengths_keeps_the_windows_of_each():
    task = temporal_order(60, shortest=20)
    batch = draw(task, size=400)
    lengths = np.asarray(batch.lengths)
    assert (lengths.min(), lengths.max()) == (20, 60)
    symbols = np.asarray(batch.inputs).argmax(-1)
    for row, length, target in zip(symbols, lengths, np.asarray(batch.targets)):
        first, second = np.flatnonzero(row < 2)
        assert length // 10 <= first < 2 * length // 10
        assert 5 * length // 10 <= second < 6 * length // 10
        assert target == 2 * row[first] + row[second]


def test_temporal_order_of_one_length_has_no_padding():
    assert draw(SYNTHETIC["temporal_order"], SIZE).lengths is None
