"""Scores, tables and the pages they stand on, from run directories with known numbers."""

import csv
import errno
import itertools
import json
import math
import os
import re

import pytest

from rnn_research.commands.launch import main
from rnn_research.execution.trained import best_trial
from rnn_research.exhibits import Curve
from rnn_research.report.build import build
from rnn_research.report.render import latex, markdown, number
from rnn_research.report.results import PICKS, TrialResult, load, measured, skill
from rnn_research.report.table import BASELINE, make_table
from rnn_research.runs.directory import FORMAT, RunDirectory
from rnn_research.runs.files import storing, write_json
from tests.support.made_up_run import CARD, MEASURES, SCORES, TWO_TASKS, compare, decaying, level, write_run


def test_skill_is_zero_at_the_baseline_and_one_at_perfection():
    assert skill(0.2, CARD) == 0
    assert skill(0.0, CARD) == 1
    assert skill(0.3, CARD) == pytest.approx(-0.5)
    accuracy = CARD | {"metric": "accuracy", "better": "higher", "perfect": 1.0, "baseline": {"accuracy": 0.25}}
    assert skill(1.0, accuracy) == 1
    assert skill(0.25, accuracy) == 0
    assert skill(0.625, accuracy) == 0.5
    bleu = CARD | {"metric": "bleu", "better": "higher", "perfect": 100.0, "baseline": {"bleu": 20.0}}
    assert skill(60.0, bleu) == 0.5


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
    assert report.table[1].difference is not None
    assert float(rows[1]["difference_low"]) == report.table[1].difference.low
    assert "| t | b | mse ↓ | 0.0300 [" in (run.report / "table.md").read_text()
    tex = (run.report / "table.tex").read_text()
    assert tex.count(r"\\") == 4
    assert tex.count("&") % 4 == 0
    page = (run.report / "index.html").read_text()
    assert "Is a &lt; b &amp; c?" in page
    assert "supported" in page
    assert "<svg" in page
    assert not re.search("https?://", page.replace("http://www.w3.org", ""))  # the names of SVG's own elements
    for kind in ("svg", "png"):
        assert (run.report / f"learning_curves.{kind}").stat().st_size > 1000


def test_building_again_changes_no_file(tmp_path):
    run = write_run(tmp_path, SCORES, [[compare()]])
    build(run)
    before = {path.name: path.read_bytes() for path in run.report.iterdir()}
    build(run)
    assert {path.name: path.read_bytes() for path in run.report.iterdir()} == before


def test_failed_runs_are_counted_and_named(tmp_path):
    run = write_run(tmp_path, SCORES, [[compare()]], states={("t", "b", 1): "diverged"})
    report = build(run)
    row = report.table[1]
    assert row.score.n == 4
    assert row.failed == 0.2
    assert row.difference is not None
    assert row.difference.n == 4
    assert "first in the activations" in (run.report / "index.html").read_text()
    assert report.verdicts[0].evidence[0].endswith("failed: 1 of 5 b, 0 of 5 a")


def test_a_deterministic_arm_has_one_run(tmp_path):
    scores = SCORES | {("t", "a"): [0.12] * 5}
    run = write_run(tmp_path, scores, states={("t", "a", 0): "failed"}, deterministic=("a",))
    a, b, _ = build(run).table
    assert (a.score.n, a.score.mean, a.failed, a.points) == (1, 0.12, 0.0, (0.12,))
    assert b.difference is not None
    assert b.difference.n == 5 and b.difference.mean == pytest.approx(-0.09)
    assert b.difference.low < -0.09 < b.difference.high
    table = (run.report / "table.md").read_text()
    assert "| t | a | mse ↓ | 0.120 | 0.120 | – | 1, no seed | 0% |" in table
    assert "there is one run" in (run.report / "index.html").read_text()


def test_what_every_table_says_has_one_column(tmp_path):
    counted = {"name": "size", "column": "parameters", "split": "facts", "at": "last", "above": None}
    run = write_run(
        tmp_path, SCORES, measures=[counted, counted | {"name": "vocabulary", "column": "elman_parameters"}]
    )
    build(run)
    table = (run.report / "table.md").read_text()
    assert "| vocabulary |" in table and "| size |" not in table and table.count("| parameters |") == 1


def test_one_arm_has_no_difference(tmp_path):
    run = write_run(tmp_path, {("t", "b"): SCORES["t", "b"]})
    build(run)
    table = (run.report / "table.md").read_text()
    assert "difference" not in table and "| IQM | n |" in table


def test_an_empty_directory_is_refused(tmp_path):
    with pytest.raises(ValueError, match="holds no experiment"):
        build(RunDirectory(tmp_path))


def test_no_interval_of_the_metric_goes_beyond_a_perfect_answer(tmp_path):
    """At another length, or of a part of the split, where six of eight runs are right: no squared error is −0.03. Other
    measures may be."""
    names = {"far": "mse@500", "part": "mse/length_20", "other": "kept", "change": "mse@500"}
    measures = [MEASURES[0] | {"name": name, "column": column} for name, column in names.items()]
    measures[-1] |= {"at": "change"}

    def probe(cell, seed, step):
        right = 0.0 if step else 0.01
        return dict.fromkeys(names.values(), right if seed > 1 else 0.1)

    scores = {("t", cell): [0.10 + 0.01 * seed for seed in range(8)] for cell in "ab"}
    for row in make_table(load(write_run(tmp_path / "none", scores, measures=measures, probe=probe)))[:2]:
        far, part, other, change = (row.measures[name] for name in names)
        assert far.mean == part.mean == other.mean == pytest.approx(0.025)
        assert other.low < 0 == far.low == part.low
        assert far.high == part.high == other.high
        assert change.low < change.mean == pytest.approx(-0.0075)
    # Of two kinds by what is measured, whether or not the runs solved the task that they are scored on.
    run = write_run(tmp_path / "kinds", scores, measures=measures, probe=probe, card={"solved": 0.05})
    for row in make_table(load(run))[:2]:
        far, part, other, _ = (row.measures[name] for name in names)
        assert math.isnan(far.low) and math.isnan(part.high)
        assert other.low < 0


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
    page = (run.report / "index.html").read_text()
    assert "kept at end" in page and page.count("absent") == 1  # what no run has is no column
    assert "No run has absent: no column of the table." in page


def test_settings_that_pilots_chose_have_a_column_each(tmp_path):
    chosen = {"model.dropout": 0.25, "train.batch": 32}
    run = write_run(tmp_path, SCORES, tuned=chosen)
    report = build(run)
    assert report.table[0].tuned == chosen
    head, _, first, *_ = (run.report / "table.md").read_text().split("\n\n")[2].splitlines()
    assert head.endswith("| parameters | dropout | batch |")
    assert first.endswith("| 1,234 | 0.25 | 32 |")
    with open(run.report / "table.csv") as file:
        row = next(csv.DictReader(file))
    assert (row["dropout"], row["batch"]) == ("0.25", "32")


def test_paths_that_end_alike_are_told_apart(tmp_path):
    run = write_run(tmp_path, SCORES, tuned={"model.cell.scale": 0.5, "penalty.scale": 2.0})
    build(run)
    assert "| model.cell.scale | penalty.scale |" in (run.report / "table.md").read_text()
    with open(run.report / "table.csv") as file:
        row = next(csv.DictReader(file))
    assert (row["scale"], row["tuned.penalty.scale"]) == ("0.5", "2.0")


def test_nothing_tuned_is_no_column(tmp_path):
    run = write_run(tmp_path, SCORES)
    build(run)
    assert "| hidden | parameters |\n" in (run.report / "table.md").read_text()


def test_axes_keep_their_names_in_the_csv(tmp_path):
    scores = {(width, count): [0.1] * 5 for width in (4, 16) for count in (1, 2)}
    run = write_run(tmp_path, scores, columns=("hidden", "n"))
    build(run)
    with open(run.report / "table.csv") as file:
        row = next(csv.DictReader(file))
    assert (row["hidden"], row["card.hidden"]) == ("4", "8")
    assert (row["axis.n"], row["n"]) == ("1", "5")


def test_a_bar_in_a_label_stays_in_its_cell(tmp_path):
    run = write_run(tmp_path, {("t|u", cell): values for (_, cell), values in SCORES.items()})
    build(run)
    assert r"| t\|u | a |" in (run.report / "table.md").read_text()


def test_labels_of_any_kind_stay_in_latex_and_in_one_line():
    headings, rows = ["a_b", "x\\y"], [["[5] 50% & {~^}", "$1 < 2\n#3|"]]
    found = latex(headings, rows).splitlines()
    assert found[2] == r"a\_b & x\textbackslash{}y \\"
    assert found[4] == (r"{[}5] 50\% \& \{\textasciitilde{}\textasciicircum{}\} & \$1 \textless{} 2 \#3\textbar{} \\")
    assert markdown(headings, rows).splitlines()[2] == r"| [5] 50% & {~^} | $1 < 2 #3\| |"


def test_latex_has_commands_for_what_pdflatex_does_not_read():
    """Its own encoding holds the letters of Latin scripts; of what experiments call their arms and measures there are
    Greek letters, an exponent and a norm beside those."""
    text = latex(["Ω, λ"], [["aⁿbⁿ"], ["‖W‖ ≤ 1 × 2 − 3"], ["Delétang"]])
    assert r"$\Omega$, $\lambda$" in text and "a$^n$b$^n$" in text and "Delétang" in text
    assert r"$\Vert$W$\Vert$ $\leq$ 1 $\times$ 2 $-$ 3" in text
    assert {letter for letter in text if ord(letter) > 127} == {"é"}


@pytest.mark.parametrize(
    ("text", "typeset"),
    [
        ("-0.0287 [-1.93e-05, 5.35e-05]", r"$-0.0287$ [$-1.93 \times 10^{-5}$, $5.35 \times 10^{-5}$]"),
        ("1.00e+06 1,234 80. 2026-11-27", r"$1.00 \times 10^{6}$ 1,234 80. 2026-11-27"),
        ("layer-2 v1e-3 -x", "layer-2 v1e-3 -x"),
    ],
)
def test_numbers_in_latex_have_a_minus_and_powers_of_ten(text, typeset):
    assert latex(["a"], [[text]]).splitlines()[4] == rf"{typeset} \\"


def test_a_label_is_no_markup_in_markdown(tmp_path):
    scores = {("t", "<unk> *a*"): SCORES["t", "a"], ("t", "_b_ `c` [d](e) a_b"): SCORES["t", "b"]}
    build(write_run(tmp_path, scores))
    table = (tmp_path / "report" / "table.md").read_text()
    assert r"| t | \<unk> \*a\* | mse" in table and r"| t | \_b\_ \`c\` [d]\(e) a_b | mse" in table


@pytest.mark.parametrize(
    ("value", "text"), [(999.4, "999"), (999.6, "1000"), (-999.6, "-1000"), (99.96, "100"), (9.996e-4, "1.00e-03")]
)
def test_a_number_has_three_digits_however_it_rounds(value, text):
    assert number(value) == text


def test_a_directory_that_cannot_be_written_still_gives_its_table(tmp_path, monkeypatch, capsys):
    run = write_run(tmp_path, SCORES)

    def refuse(path, content):
        with storing(path):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("rnn_research.runs.parquet.write_atomic", refuse)
    report = build(run)
    assert report.table[0].score.mean == pytest.approx(0.12)
    assert report.unwritten is not None and report.unwritten.remedy == "mount it writable"
    assert main(["--report", f"--workdir={tmp_path}"]) == 1
    printed = capsys.readouterr()
    assert "0.120 [" in printed.out
    assert printed.err == f"launch.py: cannot write {run.parquet}: Read-only file system\n"


def test_a_directory_of_another_format_is_refused(tmp_path):
    run = write_run(tmp_path, SCORES)
    document = run.document()
    assert document is not None
    for found, age in ((FORMAT - 1, "an older"), (FORMAT + 1, "a newer")):
        write_json(tmp_path / "experiment.json", document | {"format": found})
        with pytest.raises(ValueError, match=f"{age} version .format {found}.; this one reads {FORMAT}"):
            build(run)


@pytest.mark.parametrize(("at", "expected"), [("least", 1.0), ("greatest", 3.0)])
def test_extremes_do_not_depend_on_where_a_nan_stands(at, expected):
    for values in itertools.permutations([1.0, 2.0, 3.0, math.nan]):
        assert PICKS[at](list(values)) == expected
    assert math.isnan(PICKS[at]([math.nan, math.nan]))


def test_published_figures_stand_beside_the_arms_that_they_belong_to(tmp_path):
    theirs = [
        {"value": 0.125, "source": "A 1999, table 2", "where": {"cell": ("a",), "task": ("t*",)}},
        {"value": 9.0, "source": "A 1999, table 2", "where": {"task": ("t",)}},  # of b: a has one of its own
        {"value": 0.0204, "source": "C", "where": {"cell": ("b",)}},
        {"value": 7.0, "source": "C", "where": {"layers": ("1",)}},  # an axis that this run does not have
    ]
    run = write_run(tmp_path, TWO_TASKS, published=theirs)
    report = build(run)
    found = {tuple(row.labels.values()): dict(row.published) for row in report.table}
    assert found == {
        ("t", "a"): {"A 1999, table 2": 0.125},
        ("t", "b"): {"A 1999, table 2": 9.0, "C": 0.0204},
        ("u", "a"): {},
        ("u", "b"): {"C": 0.0204},
        ("", BASELINE): {},  # one, as by their cards both are one task
    }
    text = (run.report / "table.md").read_text()
    assert "| test score | published: A 1999, table 2 | published: C | IQM |" in text
    assert "] | 0.125 | – | 0.120 |" in text
    assert "] | – | 0.0204 | 0.0300 |" in text
    with open(run.report / "table.csv") as file:
        written = [row["published: C"] for row in csv.DictReader(file)]
    assert written == ["", "0.0204", "", "0.0204", ""]
    page = (run.report / "index.html").read_text()
    assert ">published: C</th>" in page and ">0.0204</td>" in page


def test_a_run_of_before_there_were_published_figures_has_its_table(tmp_path):
    run = write_run(tmp_path, SCORES)
    document = run.document()
    assert document is not None
    del document["published"]
    write_json(tmp_path / "experiment.json", document)
    build(run)
    assert "published" not in (run.report / "table.md").read_text()


@pytest.mark.parametrize(("figure", "answer"), [(0.03, "supported"), (0.06, "contradicted")])
def test_how_close_to_a_published_figure_is_two_levels(tmp_path, figure, answer):
    where = {"cell": ("b",)}
    scores = {labels: [*values, 0.03, 0.02, 0.04] for labels, values in SCORES.items()}
    around = [level("score", "above", figure - 0.015, where), level("score", "below", figure + 0.015, where)]
    assert [verdict.answer for verdict in build(write_run(tmp_path, scores, [around])).verdicts] == [answer]


def test_a_spike_is_the_greatest_of_all_ratios_of_a_number_to_one_before_it():
    for values in itertools.permutations([0.5, 1.0, 2.0, 7.0]):
        pairs = itertools.combinations(values, 2)
        assert PICKS["spike"](list(values)) == max(later / earlier for earlier, later in pairs)
        assert PICKS["spike"]([math.nan, *values]) == PICKS["spike"](list(values))
        assert math.isinf(PICKS["spike"]([*values, math.nan]))  # it ends in no number
    assert math.isinf(PICKS["spike"]([1.0, math.inf]))
    assert math.isnan(PICKS["spike"]([1.0])) and math.isnan(PICKS["spike"]([1.0, 0.0]))


@pytest.mark.parametrize(("until", "expected"), [(None, 15.0), (0.5, 3.0), (0.2, 15.0), (0.9, 1.0)])
def test_until_a_quality_is_up_to_the_first_look_as_good(until, expected):
    """Seconds of 1, 2, 4, 8 a look; losses that get better and worse again. Never there: all of it."""
    rows = [{"split": "train", "step": step, "seconds": 2.0 ** (step - 1)} for step in (1, 2, 3, 4)]
    rows += [{"split": "valid", "step": step, "loss": loss} for step, loss in enumerate([0.9, 0.4, 0.6, 0.3], 1)]
    facts = {"metric": "loss", "better": "lower"}
    trial = TrialResult("a", "main", {}, 0, {}, "done", "", facts, 0.3, 0.5, rows, [])
    measure = {"split": "train", "column": "seconds", "at": "total", "until": until, "above": None}
    assert measured(trial, measure) == expected


def test_a_change_is_from_the_first_to_the_last():
    assert PICKS["change"]([0.5, 3.0, 2.0]) == 1.5 and math.isnan(PICKS["change"]([2.0]))


def test_a_measure_may_be_the_difference_of_two_metrics_of_a_row():
    rows = [
        {"split": "test", "step": step, "long": long, "short": short} for step, long, short in ((1, 2, 5), (2, 3, 9))
    ]
    rows.append({"split": "test", "step": 3, "long": 7})  # without the other
    trial = TrialResult("a", "main", {}, 0, {}, "done", "", {"metric": "loss"}, 0.3, 0.5, rows, [])
    measure = {"split": "test", "column": "short", "minus": "long", "at": "last", "above": None}
    assert measured(trial, measure) == 6 and measured(trial, measure | {"at": "first"}) == 3
    assert math.isnan(measured(trial, measure | {"minus": "none"}))


def test_all_differences_are_to_the_first_arm_and_where_it_is_lacking_there_are_none(tmp_path):
    """A column headed "difference to a" had that to b in a setting without a."""
    scores = SCORES | {("u", "b"): SCORES["t", "a"], ("u", "c"): SCORES["t", "b"]}
    run = write_run(tmp_path, scores | {("v", "c"): SCORES["t", "b"], ("v", "a"): SCORES["t", "a"]})
    rows = {tuple(row.labels.values()): row.difference for row in make_table(load(run)) if not row.is_baseline}
    assert [labels for labels, found in rows.items() if found] == [("t", "b"), ("v", "c")]
    assert rows["v", "c"].mean == pytest.approx(rows["t", "b"].mean) and rows["t", "b"].mean < 0


def test_rows_that_are_there_twice_are_refused(tmp_path):
    run = write_run(tmp_path, SCORES)
    path = run.metrics("t-a-1")
    path.write_bytes(path.read_bytes() * 2)
    with pytest.raises(ValueError, match=rf"{path} holds some rows twice: remove {path.parent}"):
        load(run)


def test_exhibits_that_are_lost_are_refused(tmp_path):
    """The test split's parts are among them: without these an undecided claim was supported."""
    shown = {"exhibits": lambda cell, seed, step: [Curve("held", "y", [1.0, 2.0])]}
    run = write_run(tmp_path, SCORES, **shown)
    status = run.trial("t-a-1") / "status.json"
    write_json(status, json.loads(status.read_text()) | {"step": 20, "exhibits": 1})
    load(run)
    path = run.exhibits_path("t-a-1")
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    with pytest.raises(ValueError, match=rf"{path} was cut, or is lost: remove {path.parent}"):
        load(run)


@pytest.mark.parametrize("left", [0, 60])
def test_metrics_that_were_cut_are_no_bad_score(tmp_path, left):
    """Of a run that is done: it was one that had failed, at the worst score, in verdicts."""
    run = write_run(tmp_path, SCORES)
    path = run.metrics("t-a-1")
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(ValueError, match=rf"{path} was cut, or is lost: remove {path.parent}, and the same command"):
        load(run)
    path.unlink()
    with pytest.raises(ValueError, match="was cut, or is lost"):
        load(run)


def test_the_best_trial_is_none_whose_metric_is_no_number(tmp_path):
    run = write_run(tmp_path, SCORES)
    for entry in (run.document() or {})["trials"]:
        status = run.trial(entry["id"]) / "status.json"
        write_json(status, json.loads(status.read_text()) | {"step": 20, "best_step": 20, "best_valid": 0.1})
    path = run.metrics("t-a-0")
    path.write_text(path.read_text().replace('"mse": 0.01', '"mse": null'))
    assert math.isnan(next(row["mse"] for row in run.rows("t-a-0") if (row["step"], row["split"]) == (20, "valid")))
    assert best_trial(run) == "t-a-1"
