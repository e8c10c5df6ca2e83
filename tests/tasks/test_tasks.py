"""Tasks: what a batch holds, recomputed from the inputs; what it depends on; the baselines; weights of zero."""

import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.datasets import load_digits

from rnn_research.data.images import digits
from rnn_research.data.locate import DataNotFoundError, find
from rnn_research.tasks import TASKS, adding, copy_memory, loss, recall_first, sequential_digits, temporal_order
from rnn_research.tasks.base import SPLITS, whole

ROOT = Path(__file__).resolve().parents[2]
KEY = jax.random.key(42)

SYNTHETIC = {
    "adding": adding(30),
    "copy_memory": copy_memory(7),
    "temporal_order": temporal_order(30),
    "recall_first": recall_first(12, symbols=5),
}
every_synthetic = pytest.mark.parametrize("task", SYNTHETIC.values(), ids=SYNTHETIC)


def draw(task, size=64, index=0, key=KEY, split="train"):
    batch = jax.jit(task.batch, static_argnums=(2, 4))
    return jax.tree.map(np.asarray, batch(task.data, key, split, index, size))


def some_outputs(task, batch, seed=0):
    """Outputs of the shape that the readout asks for."""
    steps = (task.time,) if task.readout == "all" else ()
    return np.random.default_rng(seed).normal(size=(len(batch.inputs), *steps, task.output_size)).astype(np.float32)


def scores(task, outputs, batch):
    means = jax.jit(task.metrics)(jnp.asarray(outputs, jnp.float32), batch)
    return {name: float(total / weight) for name, (total, weight) in means.items()}


def symbols_of(inputs):
    """Symbols of one-hot inputs, which they are checked to be."""
    assert set(np.unique(inputs)) == {0, 1} and np.all(inputs.sum(axis=-1) == 1)
    return inputs.argmax(axis=-1)


@every_synthetic
def test_shapes_and_score_names(task):
    batch = draw(task, size=6)
    assert batch.inputs.shape == (6, task.time, task.input_size)
    assert batch.inputs.dtype == np.float32
    each = (6, task.time) if task.readout == "all" else (6,)
    assert batch.targets.shape == batch.weights.shape == each
    assert np.all(batch.weights == 1) and batch.lengths is None
    result = scores(task, some_outputs(task, batch), batch)
    assert result.keys() == task.baseline.keys() and task.metric in result and "loss" in result
    assert float(loss(task, jnp.asarray(some_outputs(task, batch)), batch)) == pytest.approx(result["loss"])


@every_synthetic
def test_a_batch_is_a_function_of_seed_and_step(task):
    def inputs(**options):
        return draw(task, **options).inputs

    other = jax.random.key(43)
    np.testing.assert_array_equal(inputs(index=3), inputs(index=3))
    np.testing.assert_array_equal(inputs(index=3), task.batch(task.data, KEY, "train", 3, 64).inputs)
    assert not np.array_equal(inputs(index=3), inputs(index=4))
    assert not np.array_equal(inputs(index=3), inputs(index=3, key=other))
    for split in ("valid", "test"):
        np.testing.assert_array_equal(inputs(index=3, split=split), inputs(index=3, split=split, key=other))
        assert not np.array_equal(inputs(index=3, split=split), inputs(index=4, split=split))
    first = [inputs(index=0, split=split) for split in SPLITS]
    assert len({a.tobytes() for a in first}) == 3
    assert all(task.examples[split] is None for split in SPLITS)


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


@pytest.mark.parametrize("delay", [1, 2, 30])
def test_copy_memory_repeats_its_first_ten_symbols_at_the_end(delay):
    task = copy_memory(delay)
    batch = draw(task, size=300)
    inputs = symbols_of(batch.inputs)
    assert task.time == delay + 20 and (task.input_size, task.output_size) == (10, 9)
    blank, delimiter = 8, 9
    assert set(np.unique(inputs[:, :10])) == set(range(8))
    assert np.all(inputs[:, 10 : 10 + delay - 1] == blank)
    assert np.all(inputs[:, 10 + delay - 1] == delimiter)
    assert np.all(inputs[:, 10 + delay :] == blank)
    np.testing.assert_array_equal(batch.targets[:, -10:], inputs[:, :10])
    assert np.all(batch.targets[:, :-10] == blank)


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


@pytest.mark.parametrize(
    "make",
    [
        lambda: adding(1),
        lambda: copy_memory(0),
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
    assert task.baseline["mse"] == task.baseline["loss"] == pytest.approx(1 / 6)


@pytest.mark.parametrize("delay", [1, 30])
def test_copy_memory_baseline_is_the_answer_without_memory(delay):
    task = copy_memory(delay)
    batch = draw(task, size=2000)
    logits = np.full((2000, task.time, 9), -1e4, np.float32)
    logits[:, :-10, 8] = 0  # surely a blank, then any of the eight symbols
    logits[:, -10:, :8] = 0
    result = scores(task, logits, batch)
    assert result["loss"] == pytest.approx(10 * np.log(8) / (delay + 20), rel=1e-5)
    assert result["loss"] == pytest.approx(task.baseline["loss"], rel=1e-5)
    assert result["accuracy"] == pytest.approx(task.baseline["accuracy"], abs=0.01)


@pytest.mark.parametrize("task, classes", [(temporal_order(30), 4), (recall_first(8, symbols=5), 5)])
def test_classification_baselines_are_the_uniform_answer(task, classes):
    batch = draw(task, size=20000)
    result = scores(task, np.zeros((20000, classes)), batch)
    assert result["loss"] == pytest.approx(np.log(classes), rel=1e-5)
    assert result["loss"] == pytest.approx(task.baseline["loss"], rel=1e-5)
    assert result["accuracy"] == pytest.approx(task.baseline["accuracy"], abs=0.01)
    assert task.baseline["accuracy"] == 1 / classes


def test_digits_baseline_is_the_commonest_class():
    task = sequential_digits("rows")
    shares = np.bincount(task.data["train"][1]) / 1197
    batch = draw(task, size=300, split="test")
    result = scores(task, np.tile(np.log(shares), (300, 1)), batch)
    assert result == pytest.approx(task.baseline, rel=1e-5)


def test_perfect_and_wrong_answers_score_as_they_should():
    batch = draw(copy_memory(5), size=50)
    right = jax.nn.one_hot(batch.targets, 9) * 50
    half = right.at[:, -5:].set(jnp.roll(right[:, -5:], 1, axis=-1))
    for outputs, accuracy in ((right, 1.0), (half, 0.5)):
        assert scores(copy_memory(5), outputs, batch)["accuracy"] == accuracy
    batch = draw(temporal_order(20), size=50)
    right = jax.nn.one_hot(batch.targets, 4) * 50
    assert scores(temporal_order(20), right, batch) == pytest.approx({"loss": 0, "accuracy": 1}, abs=1e-6)
    assert scores(temporal_order(20), jnp.roll(right, 1, axis=-1), batch)["accuracy"] == 0
    batch = draw(adding(20), size=50)
    assert scores(adding(20), batch.targets[:, None] + 2, batch) == pytest.approx({"loss": 4, "mse": 4})


# Weights.


def with_extra_rows(task, filler):
    """A batch and outputs, and the same with more rows of weight 0 that hold ``filler``."""
    batch = draw(task, size=5)
    outputs = some_outputs(task, batch)
    rows = draw(task, size=3, index=1)
    longer = jax.tree.map(lambda a, b: np.concatenate([a, b]), batch, rows._replace(weights=0 * rows.weights))
    if np.issubdtype(longer.targets.dtype, np.floating):
        longer.targets[5:] = filler
    return batch, outputs, longer, np.concatenate([outputs, np.full((3, *outputs.shape[1:]), filler, np.float32)])


@every_synthetic
@pytest.mark.parametrize("filler", [0.0, 1e30, np.nan, np.inf])
def test_rows_of_weight_zero_change_no_score(task, filler):
    batch, outputs, longer, longer_outputs = with_extra_rows(task, filler)
    assert scores(task, longer_outputs, longer) == pytest.approx(scores(task, outputs, batch), rel=1e-6)


@every_synthetic
@pytest.mark.parametrize("filler", [0.0, np.nan])
def test_rows_of_weight_zero_change_no_gradient(task, filler):
    batch, outputs, longer, longer_outputs = with_extra_rows(task, filler)
    gradient = jax.jit(jax.grad(lambda outputs, batch: loss(task, outputs, batch)))
    by_longer = gradient(jnp.asarray(longer_outputs), longer)
    np.testing.assert_allclose(by_longer[:5], gradient(jnp.asarray(outputs), batch), rtol=1e-5, atol=1e-8)
    np.testing.assert_array_equal(by_longer[5:], 0)


def test_steps_of_weight_zero_change_no_score():
    task = copy_memory(5)
    batch = draw(task, size=4)
    outputs = some_outputs(task, batch)
    weights = np.array(batch.weights)
    weights[:, :7] = weights[:, -2:] = 0
    spoiled = np.array(outputs)
    spoiled[:, :7] = spoiled[:, -2:] = np.nan
    batch = batch._replace(weights=weights)
    assert scores(task, spoiled, batch) == pytest.approx(scores(task, outputs, batch), rel=1e-6)
    inside = jax.nn.log_softmax(outputs[:, 7:-2])
    entropy = -np.take_along_axis(np.asarray(inside), batch.targets[:, 7:-2, None], axis=-1)
    assert scores(task, spoiled, batch)["loss"] == pytest.approx(entropy.mean(), rel=1e-5)


def test_weights_weigh():
    task = adding(10)
    batch = draw(task, size=3)._replace(weights=np.array([1.0, 3.0, 0.0], np.float32))
    outputs = some_outputs(task, batch)
    error = (outputs[:, 0] - batch.targets) ** 2
    assert scores(task, outputs, batch)["mse"] == pytest.approx((error[0] + 3 * error[1]) / 4, rel=1e-5)


# Images.


def examples(pixels, labels):
    """Images with their labels, as things that can be sorted and compared."""
    pixels = np.asarray(pixels).reshape(len(pixels), -1).astype(np.uint8)
    return sorted(image.tobytes() + bytes([label]) for image, label in zip(pixels, labels, strict=True))


def test_digits_split_is_whole_disjoint_and_stratified():
    images = digits()
    assert {split: len(labels) for split, labels in images.labels.items()} == {"train": 1197, "valid": 300, "test": 300}
    assert {split: len(pixels) for split, pixels in images.pixels.items()} == {"train": 1197, "valid": 300, "test": 300}

    source = load_digits()
    ours = [example for split in SPLITS for example in examples(images.pixels[split], images.labels[split])]
    assert sorted(ours) == sorted(examples(source.images, source.target))  # each image once, with its own label
    whole = np.bincount(source.target) / 1797
    for labels in images.labels.values():
        np.testing.assert_allclose(np.bincount(labels) / len(labels), whole, atol=1 / 300)


@pytest.mark.parametrize("order, time, width", [("pixels", 64, 1), ("rows", 8, 8)])
def test_digits_are_read_in_order(order, time, width):
    task = sequential_digits(order)
    assert (task.time, task.input_size, task.output_size) == (time, width, 10)
    assert dict(task.examples) == {"train": 1197, "valid": 300, "test": 300}
    images = digits()
    batch = draw(task, size=300, split="valid")
    np.testing.assert_array_equal(batch.inputs.reshape(300, 8, 8) * 16, images.pixels["valid"])
    np.testing.assert_array_equal(batch.targets, images.labels["valid"])
    assert batch.inputs.min() == 0 and batch.inputs.max() == 1


def test_one_epoch_of_digits_holds_every_image_with_its_label():
    task = sequential_digits()
    batch = draw(task, size=1197)
    images = digits()
    assert examples(batch.inputs * 16, batch.targets) == examples(images.pixels["train"], images.labels["train"])
    assert not np.array_equal(batch.targets, draw(task, size=1197, index=1).targets)
    assert not np.array_equal(batch.targets, draw(task, size=1197, key=jax.random.key(43)).targets)


def test_the_last_batch_of_a_split_fills_up_with_weight_zero():
    batch = draw(sequential_digits("rows"), size=256, index=1, split="test")
    np.testing.assert_array_equal(batch.weights, [1] * 44 + [0] * 212)
    np.testing.assert_array_equal(batch.targets[:44], digits().labels["test"][256:])


def test_permuted_digits_are_one_permutation_of_the_pixels():
    tasks = sequential_digits(), sequential_digits(permuted=True)
    plain, permuted = (draw(task, size=300, split="valid").inputs.reshape(300, 64) for task in tasks)
    np.testing.assert_array_equal(np.sort(plain, axis=1), np.sort(permuted, axis=1))  # image by image
    columns = [np.sort([c.tobytes() for c in pixels.T]) for pixels in (plain, permuted)]
    np.testing.assert_array_equal(*columns)  # and all images by one permutation
    assert np.mean(np.all(plain == permuted, axis=0)) < 0.5
    again = draw(sequential_digits(permuted=True), size=9).inputs
    np.testing.assert_array_equal(again, draw(sequential_digits(permuted=True), size=9).inputs)


def test_unknown_order_is_refused_with_the_nearest_one():
    with pytest.raises(ValueError, match="unknown order 'pixel'; did you mean 'pixels'"):
        sequential_digits("pixel")


def test_mnist_from_the_data_directory(data_directory):
    if not find("mnist/mnist.npz"):
        pytest.skip("no mnist/mnist.npz in RNN_RESEARCH_DATA")
    task = TASKS["sequential_mnist"]("rows")
    assert (task.time, task.input_size, task.output_size) == (28, 28, 10)
    assert dict(task.examples) == {"train": 55000, "valid": 5000, "test": 10000}
    with np.load(find("mnist/mnist.npz")) as file:
        official = {name: file[name] for name in ("x_train", "y_train", "x_test", "y_test")}
    batch = draw(task, size=5000, split="valid")
    np.testing.assert_allclose(batch.inputs * 255, official["x_train"][55000:], atol=1e-4)
    np.testing.assert_array_equal(batch.targets, official["y_train"][55000:])
    batch = draw(task, size=100, split="test")
    np.testing.assert_allclose(batch.inputs * 255, official["x_test"][:100], atol=1e-4)
    np.testing.assert_array_equal(batch.targets, official["y_test"][:100])
    np.testing.assert_array_equal(task.data["train"][1], official["y_train"][:55000])
    assert task.baseline["accuracy"] == pytest.approx(0.1135)


@pytest.mark.slow
def test_mnist_that_is_not_to_be_had_says_what_would_do(monkeypatch, tmp_path):
    """In a process of its own: the hub's client reads its settings when it is imported."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("RNN_RESEARCH_DATA", str(tmp_path / "empty"))
    script = "from rnn_research.data.images import mnist; mnist()"
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 1
    last = result.stderr.strip().splitlines()[-1]
    assert "DataNotFoundError: MNIST not found" in last
    for part in (str(tmp_path / "empty"), "ylecun/mnist", "put mnist/mnist.npz into --data_dir"):
        assert part in last


def test_data_not_found_without_a_directory(monkeypatch):
    monkeypatch.delenv("RNN_RESEARCH_DATA", raising=False)
    assert find("mnist/mnist.npz") is None
    message = str(DataNotFoundError("MNIST", "m.npz", "hub: offline"))
    assert message == "MNIST not found (data directory: no --data_dir given; hub: offline): put m.npz into --data_dir"


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
    assert draw(temporal_order(30), size=4).lengths is None
