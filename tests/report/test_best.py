"""Which arms are marked as the best, and how far intervals go."""

import math

import numpy as np
import pytest
from scipy import stats

from rnn_research.report.best import marked
from rnn_research.report.build import files, read
from rnn_research.report.results import by_labels, load, possible
from rnn_research.report.statistics import difference, summarise
from rnn_research.report.table import make_table, told_by_shares
from tests.support.made_up_run import KEPT, compare, level, write_run

NOISE = [-0.012, -0.008, -0.004, -0.001, 0.001, 0.004, 0.008, 0.012]
SOLVED = {"solved": 0.1}
ACCURACY = {"better": "higher", "perfect": 1.0, "baseline": {"mse": 0.25, "loss": 1.0}}


def around(mean, count=8):
    return [mean + away for away in NOISE[:count]]


def best_of(folder, scores, **more):
    results = load(write_run(folder, {("t", name): values for name, values in scores.items()}, **more))
    table = make_table(results)
    return {row.labels["cell"] for row, best in zip(table, marked(results, table), strict=True) if best}


def test_the_best_are_those_that_no_test_tells_from_the_best_mean(tmp_path):
    scores = {"worse": around(0.1), "best": around(0.05), "as good": around(0.053)}
    near, far = (stats.ttest_ind(scores[name], scores["best"], equal_var=False)[1] for name in ("as good", "worse"))
    assert near > 0.1 and far < 1e-4
    assert best_of(tmp_path / "a", scores) == {"best", "as good"}
    assert best_of(tmp_path / "b", scores, card={"better": "higher", "perfect": 1.0}) == {"worse"}


@pytest.mark.parametrize(
    ("scores", "more"),
    [
        ({"a": around(0.1), "b": around(0.101)}, {}),  # all alike
        ({"a": around(0.1), "b": around(0.05, 7)}, {}),  # too few to tell
        ({"a": around(0.1)}, {}),
        # Without the runs that failed b would be better; with them nobody can say.
        ({"a": around(0.1), "b": around(0.08)}, {"states": {("t", "b", 0): "diverged", ("t", "b", 1): "diverged"}}),
    ],
)
def test_where_nothing_is_told_none_is_marked(tmp_path, scores, more):
    assert best_of(tmp_path, scores, **more) == set()


def test_an_arm_of_which_most_runs_failed_is_not_marked(tmp_path):
    """Its one good run leaves nothing to be told, but nobody would call it the best."""
    scores = {"good": around(0.1), "worse": around(0.18), "broken": [0.01] * 8}
    states = {("t", "broken", seed): "diverged" for seed in range(1, 8)}
    assert best_of(tmp_path, scores, states=states) == {"good"}


def test_of_two_kinds_of_runs_the_shares_that_solve_it_are_told(tmp_path):
    scores = {"all": [0.001] * 8, "none": [0.2] * 8, "one": [0.001] + [0.2] * 7, "most": [0.001] * 6 + [0.2] * 2}
    assert best_of(tmp_path, scores, card={"solved": 0.01}) == {"all", "most"}


def test_an_arm_none_of_whose_runs_solves_it_is_not_as_good_as_one_all_of_whose_do(tmp_path):
    """However far apart its scores are: of a wide interval of means nothing follows where the shares are 0 and 1."""
    wide = [0.05, 0.9, 0.06, 0.05, 0.05, 0.06, 0.05, 0.06]
    card = {"solved": 0.95, **ACCURACY}
    scores = {"all": around(0.99), "none": wide}
    assert summarise(wide).high > 0.9
    assert best_of(tmp_path, scores, card=card) == {"all"}


@pytest.mark.parametrize(("rule", "nets", "best"), [(0.01, 0.5, {"rule"}), (0.5, 0.01, {"nets"})])
def test_of_an_arm_that_no_seed_changes_the_share_is_known(tmp_path, rule, nets, best):
    """One run of it is no sample of one: beside eight that do otherwise it is told from them."""
    scores = {"nets": around(nets), "rule": [rule] * 8}
    assert best_of(tmp_path, scores, card={"solved": 0.1}, deterministic=("rule",)) == best


def test_two_arms_that_no_seed_changes_have_no_shares(tmp_path):
    run = write_run(tmp_path, {("t", "a"): [0.01] * 8, ("t", "b"): [0.5] * 8}, card=SOLVED, deterministic=("a", "b"))
    by_arm = by_labels(load(run).reported, ["cell"])
    a, b = (by_arm[name,] for name in "ab")
    assert told_by_shares(a, b) is None
    mixed = write_run(tmp_path / "c", {("t", "a"): [0.01] * 6 + [0.5] * 2, ("t", "b"): [0.5] * 8}, card=SOLVED)
    by_arm = by_labels(load(mixed).reported, ["cell"])
    found = told_by_shares(by_arm["a",], by_arm["b",])
    assert found is not None and found.effect == 0.75 and found.counts == ((1.0, 6, 8), (-1.0, 0, 8))
    assert told_by_shares(by_arm["b",], by_arm["b",]) is None


def test_no_difference_of_scores_goes_beyond_what_two_can_have(tmp_path):
    scores = {("t", "a"): around(0.02), ("t", "b"): [0.05, 0.99, 0.06, 0.99, 0.99, 0.99, 0.99, 0.99]}
    beyond = difference(scores["t", "b"], scores["t", "a"])
    card = {**ACCURACY, "metric": "accuracy", "baseline": {"accuracy": 0.25}}
    run = write_run(tmp_path, scores, [[compare(measure="score")]], card=card)
    for rows in run.path.glob("trials/*/metrics.jsonl"):
        rows.write_text(rows.read_text().replace('"mse"', '"accuracy"'))
    report = read(run)
    found = report.table[1].difference
    assert beyond.high > 1 and found and (found.mean, found.low, found.high) == (beyond.mean, beyond.low, 1.0)
    (measured,) = report.verdicts[0].measured
    assert measured and measured.low == pytest.approx(beyond.low) and measured.high == 1.0


def test_a_setting_has_its_own_best_and_files_say_what_bold_is(tmp_path):
    scores = {("t", "a"): around(0.1), ("t", "b"): around(0.05), ("u", "a"): around(0.05), ("u", "b"): around(0.1)}
    run = write_run(tmp_path, scores)
    made = files(run, read(run))
    text, tex = str(made["table.md"]), str(made["table.tex"])
    assert [line.split("|")[1:3] for line in text.splitlines() if "**" in line] == [[" t ", " b "], [" u ", " a "]]
    assert "Bold: the best of its setting" in text
    assert tex.startswith("% Bold: ") and tex.count(r"\textbf{0.0500 [") == 2


def test_no_interval_of_a_score_goes_beyond_a_perfect_answer(tmp_path):
    values = [0.92, 1.0, 1.0, 0.98, 0.99, 1.0, 0.97, 1.0]
    alone = summarise(values)
    assert alone.high > 1
    claims = [[level("score", "above", 0.5)], [level("skill", "above", 0.5)]]
    report = read(write_run(tmp_path / "a", {("t", "a"): values}, claims, card=ACCURACY))
    score = report.table[0].score
    assert (score.low, score.high) == (alone.low, 1.0)
    assert [one.high for verdict in report.verdicts for one in verdict.measured if one] == [1.0, 1.0]
    errors = [0.0, 0.0, 0.001, 0.0, 0.01, 0.0, 0.0, 0.002]
    assert summarise(errors).low < 0
    assert read(write_run(tmp_path / "b", {("t", "a"): errors})).table[0].score.low == 0


def test_what_may_be_beyond_its_reference_is_not_cut():
    """The likelihood of strokes under the densities that are called perfect is no bound."""
    assert possible({"better": "lower", "perfect": -2.5}) == (-math.inf, math.inf)
    assert possible({}) == (-math.inf, math.inf)
    assert possible({"better": "higher", "perfect": 100.0}) == (-math.inf, 100.0)
    assert possible({"better": "higher", "perfect": 1.0, "metric": "r2"}) == (-math.inf, 1.0)
    for metric in ("accuracy", "exact_match", "span_f1"):
        assert possible({"better": "higher", "perfect": 1.0, "metric": metric}) == (0.0, 1.0)
    assert possible({"better": "higher", "perfect": 100.0}, "skill") == (-math.inf, 1.0)


@pytest.mark.parametrize(
    ("quantity", "values", "low", "high"),
    [
        ("amount", [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0], 0.0, None),
        ("share", [0.0, 0.0, 0.02, 0.0, 0.0, 0.0, 0.0, 0.0], 0.0, None),
        ("share", [1.0, 1.0, 0.98, 1.0, 1.0, 1.0, 1.0, 1.0], None, 1.0),
        ("", [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0], None, None),
    ],
)
def test_an_interval_of_a_measure_holds_what_its_quantity_can_be(tmp_path, quantity, values, low, high):
    """Of a count or a share the table shows nothing below 0, of a share nothing above 1; of the rest all there is."""
    claims, measures = [[level("kept at end", "above", 0.5)]], [KEPT | {"quantity": quantity}]
    made = {"measures": measures, "probe": lambda cell, seed, step: {"kept": values[seed]}}
    report = read(write_run(tmp_path, {("t", "a"): around(0.1)}, claims, **made))
    alone, found = summarise(values), report.table[0].measures["kept at end"]
    assert found.low == (alone.low if low is None else low)
    assert found.high == (alone.high if high is None else high)
    assert quantity or alone.low < 0
    (measured,) = report.verdicts[0].measured
    assert measured and (low is None or measured.low == low) and (high is None or measured.high == high)


def test_an_interval_that_ends_at_a_perfect_answer_covers_as_often():
    """Shares of 20 right of a probability of 0.98, whose mean of eight lies near 1."""
    rng, cut = np.random.default_rng(0), 0
    for values in rng.binomial(20, 0.98, (200, 8)) / 20:
        found = summarise(values.tolist())
        least, most = possible(ACCURACY)
        low, high = max(found.low, least), min(found.high, most)
        assert high <= 1 and (found.low <= 0.98 <= found.high) == (low <= 0.98 <= high)
        cut += high < found.high
    assert cut > 100  # it is the usual case there
