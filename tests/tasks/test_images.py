"""Images read as sequences: splits, orders, epochs, permutations; what is said where they are not to be had."""

import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from rnn_research.data.images import Images, digits
from rnn_research.data.locate import DataNotFoundError, find
from rnn_research.tasks import TASKS, sequential_digits, sequential_images
from rnn_research.tasks.base import SPLITS
from tests.support.batches import draw
from tests.support.heads import scores

ROOT = Path(__file__).resolve().parents[2]


def whole_split(task, split, examples=10**9):
    """A split's examples that count, in order."""
    batches = task.data.held_out(split, examples)
    kept = batches.weights.reshape(-1) > 0
    return jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:])[kept], batches)


def test_digits_baseline_is_the_commonest_class():
    task = sequential_digits("rows")
    shares = (np.bincount(task.data.arrays[1]) + 1) / (1197 + 10)  # one more of each, as of any class
    batch = whole_split(task, "test")
    result = scores(task, np.tile(np.log(shares), (300, 1)), batch)
    table = np.array([np.bincount(batch.targets, minlength=10)]).T * (np.arange(10) == shares.argmax())
    f1 = 2 * np.diag(table) / np.maximum(table.sum(axis=0) + table.sum(axis=1), 1)
    assert result | {"macro_f1": f1.mean()} == pytest.approx(task.goal.baseline, rel=1e-5)


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


def test_digits_are_split_as_scikit_learn_splits_them():
    source = load_digits()
    rows = np.arange(len(source.target))
    train, held_out = train_test_split(rows, test_size=600, random_state=0, stratify=source.target)
    valid, test = train_test_split(held_out, test_size=300, random_state=0, stratify=source.target[held_out])
    images = digits()
    for split, rows in {"train": train, "valid": valid, "test": test}.items():
        np.testing.assert_array_equal(images.pixels[split], source.images[rows])
        np.testing.assert_array_equal(images.labels[split], source.target[rows])


def test_a_row_is_cut_into_equal_parts():
    with pytest.raises(ValueError, match="order=seventh_rows: a row of 8 pixels has no 7 equal parts"):
        sequential_digits("seventh_rows")


@pytest.mark.parametrize("order, time, width", [("pixels", 64, 1), ("rows", 8, 8), ("quarter_rows", 32, 2)])
def test_digits_are_read_in_order(order, time, width):
    task = sequential_digits(order)
    assert (task.inputs.time, task.inputs.size, task.target.size) == (time, width, 10)
    assert task.data.facts["training_examples"] == 1197
    assert [task.data.held_out(split, 10**9).weights.sum() for split in ("valid", "test")] == [300, 300]
    images = digits()
    batch = whole_split(task, "valid")
    np.testing.assert_array_equal(batch.inputs.reshape(300, 8, 8) * 16, images.pixels["valid"])
    np.testing.assert_array_equal(batch.targets, images.labels["valid"])
    assert batch.inputs.min() == 0 and batch.inputs.max() == 1


def test_one_epoch_of_digits_holds_every_image_with_its_label():
    task = sequential_digits()
    batch = draw(task, size=1197)
    images = digits()
    assert examples(batch.inputs * 16, batch.targets) == examples(images.pixels["train"], images.labels["train"])
    assert not np.array_equal(batch.targets, draw(task, size=1197, step=1).targets)
    assert not np.array_equal(batch.targets, draw(task, size=1197, key=jax.random.key(43)).targets)


def test_the_last_batch_of_a_split_fills_up_with_weight_zero(monkeypatch):
    images = digits()
    one_less = [{split: part[split][:299] for split in part} for part in (images.pixels, images.labels)]
    monkeypatch.setattr(sequential_images, "digits", lambda: Images(*one_less, *images[2:]))
    batches = sequential_digits("rows").data.held_out("test", 10**9)
    assert batches.weights.shape == (2, 150)
    np.testing.assert_array_equal(batches.weights.reshape(-1), [1.0] * 299 + [0.0])
    np.testing.assert_array_equal(batches.targets.reshape(-1)[:299], images.labels["test"][:299])


def test_permuted_digits_are_one_permutation_of_the_pixels():
    tasks = sequential_digits(), sequential_digits(permuted=True)
    plain, permuted = (whole_split(task, "valid").inputs.reshape(300, 64) for task in tasks)
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
    assert (task.inputs.time, task.inputs.size, task.target.size) == (28, 28, 10)
    assert task.data.facts["training_examples"] == 55000
    assert [task.data.held_out(split, 10**9).weights.sum() for split in ("valid", "test")] == [5000, 10000]
    with np.load(find("mnist/mnist.npz")) as file:
        official = {name: file[name] for name in ("x_train", "y_train", "x_test", "y_test")}
    batch = whole_split(task, "valid")
    np.testing.assert_allclose(batch.inputs * 255, official["x_train"][55000:], atol=1e-4)
    np.testing.assert_array_equal(batch.targets, official["y_train"][55000:])
    batch = whole_split(task, "test", 100)
    np.testing.assert_allclose(batch.inputs * 255, official["x_test"][:100], atol=1e-4)
    np.testing.assert_array_equal(batch.targets, official["y_test"][:100])
    np.testing.assert_array_equal(task.data.arrays[1], official["y_train"][:55000])
    assert task.goal.baseline["accuracy"] == pytest.approx(0.1135)


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
