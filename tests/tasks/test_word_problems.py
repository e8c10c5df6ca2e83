"""Parity and products of permutations, against a walk through each sequence in plain Python."""

import itertools

import numpy as np
import pytest

from rnn_research.tasks import parity, permutations
from tests.support.batches import draw
from tests.support.heads import scores

GROUPS = {"S5": 120, "A5": 60}


def swaps(permutation):
    """Whether an odd number of swaps makes a permutation: by sorting it."""
    rest, odd = list(permutation), False
    for place in range(5):
        while rest[place] != place:
            other = rest[place]
            rest[place], rest[other] = rest[other], rest[place]
            odd = not odd
    return odd


def group(name):
    """In the order in which their numbers are given: as words in a dictionary."""
    return [p for p in sorted(itertools.permutations(range(5))) if name == "S5" or not swaps(p)]


@pytest.mark.parametrize("length, shortest", [(1, 0), (13, 0), (13, 3)])
def test_parity_counts_the_ones_that_are_read(length, shortest):
    batch = draw(parity(length, shortest), size=400)
    lengths = np.full(400, length) if batch.lengths is None else batch.lengths
    assert (batch.lengths is None) == (shortest == 0)
    assert set(lengths) == set(range(shortest or length, length + 1))
    for row, own, target in zip(batch.inputs, lengths, batch.targets, strict=True):
        assert target == sum(int(bit) for bit in row[:own, 1]) % 2
    assert batch.inputs[..., 1].mean() == pytest.approx(0.5, abs=0.05) and np.all(batch.inputs.sum(axis=-1) == 1)


def test_parity_baseline_is_an_even_chance():
    task = parity(12, shortest=2)
    result = scores(task, np.zeros((4000, 2)), draw(task, size=4000))
    assert result == pytest.approx(task.goal.baseline, abs=0.03)


@pytest.mark.parametrize("name", GROUPS)
@pytest.mark.parametrize("generators", [False, True])
def test_targets_are_where_the_permutations_take_five_things_one_after_another(name, generators):
    known = group(name)
    assert len(known) == GROUPS[name]
    task = permutations(7, 2, name, generators)
    batch = draw(task, size=100)
    cycles = {"S5": ((1, 2, 3, 4, 0), (1, 0, 2, 3, 4)), "A5": ((1, 2, 3, 4, 0), (1, 2, 0, 3, 4))}
    alphabet = cycles[name] if generators else known
    assert (task.inputs.size, task.target.size) == (len(alphabet), len(known))
    assert set(batch.lengths) == set(range(2, 8))
    for row, own, targets in zip(batch.inputs.argmax(axis=-1), batch.lengths, batch.targets, strict=True):
        things = list(range(5))
        for step in range(own):
            things = [alphabet[row[step]][thing] for thing in things]
            assert known[targets[step]] == tuple(things)


@pytest.mark.parametrize("name", GROUPS)
def test_the_generators_make_up_the_group(name):
    last = draw(permutations(60, 40, name, generators=True), size=4000).targets[:, -1]
    assert set(last) == set(range(GROUPS[name]))


def test_accuracy_is_of_the_last_step_whether_or_not_others_are_asked_for():
    for running in (True, False):
        task = permutations(7, 2, "A5", running=running)
        batch = draw(task, size=50)
        last = np.arange(7) == batch.lengths[:, None] - 1
        np.testing.assert_array_equal(batch.weights > 0, np.arange(7) < batch.lengths[:, None] if running else last)
        right = np.eye(60, dtype=np.float32)[batch.targets]
        wrong = np.roll(right, 1, axis=-1)
        assert scores(task, np.where(last[..., None], right, wrong), batch)["accuracy"] == 1
        assert scores(task, np.where(last[..., None], wrong, right), batch)["accuracy"] == 0
        even = scores(task, np.zeros_like(right), batch)
        assert even["loss"] == pytest.approx(task.goal.baseline["loss"], rel=1e-5)
    uniform = np.bincount(draw(permutations(3, group="A5"), size=20000).targets[:, -1], minlength=60) / 20000
    assert uniform == pytest.approx(np.full(60, task.goal.baseline["accuracy"]), abs=0.006)


def test_an_unknown_group_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match="unknown group 'S4'; did you mean 'S5'"):
        permutations(group="S4")
