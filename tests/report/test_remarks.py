"""What is said beside the table, of pilots and of sweeps."""

import math

import pytest

from rnn_research.report.build import build
from rnn_research.report.pilots import tuning_curves
from rnn_research.report.remarks import remarks
from rnn_research.report.results import load
from rnn_research.report.table import BASELINE, make_table
from rnn_research.runs.files import append_rows, write_json
from tests.support.made_up_run import CARD, SCORES, TWO_TASKS, write_run

RATE = "optimizer.learning_rate"


def run_with_pilots(path, losses, chosen):
    """A run whose pilots, ``losses[cell][rate]``, ended so; None: diverged."""
    run = write_run(path, SCORES, tuned={RATE: chosen})
    pilots = []
    for cell, of_rate in losses.items():
        for rate, loss in of_rate.items():
            entry = {"id": f"{cell}{rate}", "stage": "pilot", "arm": 0, "seed": 1_000_000, "tuned": {RATE: rate}}
            pilots.append(entry | {"labels": {"task": "t", "cell": cell}})
            directory = run.path / "trials" / entry["id"]
            directory.mkdir()
            rows = [{"step": step, "split": "valid", "loss": (loss or 1) * 10 / step} for step in (5, 10)]
            append_rows(directory / "metrics.jsonl", rows)
            write_json(directory / "card.json", CARD)
            write_json(directory / "status.json", {"state": "diverged" if loss is None else "done", "reason": ""})
    document = run.document() or {}
    tune = {"path": RATE, "values": [0.1, 0.3, 0.9], "seeds": 1, "steps": 10}
    write_json(
        run.path / "experiment.json", document | {"identity": {"tune": tune}, "trials": pilots + document["trials"]}
    )
    return run


def test_pilots_are_read_off_a_chart_and_those_that_failed_are_crosses(tmp_path):
    losses = {"a": {0.1: None, 0.3: 0.1, 0.9: 0.2}, "b": {0.1: 0.5, 0.3: 0.4, 0.9: 0.3}}
    results = load(run_with_pilots(tmp_path, losses, 0.3))
    drawing = tuning_curves(results)
    assert drawing is not None and drawing.chart is not None
    chart = drawing.chart
    ((panel,),) = chart.views.values()
    pilots = {trial.seed for trial in results.trials if trial.stage == "pilot"}
    drawn = [(run.arm, run.seed, list(run.x), list(run.y)) for run in panel.runs if not run.died]
    expected = [(0, seed, [0.3, 0.9], [0.1, 0.2]) for seed in pilots]
    expected += [(1, seed, [0.1, 0.3, 0.9], [0.5, 0.4, 0.3]) for seed in pilots]
    assert sorted(drawn) == sorted(expected)
    assert [(run.arm, list(run.x)) for run in panel.runs if run.died] == [(0, [0.1])] * len(pilots)
    assert chart.log and [text for _, text in panel.ticks] == ["0.1", "0.3", "0.9"]


def test_pilots_of_a_run_that_was_stopped_among_them_are_drawn(tmp_path):
    results = load(run_with_pilots(tmp_path, {"a": {0.1: 0.2, 0.3: 0.1}, "b": {0.1: 0.5, 0.3: 0.4}}, 0.3))
    begun = [trial for trial in results.trials if trial.stage == "pilot" or trial.labels["cell"] == "a"]
    drawing = tuning_curves(results._replace(trials=begun))
    assert drawing is not None and drawing.chart is None and ">b<" in drawing.svg.decode()


def test_an_arm_whose_pilots_all_diverged_is_named(tmp_path):
    run = run_with_pilots(tmp_path, {"a": {0.1: None, 0.3: 0.1, 0.9: 0.2}, "b": dict.fromkeys((0.1, 0.3, 0.9))}, 0.3)
    assert build(run).remarks == [f"t, b: all 3 pilots failed; the {RATE} of those that got furthest was taken"]
    for name in ("table.md", "index.html"):
        assert "t, b: all 3 pilots failed" in (run.report / name).read_text()


def test_arms_whose_choice_lies_at_an_end_are_named(tmp_path):
    """For b more was tried, so that 0.9 lies within."""
    losses = {"a": {0.1: 0.5, 0.3: 0.3, 0.9: 0.2}, "b": {0.1: 0.5, 0.3: 0.3, 0.9: 0.2, 2.7: 0.4}}
    run = run_with_pilots(tmp_path, losses, 0.9)
    assert build(run).remarks == ["The learning rate lies at an end of those tried for t, a"]


def test_what_only_counts_is_at_no_end(tmp_path):
    """Its pilots are all alike, and it has no parameters."""
    run = run_with_pilots(tmp_path, {"a": dict.fromkeys((0.1, 0.3, 0.9), 0.2), "b": {0.1: 0.2, 0.3: 0.3}}, 0.1)
    for path in run.path.glob("trials/t-a-*/card.json"):
        card = run.card(path.parent.name)
        write_json(path, {name: fact for name, fact in card.items() if name != "parameters"})
    assert build(run).remarks == ["The learning rate lies at an end of those tried for t, b"]


def test_what_the_pilots_said_is_drawn(tmp_path):
    run = run_with_pilots(tmp_path, {"a": {0.1: 0.5, 0.3: 0.3, 0.9: None}, "b": {0.1: 0.4, 0.3: 0.6, 0.9: 0.9}}, 0.3)
    build(run)
    page = (run.report / "index.html").read_text()
    assert "What the pilots said" in page and "lowest validation loss" in page
    assert (run.report / "what_the_pilots_said.png").stat().st_size > 1000
    without = write_run(tmp_path / "without", SCORES)
    build(without)
    assert "What the pilots said" not in (without.report / "index.html").read_text()


def test_a_sweep_says_what_is_best_on_validation_and_has_one_baseline(tmp_path):
    run = write_run(tmp_path, TWO_TASKS, columns=("rate", "cell"))
    for seed in range(5):
        rows = [row | {"loss": 0.004 + 0.001 * seed, "mse": 0.002} for row in run.rows(f"u-b-{seed}")]
        run.metrics(f"u-b-{seed}").unlink()
        append_rows(run.metrics(f"u-b-{seed}"), rows)
    results = load(run)
    (said,) = [one for one in remarks(results) if one.startswith("Best")]
    assert (
        said.startswith("Best on validation, by mean mse over seeds: u, b (0.002); then ") and said.count("then") == 2
    )
    assert [row.labels for row in make_table(results) if row.is_baseline] == [{"rate": "", "cell": BASELINE}]


def test_settings_that_failed_are_not_the_best_of_a_sweep(tmp_path):
    """All runs at a rate of 0.1 diverged from the lowest loss of all, one of eight at 0.01; at 0.03 one is running."""
    scores = {(rate, "a"): [0.1] * 8 for rate in (0.001, 0.01, 0.03, 0.1)}
    states = {(0.1, "a", seed): "diverged" for seed in range(8)} | {
        (0.01, "a", 0): "diverged",
        (0.03, "a", 0): "running",
    }
    run = write_run(tmp_path, scores, columns=("rate", "cell"), states=states)
    for (rate, cell), values in scores.items():
        for seed in range(len(values)):
            name, loss = f"{rate}-{cell}-{seed}", 0.02 - 0.1 * rate
            rows = [row | {"loss": loss, "mse": loss} for row in run.rows(name)]
            run.metrics(name).unlink()
            append_rows(run.metrics(name), rows)
    results = load(run)
    (said,) = [one for one in remarks(results) if one.startswith("Best")]
    assert said.endswith("over seeds: rate 0.001, a (0.0199); then rate 0.01, a (0.019)")
    found = {row.labels["rate"]: row.validation for row in make_table(results) if not row.is_baseline}
    assert [math.isnan(found[rate]) for rate in (0.001, 0.01, 0.03, 0.1)] == [False, False, True, True]


def test_tasks_beside_each_other_are_no_sweep(tmp_path):
    run = write_run(tmp_path, TWO_TASKS)
    for seed in range(5):
        for cell in "ab":
            card = run.card(f"u-{cell}-{seed}") | {"inputs": {"time": 9}}
            write_json(run.trial(f"u-{cell}-{seed}") / "card.json", card)
    results = load(run)
    assert not [one for one in remarks(results) if one.startswith("Best")]
    assert [row.labels["task"] for row in make_table(results) if row.is_baseline] == ["t", "u"]


def test_a_sweep_has_each_arms_validation_score_and_draws_it_against_the_setting(tmp_path):
    scores = {(rate, cell): [0.1] * 5 for rate in (0.001, 0.01, 0.1) for cell in ("a", "b")}
    run = write_run(tmp_path, scores, columns=("rate", "cell"))
    for (rate, cell), values in scores.items():
        for seed in range(len(values)):
            name = f"{rate}-{cell}-{seed}"
            looks = {"split": "valid", "loss": rate, "mse": rate + 0.01 * seed}
            rows = [row for row in run.rows(name) if row["split"] != "valid"]
            run.metrics(name).unlink()
            append_rows(run.metrics(name), [looks | {"step": 10}, looks | {"step": 20, "loss": 1.0, "mse": 0.0}, *rows])
    report = build(run)
    found = {(row.labels["rate"], row.labels["cell"]): row.validation for row in report.table if not row.is_baseline}
    assert found == {labels: pytest.approx(labels[0] + 0.02) for labels in scores}  # of the look that was kept
    assert "| IQM | validation | difference to a |" in (run.report / "table.md").read_text()
    assert "| 0.100 | 0.0210 |" in (run.report / "table.md").read_text()
    assert "validation" in (run.report / "table.csv").read_text().splitlines()[0]
    page = (run.report / "index.html").read_text()
    assert "Validation score by setting" in page and "the best of each panel is ringed" in page.lower()
    assert (run.report / "validation_score_by_setting.svg").stat().st_size > 1000


def test_settings_without_a_sweep_have_no_such_column(tmp_path):
    run = write_run(tmp_path, SCORES)
    build(run)
    assert "validation |" not in (run.report / "table.md").read_text()
    assert not (run.report / "validation_score_by_setting.svg").exists()
