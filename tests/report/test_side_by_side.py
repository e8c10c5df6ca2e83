"""Runs side by side: which arms are matched, the differences against scipy, what differs, and the page in a browser."""

import json
import math
import re

import numpy as np
import pytest
from scipy import stats

from rnn_research.commands.launch import main
from rnn_research.commands.side_by_side import file_name
from rnn_research.exhibits import TEST_PARTS, Curve
from rnn_research.report.differing import ALL, differing
from rnn_research.report.results import load
from rnn_research.report.side_by_side import put_together
from rnn_research.report.side_by_side_page import as_html, as_lines, as_markdown
from rnn_research.report.split import split_of_pairs
from rnn_research.runs.directory import RunDirectory
from rnn_research.runs.files import write_json
from tests.support.haste import flags
from tests.support.made_up_run import write_run
from tests.support.processes import launch

BEFORE = [0.10, 0.12, 0.14, 0.11, 0.13, 0.12, 0.11, 0.10]
AWAY = np.array([-3, -1, 1, 3, -2, 2, 0, 0]) / 500  # about their mean no skewness: then ours is Student's interval
SMALL = """
from rnn_research.experiment import *

EXPERIMENT = Experiment(
    question="How far do a few updates get?",
    base=TrialConfig(
        task=Choice("adding", length=6),
        model=ModelConfig(cell=Choice("elman", hidden=4)),
        train=TrainConfig(steps=40, batch=16, eval_every=20, valid_examples=32, test_examples=64),
    ),
    axes={"model.cell": (Choice("elman", hidden=4),)},
    compare="cell",
    seeds=8,
)
"""


def pair(folder, mine, theirs, **more):
    write_run(folder / "a", mine)
    write_run(folder / "b", theirs, **more)
    return put_together([folder / "a", folder / "b"])


def between(together):
    return [side.difference for arm in together.arms for side in arm.sides if side.difference]


def only(together):
    (arm,), (difference,) = together.arms, between(together)
    return arm, difference


def edit(run, **changes):
    write_json(run.path / "experiment.json", (run.document() or {}) | changes)


def test_a_paired_difference_is_students_of_the_same_seeds(tmp_path):
    after = (np.array(BEFORE) - 0.03 + AWAY).tolist()
    arm, found = only(pair(tmp_path, {("t", "x"): BEFORE}, {("t", "x"): after}))
    expected = stats.ttest_rel(after, BEFORE)
    interval = expected.confidence_interval()
    assert (found.n, found.paired, found.told) == (8, True, True)
    assert (found.mean, found.low, found.high) == pytest.approx((-0.03, interval.low, interval.high))
    assert found.p == pytest.approx(expected.pvalue)
    assert (arm.name, arm.metric, [side.run for side in arm.sides]) == ("the only arm", "mse", ["A", "B"])
    wide = stats.ttest_ind(after, BEFORE, equal_var=False).confidence_interval()
    assert wide.high - wide.low > 1.5 * (found.high - found.low)  # pairing is worth something here


def test_a_seed_that_one_run_lacks_is_no_pair(tmp_path):
    after = [*(np.array(BEFORE) - 0.03).tolist(), 5.0, 6.0]
    _, found = only(pair(tmp_path, {("t", "x"): BEFORE}, {("t", "x"): after}, states={("t", "x", 0): "diverged"}))
    assert (found.n, found.paired) == (7, True)
    assert (found.mean, found.low, found.high) == pytest.approx((-0.03,) * 3)
    assert math.isnan(found.p)  # fewer than eight


def test_of_unlike_seeds_the_difference_is_welchs(tmp_path):
    theirs = (np.array(BEFORE) - 0.03 + AWAY).tolist()
    write_run(tmp_path / "a", {("t", "x"): BEFORE})
    run = write_run(tmp_path / "b", {("t", "x"): theirs})
    document = run.document() or {}
    edit(run, trials=[entry | {"seed": entry["seed"] + 4} for entry in document["trials"]])
    together = put_together([tmp_path / "a", tmp_path / "b"])
    _, found = only(together)
    expected = stats.ttest_ind(theirs, BEFORE, equal_var=False)
    interval = expected.confidence_interval()
    assert (found.n, found.paired, found.told) == (8, False, True)
    assert found.mean == pytest.approx(-0.03)
    assert found.low <= interval.low and found.high >= interval.high  # ours holds Hall's, too
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), abs=2e-3)
    assert "share fewer than 5 seeds" in as_lines(together, 80)


def test_two_runs_of_the_same_numbers_are_the_same(tmp_path):
    together = pair(tmp_path, {("t", "x"): BEFORE}, {("t", "x"): BEFORE})
    _, found = only(together)
    assert (found.mean, found.low, found.high, found.p, found.told) == (0, 0, 0, 1, False)
    assert "the same" in as_markdown(together, tmp_path) and "of the shares that solved" not in as_markdown(
        together, tmp_path
    )


def test_where_some_runs_solve_the_task_the_shares_that_do_are_told_apart(tmp_path):
    half, card = [0.001, 0.2] * 4, {"solved": 0.01}
    write_run(tmp_path / "a", {("t", "x"): [0.2] * 8, ("t", "y"): half}, card=card)
    write_run(tmp_path / "b", {("t", "x"): [0.2] + [0.001] * 7, ("t", "y"): half[::-1]}, card=card)
    together = put_together([tmp_path / "a", tmp_path / "b"])
    found, other = between(together)
    assert (
        found.by_shares and other.by_shares and "of the shares that solved the task" in as_markdown(together, tmp_path)
    )
    assert math.isnan(found.low) and found.told and math.isnan(other.low) and not other.told
    assert found.p < 0.01 and other.p == 1


def test_arms_are_told_apart_all_together(tmp_path):
    """Each alone is at p = 0.03; of three such, Holm tells none."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=8)
    noise = (noise - noise.mean()) / noise.std(ddof=1) * 0.01
    shift = stats.t.isf(0.015, 7) * 0.01 / math.sqrt(8)
    after = {("t", name): (np.array(BEFORE) + noise + shift).tolist() for name in "xyz"}
    together = pair(tmp_path, {("t", name): BEFORE for name in "xyz"}, after)
    assert all(0.02 < one.p < 0.05 and not one.told for one in between(together))
    (tmp_path / "one").mkdir()
    _, alone = only(pair(tmp_path / "one", {("t", "x"): BEFORE}, {("t", "x"): after["t", "x"]}))
    assert alone.told


def test_what_no_other_has_is_named_and_other_columns_of_one_value_do_not_matter(tmp_path):
    theirs = {("u", "y"): BEFORE, ("u", "z"): BEFORE}
    together = pair(tmp_path, {("t", "x"): BEFORE, ("t", "y"): BEFORE}, theirs)
    assert together.columns == ("cell",)  # t and u are a setting
    assert [arm.name for arm in together.arms] == ["y"]
    assert together.left == ("in A alone: x", "in B alone: z")


def test_what_cannot_be_compared_is_refused(tmp_path, capsys):
    write_run(tmp_path / "a", {("t", "x"): BEFORE})
    write_run(tmp_path / "b", {("t", "x"): BEFORE}, card={"metric": "loss"})
    write_run(tmp_path / "c", {("t", "y"): BEFORE, ("t", "z"): BEFORE})
    (tmp_path / "d").mkdir()
    write_run(tmp_path / "e", {("16", "x"): BEFORE, ("32", "y"): BEFORE}, columns=("width", "cell"))
    for names, said in (
        ("ab", "nothing to compare: the only arm: scored by mse in A, loss in B"),
        ("ac", "no arm is in two of the runs: "),
        ("ce", f"c has y; z, {tmp_path / 'e'} has x, 16; y, 32"),
        ("aa", "the same run directory twice"),
        ("ad", "holds no experiment"),
    ):
        assert main(["--report", *(f"--workdir={tmp_path / name}" for name in names)]) == 2
        assert said in capsys.readouterr().err
    assert main(["--report", "--watch", "--workdir=a", "--workdir=b"]) == 2
    assert "--watch takes one --workdir" in capsys.readouterr().err


def test_three_runs_are_each_compared_with_the_first(tmp_path):
    for name, shift in (("a", 0.0), ("b", 0.01), ("c", 0.02)):
        write_run(tmp_path / name, {("t", "x"): [value + shift for value in BEFORE]})
    together = put_together([tmp_path / name for name in "abc"])
    assert [side.run for side in together.arms[0].sides] == ["A", "B", "C"]
    assert [one.mean for one in between(together)] == pytest.approx([0.01, 0.02])


def test_settings_that_differ_are_named_with_both_values(tmp_path):
    scores = {("t", "x"): BEFORE, ("t", "y"): BEFORE}
    runs = [write_run(tmp_path / name, scores) for name in "ab"]
    for run, rate in zip(runs, (0.1, 0.2), strict=True):
        for entry in (run.document() or {})["trials"]:
            width = 8 if entry["labels"]["cell"] == "x" else 100 * rate
            config = {"seed": entry["seed"], "optimizer": {"rate": rate}, "model": {"width": width, "same": 1}}
            write_json(run.trial(entry["id"]) / "config.json", config)
    made = (runs[1].document() or {})["provenance"]
    edit(
        runs[1],
        provenance=made | {"versions": {"jax": "0.11"}, "git": "f" * 40},
        trained_with={"code": {"cell x": "new"}},
    )
    edit(runs[0], trained_with={"code": {"cell x": "old"}})
    found = {one.path: (one.values, one.arms) for one in differing(put_together([run.path for run in runs]))}
    assert found == {
        "optimizer.rate": (("0.1", "0.2"), ALL),
        "model.width": (("10", "20"), "y"),
        "revision": (("–", "f" * 40), ""),
        "versions.jax": (("–", "0.11"), ""),
        "the code of cell x": (("", "differs"), ""),
    }


def test_the_test_splits_share_of_pairs_is_of_their_own_differences(tmp_path):
    """Two runs that err alike on every part differ by nothing but the runs."""
    parts = np.random.default_rng(0).normal(size=(8, 40))

    def shown(shift):
        def exhibits(cell, seed, step):
            return [Curve(TEST_PARTS, "", (parts[seed] + shift[seed]).tolist())]

        return exhibits

    noise = np.random.default_rng(1).normal(size=(8, 40))
    for name, shift in (("a", np.zeros((8, 1))), ("b", np.ones((8, 1))), ("c", noise)):
        write_run(tmp_path / name, {("t", "x"): BEFORE}, exhibits=shown(shift))
    trials = {name: load(RunDirectory(tmp_path / name)).reported for name in "abc"}
    (_, sample), *_ = split_of_pairs(list(zip(trials["b"], trials["a"], strict=True)), "score")
    assert sample == pytest.approx(np.zeros(40))
    ((_, sample),) = split_of_pairs(list(zip(trials["c"], trials["a"], strict=True)), "score")
    assert 0 <= np.var(sample, ddof=1) < np.var(noise.mean(axis=0), ddof=1)  # what is of a run alone is taken off
    assert split_of_pairs(list(zip(trials["c"], trials["a"], strict=True)), "solved") == []


def test_a_table_of_a_terminal_keeps_its_width_and_is_markdown(tmp_path):
    names = ["a_rather_long_name(hidden=32)", "another|one"]
    mine = {(task, cell): BEFORE for task in ("temporal_order(length=50)", "u") for cell in names}
    theirs = {labels: [value - 0.03 for value in values] for labels, values in mine.items()}
    together = pair(tmp_path, mine, theirs)
    text = as_lines(together, 80)
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert table and all(len(line) <= 80 for line in table)
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table}) == 1
    assert "0.116 [0.104, 0.130]" in as_markdown(together, tmp_path)
    assert all(number in text for number in ("0.116", "[0.104,", "0.130]"))


def test_pages_of_directories_of_one_name_are_told_apart(tmp_path):
    assert file_name([tmp_path / "a", tmp_path / "b"]) == "compared-a-b"
    assert file_name([tmp_path / "x" / "run", tmp_path / "y" / "run"]) == "compared-x_run-y_run"


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """Two small runs that differ in their learning rate, and what the command made of them."""
    folder = tmp_path_factory.mktemp("real")
    (folder / "small.py").write_text(SMALL)
    for name, rate in (("a", "0.001"), ("b", "0.03")):
        options = ["--experiment=small.py", f"--workdir={name}", f"--config.optimizer.learning_rate={rate}"]
        made = launch(options, folder, settings=flags())
        assert made.returncode == 0, made.stderr
    before = {path: path.stat().st_mtime_ns for name in "ab" for path in (folder / name).rglob("*")}
    made = launch(["--report", "--workdir=a", "--workdir=b"], folder)
    assert made.returncode == 0, made.stderr
    assert {path: path.stat().st_mtime_ns for name in "ab" for path in (folder / name).rglob("*")} == before
    return folder, made.stdout


@pytest.mark.slow
def test_two_real_runs(real):
    folder, printed = real
    together = put_together([folder / "a", folder / "b"])
    arm, found = only(together)
    scores = []
    for name in "ab":
        entries = json.loads((folder / name / "experiment.json").read_text())["trials"]
        rows = [
            [json.loads(line) for line in (folder / name / "trials" / entry["id"] / "metrics.jsonl").open()]
            for entry in sorted(entries, key=lambda entry: entry["seed"])
        ]
        scores.append([row["mse"] for of_trial in rows for row in of_trial if row["split"] == "test"])
    differences = np.subtract(scores[1], scores[0])
    assert found.paired and found.mean == pytest.approx(differences.mean(), rel=1e-5)
    alone = stats.ttest_1samp(differences, 0).confidence_interval()
    assert found.low <= alone.low and found.high >= alone.high  # the test split's share is in it, too
    assert [(one.path, one.values) for one in differing(together)] == [("optimizer.learning_rate", ("0.001", "0.03"))]
    assert "| optimizer.learning_rate | 0.001 | 0.03 |" in printed
    assert f"{found.mean:.3f}" in printed and "8 paired" in printed
    assert len(together.merged.arms) == 2 and arm.one_task


@pytest.mark.slow
def test_the_page_of_two_real_runs_in_a_browser(real, browser):
    folder, _ = real
    file = folder / "runs" / "compared-a-b.html"
    faults = []
    page = browser.new_page(viewport={"width": 1100, "height": 800})
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda sent: faults.append(sent.url) if sent.url != file.as_uri() else None)
    page.goto(file.as_uri())
    chart = page.locator(".chart")
    assert chart.locator("path.line").count() == 2 and chart.locator("path.band").count() == 2
    assert chart.locator(".legend .arm").all_inner_texts()[:2] == ["A", "B"]
    chart.locator(".frame svg").first.hover(position={"x": 300, "y": 60})
    assert re.search(r"A\s+\d.*\[", chart.locator(".tip").inner_text())
    rows = page.locator("table.results tbody tr")
    assert rows.count() == 2 and rows.nth(1).locator("svg.interval").count() == 1
    pages = page.locator("header a").evaluate_all("links => links.map((link) => link.href)")
    assert pages == [(folder / name / "report" / "index.html").as_uri() for name in "ab"]
    page.set_viewport_size({"width": 380, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") == 380
    page.close()
    assert faults == []


def test_runs_are_linked_from_where_the_page_lies(tmp_path):
    """To their pages, to their directories where they have none."""
    folder = tmp_path / "runs of today"
    together = pair(folder, {("t", "x"): BEFORE}, {("t", "x"): BEFORE})
    (folder / "b" / "report").mkdir()
    (folder / "b" / "report" / "index.html").write_text("a page")
    assert re.findall('<a href="([^"#]*)">', as_html(together, tmp_path)) == [
        "runs%20of%20today/a",
        "runs%20of%20today/b/report/index.html",
    ]
    assert re.findall(r"\]\((.*?)\)", as_markdown(together, folder)) == ["a", "b/report/index.html"]


def test_what_a_text_holds_stays_a_text(tmp_path):
    together = pair(tmp_path, {("t", "<b>x"): BEFORE, ("t", "y"): BEFORE}, {("t", "<b>x"): BEFORE, ("t", "y"): BEFORE})
    assert "<b>" not in as_html(together, tmp_path).partition("<script")[0]
