"""Strings that are written again, against Python's own lists."""

import numpy as np
import pytest

from rnn_research.tasks import parity, string_operations
from rnn_research.tasks.base import Batch, Terms
from rnn_research.tasks.string_operations import by_string
from tests.support.batches import draw

WRITE = {"reverse": lambda string: string[::-1], "sort": sorted}


def check(batch, op, symbols):
    """Every row against the operation; returns the lengths of the strings."""
    time = batch.inputs.shape[1]
    own = np.full(len(batch.inputs), time) if batch.lengths is None else np.asarray(batch.lengths)
    read = np.asarray(batch.inputs).argmax(axis=-1)
    for row, targets, weights, length in zip(read, np.asarray(batch.targets), batch.weights, own // 2, strict=True):
        assert (row[:length] < symbols).all() and (row[length : 2 * length] == symbols).all()
        assert targets[length : 2 * length].tolist() == list(WRITE[op](row[:length].tolist()))
        np.testing.assert_array_equal(weights, (np.arange(time) >= length) & (np.arange(time) < 2 * length))
    return own // 2


@pytest.mark.parametrize("op, symbols", [("reverse", 2), ("sort", 5)])
def test_strings_are_written_after_they_are_read(op, symbols):
    task = string_operations(op, symbols, length=7, shortest=1, tested_to=12)
    batch = draw(task, size=300)
    assert set(check(batch, op, symbols)) == set(range(1, 8))
    assert set(np.asarray(batch.inputs).argmax(axis=-1).ravel()) == set(range(symbols + 1))
    check(draw(string_operations(op, symbols, length=6), size=20), op, symbols)
    held_out = {split: task.data.held_out(split, 200) for split in ("valid", "test")}
    whole = {split: Batch(*(leaf if leaf is None else leaf[0] for leaf in one)) for split, one in held_out.items()}
    assert set(check(whole["valid"], op, symbols)) == set(range(1, 8))
    assert set(check(whole["test"], op, symbols)) == set(range(8, 13))  # none of those that it was trained on


def test_parity_is_tested_on_longer_strings():
    test = parity(length=5, shortest=1, tested_to=9).data.held_out("test", 200)
    assert set(test.lengths.ravel()) == set(range(6, 10))
    bits = test.inputs.argmax(axis=-1) * (np.arange(9) < test.lengths[..., None])
    np.testing.assert_array_equal(bits.sum(axis=-1) % 2, test.targets)


def test_accuracy_is_of_strings_whatever_their_length():
    weights = np.array([[1, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]], float)
    right = np.array([[1, 1, 1, 1], [1, 0, 0, 0], [1, 1, 1, 1]], bool)
    found = by_string(Terms(np.full((3, 4), 0.7), weights, right), None)["accuracy"]
    assert found.total / found.weight == pytest.approx((1 + 1 / 4) / 2)


def test_what_cannot_be_is_refused():
    for make in (lambda: string_operations(symbols=1), lambda: string_operations(tested_to=40)):
        with pytest.raises(ValueError, match="string_operations"):
            make()
    with pytest.raises(ValueError, match="tested_to must be 0 or more than length"):
        parity(length=5, tested_to=5)
