"""The distance at which half of the runs solve a task."""

import math

import numpy as np
import pytest

from rnn_research.report.drawing import Drawing
from rnn_research.report.figures import draw
from rnn_research.report.reach import reach
from rnn_research.report.results import load
from tests.support.made_up_run import write_run


@pytest.mark.parametrize(
    ("solved_at", "distance"),
    [
        ({10: (8, 8), 40: (0, 8)}, 20.0),  # half way on the logarithm
        ({40: (0, 8), 10: (8, 8)}, 20.0),  # in whatever order
        ({10: (4, 8), 40: (0, 8)}, 10.0),
        ({10: (6, 8), 40: (2, 8), 160: (0, 8)}, 20.0),
        ({10: (8, 8), 40: (0, 8), 160: (8, 8)}, math.inf),  # the last two have half together, and not less
        ({10: (0, 8), 40: (0, 8)}, 0.0),
        ({10: (8, 8), 40: (8, 8)}, math.inf),
        ({10: (8, 8), 40: (0, 0)}, math.inf),
    ],
)
def test_where_half_of_the_runs_solve_it(solved_at, distance):
    found = reach(solved_at)
    assert found.distance == pytest.approx(distance)
    assert found.low <= found.distance <= found.high


def test_no_runs_have_no_reach():
    assert reach({}) is None
    assert reach({10: (0, 0)}) is None


def test_more_runs_are_surer_of_it_as_far_as_distances_were_tried():
    few, many = ({10: (n, n), 20: (n * 3 // 4, n), 40: (n // 4, n), 80: (0, n)} for n in (8, 400))
    assert reach(few).distance == pytest.approx(reach(many).distance)
    assert reach(few)[1:] == (10, 80)
    assert reach(many)[1:] == (20, 40)  # between them nobody knows, however many runs there are


@pytest.mark.parametrize("slope", [2, 20])
@pytest.mark.parametrize("runs", [8, 32])
@pytest.mark.parametrize("half", [21, 38])
def test_the_interval_covers_the_distance_that_is_true(slope, runs, half):
    """Runs solve it with a probability that falls through a half, wherever the tried distances lie."""
    rng, tried = np.random.default_rng(0), np.array([10, 20, 40, 80, 160])
    chances, inside = 1 / (1 + (tried / half) ** slope), 0
    for _ in range(300):
        found = reach(dict(zip(tried.tolist(), ((int(k), runs) for k in rng.binomial(runs, chances)), strict=True)))
        inside += found.low <= half <= found.high
    assert inside / 300 > 0.93


def test_it_is_drawn_for_every_arm(tmp_path):
    scores = {(length, arm): [0.001] * n + [0.19] * (8 - n) for arm in "ab" for length, n in ((50, 8), (100, 2))}
    asked = [{"kind": "Reach", "x": "length", "label": "length (steps)", "where": {}}]
    columns = ("length", "cell")
    results = load(write_run(tmp_path / "x", scores, figures=asked, columns=columns, card={"solved": 0.05}))
    (drawing, *_) = (part for part in draw(results) if isinstance(part, Drawing))
    assert drawing.name == "the_distance_at_which_half_of_the_runs_solve_it"
    assert all(f">{word}<" in drawing.svg.decode() for word in ("a", "b", "50", "100", "length (steps)"))
    plain = load(write_run(tmp_path / "y", scores, figures=asked, columns=columns))
    assert not any("half" in part.name for part in draw(plain) if isinstance(part, Drawing))
