"""Tables, verdicts and pages from run directories with known numbers."""

import csv
import json
import math
from pathlib import Path

import pandas as pd
import pytest

from rnn_research.report.build import build
from rnn_research.report.drawing import finish, line_style, log_scale, panels
from rnn_research.report.figures import draw
from rnn_research.report.results import load, skill
from rnn_research.report.verdicts import judge
from rnn_research.runs.directory import RunDirectory, declare, open_directory
from rnn_research.runs.files import append_rows, read_rows, write_atomic, write_json

FACTS = {
    "hidden": 8,
    "parameters": 1234,
    "cell_parameters": 400,
    "elman_parameters": 100,
    "metric": "mse",
    "better": "lower",
    "baseline": {"mse": 0.2, "loss": 0.2},
}


def compare(arm="b", against="a", margin=0.0, where=None, measure="skill"):
    return {
        "kind": "Compare",
        "column": "cell",
        "arm": arm,
        "against": against,
        "margin": margin,
        "where": where or {},
        "measure": measure,
    }


def level(measure, side, value, where=None):
    return {"kind": "Level", "measure": measure, "side": side, "value": value, "where": where or {}}


def write_run(path: Path, scores, claims=(), states=None, facts=None, measures=(), figures=(), probe=None):
    """A run directory: ``scores[(task, cell)]`` is a list of test errors by seed.

    ``probe(cell, seed, step)`` makes the row of a look, at the steps 0 and 20.
    """
    trials = []
    for (task, cell), values in scores.items():
        for seed, value in enumerate(values):
            trial = f"{task}-{cell}-{seed}"
            entry = {"id": trial, "stage": "main", "labels": {"task": task, "cell": cell}, "seed": seed}
            trials.append(entry | {"learning_rate": 0.01})
            directory = path / "trials" / trial
            directory.mkdir(parents=True)
            state = (states or {}).get((task, cell, seed), "done")
            rows = [
                {"step": step, "split": split, "loss": 0.2 / step, "mse": 0.2 / step}
                for step in (10, 20)
                for split in ("train", "valid")
            ]
            if probe:
                rows.insert(0, {"step": 0, "split": "probe", **probe(cell, seed, 0)})
                rows.append({"step": 20, "split": "probe", **probe(cell, seed, 20)})
            if state == "done":
                rows.append({"step": 20, "split": "test", "loss": value, "mse": value})
            append_rows(directory / "metrics.jsonl", rows)
            reason = "non-finite loss at step 3; first in head/bias" if state == "diverged" else ""
            write_json(directory / "status.json", {"state": state, "reason": reason} | FACTS | (facts or {}))
    document = {
        "name": "made_up",
        "question": "Is a < b & c?",
        "compare": "cell",
        "columns": ["task", "cell"],
        "claims": [{"source": "C99", "text": "b is better", "tests": list(tests)} for tests in claims],
        "measures": list(measures),
        "figures": list(figures),
        "identity": {"tune": None},
        "provenance": {
            "started": "now",
            "cpus": 2,
            "devices": ["cpu:0"],
            "python": "3",
            "versions": {},
            "git": "",
            "command": [],
        },
        "trials": trials,
    }
    write_json(path / "experiment.json", document)
    return RunDirectory(path)


SCORES = {
    ("t", "a"): [0.10, 0.12, 0.14, 0.11, 0.13],
    ("t", "b"): [0.02, 0.03, 0.05, 0.01, 0.04],
}


def test_skill_is_zero_at_the_baseline_and_one_at_perfection():
    assert skill(0.2, FACTS) == 0
    assert skill(0.0, FACTS) == 1
    assert skill(0.3, FACTS) == pytest.approx(-0.5)
    accuracy = FACTS | {"metric": "accuracy", "better": "higher", "baseline": {"accuracy": 0.25}}
    assert skill(1.0, accuracy) == 1
    assert skill(0.25, accuracy) == 0
    assert skill(0.625, accuracy) == 0.5


def test_table_by_hand(tmp_path):
    report = build(write_run(tmp_path, SCORES))
    a, b, baseline = report.table
    assert (a.labels, b.labels) == ({"task": "t", "cell": "a"}, {"task": "t", "cell": "b"})
    assert a.score.mean == pytest.approx(0.12)
    assert b.difference is not None
    assert b.difference.mean == pytest.approx(-0.09)
    assert a.difference is None
    assert baseline.is_baseline
    assert baseline.score.mean == 0.2


def test_files_hold_the_tables_numbers(tmp_path):
    run = write_run(tmp_path, SCORES, [[compare()]])
    report = build(run)
    with open(run.report / "table.csv") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["mean"]) for row in rows] == [row.score.mean for row in report.table]
    assert float(rows[1]["difference_low"]) == report.table[1].difference.low
    assert "| t | b | mse ↓ | 0.0300 [" in (run.report / "table.md").read_text()
    tex = (run.report / "table.tex").read_text()
    assert tex.count(r"\\") == 4
    assert tex.count("&") % 4 == 0
    page = (run.report / "index.html").read_text()
    assert "Is a &lt; b &amp; c?" in page
    assert "supported" in page
    assert "<svg" in page
    assert "http" not in page.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    ).replace("https://matplotlib.org", "")
    for kind in ("svg", "png"):
        assert (run.report / f"learning_curves.{kind}").stat().st_size > 1000


def test_parquet_has_all_rows_with_the_axes_as_columns(tmp_path):
    run = write_run(tmp_path, SCORES)
    build(run)
    frame = pd.read_parquet(run.parquet)
    assert len(frame) == 10 * 5
    assert frame[frame.split == "test"].groupby("cell").mse.mean().to_dict() == pytest.approx({"a": 0.12, "b": 0.03})
    assert {"task", "cell", "seed", "step", "split", "stage", "learning_rate", "parameters"} <= set(frame.columns)


def test_building_again_changes_no_file(tmp_path):
    run = write_run(tmp_path, SCORES, [[compare()]])
    build(run)
    before = {path.name: path.read_bytes() for path in run.report.iterdir()}
    build(run)
    assert {path.name: path.read_bytes() for path in run.report.iterdir()} == before


@pytest.mark.parametrize(
    ("tests", "answer"),
    [
        ([compare()], "supported"),  # skill of b is 0.45 higher
        ([compare(margin=0.4)], "supported"),
        ([compare(margin=0.45)], "undecided"),
        ([compare(margin=0.8)], "contradicted"),
        ([compare("a", "b")], "contradicted"),
        ([compare("a", "b", margin=-0.8)], "supported"),
        ([compare(), compare("a", "b")], "contradicted"),
        ([compare(), compare(margin=0.45)], "undecided"),
        ([compare(arm="c")], "undecided"),
        ([{"kind": "ParameterRatio", "column": "cell", "arm": "a", "value": 4.0}], "supported"),
        ([{"kind": "ParameterRatio", "column": "cell", "arm": "a", "value": 3.0}], "contradicted"),
        ([{"kind": "ParameterRatio", "column": "cell", "arm": "c", "value": 3.0}], "undecided"),
    ],
)
def test_verdicts(tmp_path, tests, answer):
    # A second task doubles the pairs: five alone cannot reach 5% by sign flips.
    scores = SCORES | {("u", cell): values for (_, cell), values in SCORES.items()}
    (verdict,) = judge(load(write_run(tmp_path, scores, [tests])))
    assert verdict.answer == answer
    assert verdict.evidence


def test_four_seeds_give_points_and_no_verdict(tmp_path):
    run = write_run(tmp_path, {key: values[:4] for key, values in SCORES.items()}, [[compare()]])
    report = build(run)
    assert report.verdicts[0].answer == "undecided"
    assert "takes 5 seeds" in report.verdicts[0].evidence[0]
    assert "points 0.100, 0.120" in (run.report / "table.md").read_text()


def test_many_claims_are_corrected_together(tmp_path):
    # n = 6: one comparison has p = 2/64, ten of them have not.
    scores = {("t", "a"): [0.11] * 6, ("t", "b"): [0.10, 0.09, 0.08, 0.10, 0.09, 0.08]}
    one = judge(load(write_run(tmp_path / "one", scores, [[compare()]])))
    ten = judge(load(write_run(tmp_path / "ten", scores, [[compare()]] * 10)))
    assert one[0].answer == "supported"
    assert {verdict.answer for verdict in ten} == {"undecided"}


def test_where_keeps_some_settings(tmp_path):
    scores = SCORES | {("other", "a"): [0.0] * 5, ("other", "b"): [0.2] * 5}
    claims = [[compare(where={"task": ["t*"]})], [compare(where={"task": ["oth*"]})], [compare()]]
    verdicts = judge(load(write_run(tmp_path, scores, claims)))
    effects = [float(v.evidence[0].split(": ")[1].split()[0]) for v in verdicts]
    assert effects == pytest.approx([0.45, -1.0, -0.275])


def test_failed_runs_are_counted_and_named(tmp_path):
    run = write_run(tmp_path, SCORES, [[compare()]], states={("t", "b", 1): "diverged"})
    report = build(run)
    row = report.table[1]
    assert row.score.n == 4
    assert row.failed == 0.2
    assert row.difference is not None
    assert row.difference.n == 4
    assert "first in head/bias" in (run.report / "index.html").read_text()
    # In a claim the failed run counts as skill 0, against 0.4 for its partner.
    assert "n = 5 pairs" in report.verdicts[0].evidence[0]
    assert "+0.280" in report.verdicts[0].evidence[0]


def test_an_empty_directory_is_refused(tmp_path):
    with pytest.raises(ValueError, match="holds no experiment"):
        build(RunDirectory(tmp_path))


def test_directory_refuses_other_experiments_and_foreign_files(tmp_path):
    mine = {"experiment": "x", "base": {"steps": 1}}
    run = open_directory(tmp_path / "a", mine)
    declare(run, mine, {})
    assert open_directory(tmp_path / "a", mine) == run
    before = (tmp_path / "a" / "experiment.json").read_text()
    for identity, difference in (
        ({"experiment": "y", "base": {"steps": 1}}, "holds x, not y"),
        ({"experiment": "x", "base": {"steps": 2}}, "base.steps=1, not 2"),
    ):
        with pytest.raises(ValueError, match=difference):
            open_directory(tmp_path / "a", identity)
        with pytest.raises(ValueError, match=difference):
            declare(run, identity, {})
    assert (tmp_path / "a" / "experiment.json").read_text() == before
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "thesis.tex").write_text("mine")
    with pytest.raises(ValueError, match="not empty"):
        open_directory(tmp_path / "b", mine)


def test_a_torn_last_row_is_left_out(tmp_path):
    path = tmp_path / "metrics.jsonl"
    append_rows(path, [{"step": 1, "loss": math.inf}, {"step": 2, "loss": 0.5}])
    with open(path, "a") as file:
        file.write('{"step": 3, "lo')
    assert [row["step"] for row in read_rows(path)] == [1, 2]
    assert read_rows(path)[0]["loss"] == math.inf


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "status.json"
    write_json(path, {"state": "done"})
    with pytest.raises(TypeError):
        write_atomic(path, None)
    assert json.loads(path.read_text()) == {"state": "done"}
    assert [p.name for p in tmp_path.iterdir()] == ["status.json"]


def decaying(cell, seed, step):
    """A look by which b keeps more, at the end yet more."""
    rate = {"a": 0.5, "b": 0.9}[cell] ** (0.5 if step else 1.0)
    curve = [3.0 * rate**d for d in range(1, 12)]
    return {"decay": curve, "kept": curve[-1] / curve[0] + 0.001 * seed, "log10_product": [-0.1 * d for d in range(5)]}


KEPT = {"name": "kept at end", "column": "kept", "split": "probe", "at": "last", "above": None}
MEASURES = [
    KEPT,
    KEPT | {"name": "kept at start", "at": "first"},
    KEPT | {"name": "greatest", "at": "greatest"},
    KEPT | {"name": "mean", "at": "mean"},
    KEPT | {"name": "share", "above": 0.5},
    KEPT | {"name": "absent", "column": "nothing"},
]


def test_measures_are_read_off_the_rows(tmp_path):
    run = write_run(tmp_path, SCORES, measures=MEASURES, probe=decaying)
    results = load(run)
    trial = next(t for t in results.reported if t.labels["cell"] == "b" and t.seed == 2)
    first, last = 0.9**10 + 0.002, 0.9**5 + 0.002
    found = [results.value(trial, measure["name"]) for measure in MEASURES[:5]]
    assert found == pytest.approx([last, first, last, (first + last) / 2, 1.0])
    assert math.isnan(results.value(trial, "absent"))
    assert results.value(trial, "finished") == 1
    report = build(run)
    row = report.table[1]
    assert row.measures["kept at end"].mean == pytest.approx(0.9**5 + 0.002)
    with open(run.report / "table.csv") as file:
        written = list(csv.DictReader(file))
    assert float(written[1]["kept at end"]) == row.measures["kept at end"].mean
    assert float(written[1]["kept at end low"]) == row.measures["kept at end"].low
    assert "kept at end" in (run.report / "index.html").read_text()


@pytest.mark.parametrize(
    ("tests", "answer"),
    [
        ([level("kept at end", "above", 0.02)], "supported"),
        ([level("kept at end", "below", 0.02)], "contradicted"),
        ([level("kept at end", "below", 0.7, where={"cell": ["b"]})], "supported"),
        ([level("kept at end", "above", 0.7, where={"cell": ["b"]})], "contradicted"),
        ([level("kept at end", "above", 0.9**5 + 0.002, where={"cell": ["b"]})], "undecided"),
        ([level("absent", "above", 0.0)], "undecided"),
        ([compare(margin=0.5, measure="kept at end")], "supported"),
        ([compare(margin=0.9, measure="kept at end")], "contradicted"),
        ([compare(margin=0.1, measure="finished")], "contradicted"),
    ],
)
def test_verdicts_on_measures(tmp_path, tests, answer):
    scores = SCORES | {("u", cell): values for (_, cell), values in SCORES.items()}
    run = write_run(tmp_path, scores, [tests], measures=MEASURES, probe=decaying)
    (verdict,) = judge(load(run))
    assert verdict.answer == answer


def test_a_run_that_diverged_has_not_finished(tmp_path):
    states = {(task, "b", seed): "diverged" for task in "tu" for seed in range(5)}
    scores = SCORES | {("u", cell): values for (_, cell), values in SCORES.items()}
    run = write_run(tmp_path, scores, [[compare("a", "b", margin=0.5, measure="finished")]], states=states)
    (verdict,) = judge(load(run))
    assert verdict.answer == "supported"
    assert "+1.00 [+1.00, +1.00]" in verdict.evidence[0]


FIGURES = [
    {"kind": "ByAxis", "x": "task", "y": "kept at end", "label": "the axis", "ylabel": "", "where": {}},
    {
        "kind": "ByMeasure",
        "points": [[10, "kept at start"], [1000, "kept at end"]],
        "label": "two measures",
        "ylabel": "kept",
        "where": {},
    },
    {"kind": "Curves", "column": "loss", "split": "train", "ylabel": "the loss", "log": True, "where": {}},
    {"kind": "Curves", "column": "loss", "split": "train", "ylabel": "x", "log": True, "where": {"cell": ["none"]}},
]


def test_figures_that_were_asked_for_and_those_of_the_probe(tmp_path):
    states = {("t", "b", 1): "diverged"}
    run = write_run(tmp_path, SCORES, measures=MEASURES, figures=FIGURES, probe=decaying, states=states)
    drawn = draw(load(run))
    assert [d.name for d in drawn] == [
        "figure_1",
        "figure_2",
        "figure_3",
        "gradient_heat_map",
        "gradient_decay",
        "jacobian_products",
        "learning_curves",
    ]
    words = {d.name: d.svg.decode() for d in drawn}
    for name, word in (
        ("figure_1", "the axis"),
        ("figure_2", "two measures"),
        ("figure_3", "the loss, log scale"),
        ("gradient_heat_map", "step k that the error of step 12 is sent back to"),
        ("gradient_heat_map", "b after training"),
        ("gradient_decay", "t at initialisation"),
        ("gradient_decay", "distance back from the last step (steps)"),
        ("jacobian_products", "span t (steps)"),
    ):
        assert f">{word}<" in words[name], (name, word)


def test_numbers_that_are_not_finite_leave_gaps(tmp_path):
    def exploding(cell, seed, step):
        row = decaying(cell, seed, step)
        return row | {"decay": [math.inf] * 11 if cell == "a" else [0.0] * 11, "kept": math.inf}

    run = write_run(tmp_path, SCORES, measures=[KEPT], figures=FIGURES[:1], probe=exploding)
    for entry in load(run).trials:
        path = run.metrics(entry.id)
        path.write_text(path.read_text().replace('"loss": 0.02', '"loss": Infinity'))
    report = build(run)
    assert math.isnan(report.table[0].measures["kept at end"].mean)
    assert "–" in (run.report / "table.md").read_text()


def test_a_legend_keeps_inside_its_figure():
    names = [f"a rather long name, the {index}th of them" for index in range(7)]
    with panels(1) as (figure, axes):
        for name in names:
            axes[0].plot([0, 1], [1, 2], label=name)
        finish(figure, axes, "name", "title", "caption")
        (legend,) = figure.legends
        box = legend.get_window_extent(figure.canvas.get_renderer())
        assert box.x0 >= 0 and box.x1 <= figure.bbox.width
        assert [text.get_text() for text in legend.get_texts()] == names
        assert box.y0 >= axes[0].get_window_extent().y1


def test_numbers_of_less_than_a_decade_are_written_out():
    with panels(2) as (figure, axes):
        for axis, most in zip(axes, (2.8, 2800), strict=True):
            axis.plot([0, 1], [1.7, most])
            log_scale(axis)
        figure.canvas.draw()
        narrow, wide = ([text.get_text() for text in axis.get_yticklabels(which="both")] for axis in axes)
    assert {"2", "2.5"} & set(narrow) and not any("times" in text for text in narrow)
    assert any("10^" in text for text in wide)


def test_no_two_of_many_lines_look_alike():
    styles = [line_style(index) for index in range(49)]
    assert len(set(map(str, styles))) == 49
    assert all(len({style[part] for style in styles[:7]}) == 7 for part in (0, 2))
