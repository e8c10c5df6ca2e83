"""One table of all rows, in which no two columns share a name."""

import pandas as pd
import pytest

from rnn_research.report.build import build
from rnn_research.runs.parquet import column_names
from tests.support.made_up_run import SCORES, write_run


def test_parquet_has_all_rows_with_the_axes_as_columns(tmp_path):
    run = write_run(tmp_path, SCORES, tuned={"optimizer.learning_rate": 0.01})
    build(run)
    frame = pd.read_parquet(run.parquet)
    assert len(frame) == 10 * 5
    assert frame[frame.split == "test"].groupby("cell").mse.mean().to_dict() == pytest.approx({"a": 0.12, "b": 0.03})
    assert {"task", "cell", "seed", "step", "split", "stage", "learning_rate", "parameters"} <= set(frame.columns)
    assert set(frame.learning_rate) == {0.01} and set(frame.hidden) == {8}


def test_an_axis_keeps_its_name_beside_a_metric_of_the_same(tmp_path):
    scores = {(penalty, "a"): [0.1] * 5 for penalty in (0.0, 0.5)}
    run = write_run(tmp_path, scores, columns=("l2", "cell"), more={"l2": 123.0})
    build(run)
    frame = pd.read_parquet(run.parquet)
    assert set(frame.l2) == {0.0, 0.5}
    assert set(frame["metric.l2"].dropna()) == {123.0}
    assert frame[frame.split == "test"].groupby("l2").mse.mean().to_dict() == pytest.approx({0.0: 0.1, 0.5: 0.1})


def test_an_axis_over_the_width_is_not_overwritten_by_the_width_solved_for(tmp_path):
    run = write_run(tmp_path, {(width, "a"): [0.1] for width in (4, 16)}, columns=("hidden", "cell"))
    build(run)
    frame = pd.read_parquet(run.parquet)
    assert set(frame.hidden) == {4, 16}
    assert set(frame["card.hidden"]) == {8}


def test_axes_with_names_that_every_row_has(tmp_path):
    run = write_run(
        tmp_path, {("x", "y"): [0.1]}, columns=("step", "state"), tuned={"penalty.l2": 1.0, "model.l2": 2.0}
    )
    build(run)
    frame = pd.read_parquet(run.parquet)
    assert set(frame.step) == {10, 20} and set(frame.state) == {"done"}
    assert set(frame["axis.step"]) == {"x"} and set(frame["axis.state"]) == {"y"}
    assert set(frame.l2) == {1.0} and set(frame["tuned.model.l2"]) == {2.0}


def test_labels_of_several_kinds_share_a_column(tmp_path):
    run = write_run(tmp_path, {(label, "a"): [0.1] for label in (2, "auto", True)}, columns=("width", "cell"))
    build(run)
    assert set(pd.read_parquet(run.parquet).width) == {"2", "auto", "True"}


def test_every_name_has_a_column_of_its_own():
    groups = {
        "row": ["step", "axis.step"],
        "axis": ["step", "x"],
        "tuned": ["a.x", "b.x", "c.y.name"],
        "metric": ["x", "y"],
    }
    names = column_names(groups)
    assert len(set(names.values())) == len(names) == 9
    assert names["row", "axis.step"] == "axis.step" and names["axis", "step"] == "axis.axis.step"
    assert names["tuned", "a.x"] == "tuned.a.x" and names["tuned", "c.y.name"] == "y"
    assert names["metric", "x"] == "metric.x"
