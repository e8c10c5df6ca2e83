"""Two records of one trial: the same bits, the same numbers but for rounding, or neither."""

import math
from typing import Any

import numpy as np
import pytest

from rnn_research.experiment.config import TrialConfig
from rnn_research.experiment.trials import Trial
from rnn_research.runs import checkpoints
from rnn_research.runs.comparison import BITS, OTHER, ROUNDED, compare, difference, of_a_clock
from rnn_research.runs.directory import RunDirectory, begin, record, set_status

TRIAL = Trial("abc", "main", 0, {}, TrialConfig(), {})
ROWS = [
    {"step": 1, "split": "train", "loss": 0.5, "seconds": 1.0},
    {"step": 1, "split": "valid", "loss": math.nan, "written_per_s@greedy": 3.0},
    {"step": 2, "split": "train", "loss": 100.0},
]
KERNEL = np.linspace(-1, 1, 12, dtype=np.float32)


def written(place, rows=ROWS, kernel: Any = KERNEL, state: Any = "done"):
    run = RunDirectory(place)
    begin(run, TRIAL)
    record(run, TRIAL, rows)
    if kernel is not None:
        checkpoints.save(run.checkpoints("abc"), 2, {"kernel": kernel, "count": np.int32([2])}, {})
    set_status(run, TRIAL, state, "", {"step": 2})
    return run


def row(number, **changes):
    return [one | changes if place == number else one for place, one in enumerate(ROWS)]


@pytest.mark.parametrize(
    ("other", "agreement", "where"),
    [
        ({"rows": row(0, seconds=9.0)}, BITS, ""),
        ({"rows": row(1, **{"written_per_s@greedy": 4.0})}, BITS, ""),
        ({"rows": row(0, loss=0.51)}, ROUNDED, "loss of train from step 1 on"),  # of a column that reaches 100
        ({"rows": row(2, loss=101.0)}, OTHER, "loss of train from step 2 on"),
        ({"rows": row(1, loss=1.0)}, OTHER, "loss of valid from step 1 on"),
        ({"rows": ROWS[:2]}, OTHER, "which rows there are: train of step 2 is in one alone"),
        ({"rows": row(1, more=1.0)}, OTHER, "which rows there are, or their columns"),
        ({"kernel": np.nextafter(KERNEL, np.float32(2))}, ROUNDED, "array kernel"),
        ({"kernel": KERNEL * np.float32(1.01)}, OTHER, "array kernel"),
        ({"kernel": KERNEL[:6]}, OTHER, "which parameters there are"),
        ({"kernel": KERNEL.astype(np.float64)}, OTHER, "which parameters there are"),
        ({"state": "diverged"}, OTHER, "it ended otherwise: diverged at step 2, not done at step 2"),
    ],
)
def test_compare(tmp_path, other, agreement, where):
    found = compare(written(tmp_path / "one"), written(tmp_path / "other", **other), "abc")
    assert (found.agreement, found.where) == (agreement, where)
    assert found.parameters == ("state" not in other)


def test_without_parameters_and_with_damaged_ones(tmp_path):
    one, none = written(tmp_path / "one"), written(tmp_path / "none", kernel=None)
    assert compare(one, none, "abc") == compare(none, one, "abc") == (BITS, 0.0, "", False)
    (kept,) = checkpoints.complete(one.checkpoints("abc"))
    damaged = next(path for path in sorted((kept / "arrays").rglob("*")) if path.is_file())
    damaged.write_bytes(damaged.read_bytes()[:-1])
    found = compare(one, written(tmp_path / "other"), "abc")
    assert found.agreement == OTHER and "is damaged" in found.where
    (kept / checkpoints.MANIFEST).unlink()
    found = compare(one, written(tmp_path / "another"), "abc")
    assert found.agreement == OTHER and "its manifest is gone" in found.where


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ([1.0, math.nan], [1.0, math.nan], 0.0),
        ([1.0, 4.0], [1.0, 3.0], 0.25),
        ([0.0], [1.0], math.inf),
        ([math.inf, 1.0], [math.inf, 1.5], 0.5),
        ([math.inf], [-math.inf], math.inf),
        ([math.nan], [1.0], math.inf),
    ],
)
def test_difference(one, other, found):
    assert difference(one, other) == found


def test_zeros_of_unlike_signs_are_rounding():
    assert 0 < difference([0.0, 1.0], [-0.0, 1.0]) < 1e-300


@pytest.mark.parametrize(
    ("column", "clock"),
    [
        ("seconds", True),
        ("probe_seconds", True),
        ("tokens_per_s", True),
        ("written_per_s@beam(3)", True),
        ("loss", False),
    ],
)
def test_columns_of_a_clock(column, clock):
    assert of_a_clock(column) == clock
