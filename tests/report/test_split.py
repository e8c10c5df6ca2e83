"""The error that the test split adds: to tables and verdicts, and how often their intervals then cover."""

import math

import numpy as np
import pytest

from rnn_research.exhibits import TEST_PARTS, Curve
from rnn_research.report.results import load
from rnn_research.report.split import split_sample
from rnn_research.report.statistics import difference, weighted_means
from rnn_research.report.table import make_table
from rnn_research.report.verdicts import judge
from rnn_research.runs.files import write_json
from tests.report.test_verdicts import EIGHT
from tests.support.made_up_run import compare, level, write_run

PARTS = 40
PARTS_OF_1024 = 64


def with_parts(spread, shared=1.0):
    """Exhibits of a run whose parts lie about its score: alike in both arms, but for 1 − ``shared`` of the variance."""
    rng = np.random.default_rng(3)
    common, own = rng.normal(size=PARTS), {cell: rng.normal(size=PARTS) for cell in "ab"}

    def exhibits(cell, seed, step):
        if step != 20:
            return []
        about = spread * (math.sqrt(shared) * common + math.sqrt(1 - shared) * own[cell])
        return [Curve(TEST_PARTS, "parts", list(EIGHT["t", cell][seed] + about - about.mean()), views=())]

    return exhibits


def lengths(results):
    return [row.score.high - row.score.low for row in make_table(results) if not row.is_baseline]


def test_a_score_has_the_error_of_its_split_and_a_difference_that_of_its_parts(tmp_path):
    plain = load(write_run(tmp_path / "plain", EIGHT, [[compare()]]))
    paired = load(write_run(tmp_path / "paired", EIGHT, [[compare()]], exhibits=with_parts(0.1)))
    apart = load(write_run(tmp_path / "apart", EIGHT, [[compare()]], exhibits=with_parts(0.1, shared=0.0)))
    assert all(wide > 1.2 * narrow for wide, narrow in zip(lengths(paired), lengths(plain), strict=True))
    widths = [
        row.difference.high - row.difference.low for run in (plain, paired, apart) for row in make_table(run)[1:2]
    ]
    assert widths[1] == pytest.approx(widths[0], rel=1e-6)  # what is hard for one is as hard for the other
    assert widths[2] > 1.5 * widths[0]
    intervals = [judge(run)[0].evidence[0].split(",")[0:2] for run in (plain, paired, apart)]
    assert intervals[0] == intervals[1] != intervals[2]


def test_its_error_is_that_of_the_mean_of_the_parts(tmp_path):
    results = load(write_run(tmp_path, EIGHT, exhibits=with_parts(0.1, shared=0.0)))
    arms = [[trial for trial in results.reported if trial.labels["cell"] == cell] for cell in "ba"]
    for measure, unit in (("score", 1.0), ("skill", 0.2)):  # a skill of 1 is an error of 0.2
        ((_, sample),) = split_sample([(1.0, arms[0]), (-1.0, arms[1])], measure)
        error = np.hypot(*(np.std(with_parts(0.1, 0.0)(cell, 0, 20)[0].y, ddof=1) for cell in "ab")) / unit
        assert weighted_means([], beside=[(1.0, sample)]).error == pytest.approx(error / math.sqrt(PARTS), rel=0.25)
    assert split_sample([(1.0, arms[0])], "finished") == []


def test_what_no_seed_changes_is_judged_by_its_split_alone(tmp_path):
    """Two models that count: known exactly on this split, and not beyond it."""
    options = {"deterministic": ("a", "b"), "exhibits": with_parts(0.1, shared=0.5)}
    run = load(
        write_run(tmp_path / "split", EIGHT, [[compare(margin=0.01)], [level("score", "above", 0.5)]], **options)
    )
    supported, contradicted = judge(run)
    assert supported.answer == "supported" and "no seed changes it" in supported.evidence[0]
    assert contradicted.answer == "contradicted"
    row = make_table(run)[0]
    assert row.deterministic and row.score.low < row.score.mean < row.score.high
    without = load(write_run(tmp_path / "none", EIGHT, [[compare()]], deterministic=("a", "b")))
    assert "deterministic, so nothing to test" in judge(without)[0].evidence[0]


def test_runs_alike_are_still_a_sample_of_eight(tmp_path):
    """Where neither seeds nor parts vary, the parts are no runs: they add nothing to the evidence."""
    alike = {("t", cell): [value] * 8 for cell, value in (("a", 0.1), ("b", 0.05))}
    p = [
        weighted_means([(1.0, np.full(8, 0.1)), (-1.0, np.full(8, 0.05))], beside=beside).p(0)
        for beside in ([], [(1.0, np.zeros(PARTS))])
    ]
    assert p[0] == p[1] == 2.0**-15
    assert judge(load(write_run(tmp_path, alike, [[compare()]])))[0].answer == "supported"


def test_seeds_cannot_take_the_error_of_the_split_away(tmp_path):
    claims = [[compare(margin=0.3, measure="skill")]]
    (verdict,) = judge(load(write_run(tmp_path, EIGHT, claims, exhibits=with_parts(1.0, shared=0.0))))
    assert verdict.answer == "undecided"
    assert "would take a larger test split, if all is as measured" in verdict.evidence[0]
    assert not verdict.open  # so no seeds are added for it
    (without,) = judge(load(write_run(tmp_path / "without", EIGHT, [[compare(margin=0.45)]])))
    assert without.answer == "undecided" and without.open


def test_more_seeds_may_still_tell_at_a_look_with_more_error_to_spend(tmp_path):
    """A gap that the split alone does not reach at the last look's level, though it would with power to spare."""
    scores = {("t", "a"): [0.100] * 8, ("t", "b"): [0.092 + 0.004 * (seed % 2) for seed in range(8)]}
    about = np.random.default_rng(5).normal(size=PARTS)
    about = 0.0133 * (about - about.mean()) / about.std(ddof=1)  # of skill 0.0105 a standard error

    def exhibits(cell, seed, step):
        parts = scores["t", cell][seed] + about * (cell == "b")
        return [Curve(TEST_PARTS, "", list(parts), views=())] if step == 20 else []

    run = write_run(tmp_path, scores, [[compare()]], exhibits=exhibits)
    write_json(tmp_path / "experiment.json", run.document() | {"looks": [{"seeds": 8, "error": 0.005}]})
    (verdict,) = judge(load(run))
    assert verdict.answer == "undecided" and verdict.open


def test_an_estimate_that_is_near_the_limit_by_chance_ends_no_looks(tmp_path):
    """Eight runs put the difference within what the split leaves open, and it may well be five times that."""
    scores = {("t", cell): [0.1 + 0.004 * (-1) ** seed for seed in range(8)] for cell in "ab"}
    about = np.random.default_rng(5).normal(size=PARTS)
    about = 0.003 * (about - about.mean()) / about.std(ddof=1)

    def exhibits(cell, seed, step):
        parts = scores["t", cell][seed] + about * (cell == "b")
        return [Curve(TEST_PARTS, "", list(parts), views=())] if step == 20 else []

    (verdict,) = judge(load(write_run(tmp_path, scores, [[compare()]], exhibits=exhibits)))
    assert verdict.answer == "undecided" and "would take a larger test split" in verdict.evidence[0]
    assert verdict.open


def test_what_is_hard_for_one_run_alone_counts_once(tmp_path):
    """Errors that have nothing to do with each other from run to run: the spread of the runs has them all."""
    rng = np.random.default_rng(7)
    wrong = rng.random((2, 8, 1024)) < 0.2
    parts = wrong.reshape(2, 8, PARTS_OF_1024, -1).mean(axis=3)
    scores = {("t", cell): parts[index].mean(axis=1).tolist() for index, cell in enumerate("ab")}

    def exhibits(cell, seed, step):
        return [Curve(TEST_PARTS, "", parts["ab".index(cell), seed].tolist(), views=())] if step == 20 else []

    results = load(write_run(tmp_path, scores, exhibits=exhibits))
    arms = [[trial for trial in results.reported if trial.labels["cell"] == cell] for cell in "ab"]
    ((_, sample),) = split_sample([(1.0, arms[0]), (-1.0, arms[1])], "score")
    assert weighted_means([], beside=[(1.0, sample)]).error < 0.003  # of 0.0063, which the runs have


def test_runs_all_alike_are_no_better_evidence_for_a_noisy_split(tmp_path):
    """Eight runs at 0.1 may hide unlike ones, whatever the parts say."""
    parts = (np.arange(PARTS) - (PARTS - 1) / 2) * 1e-4
    found = weighted_means([(1.0, np.full(8, 0.1))], beside=[(1.0, parts)])
    assert found.p(0.09) == 2.0**-7
    assert weighted_means([], 0.1, beside=[(1.0, parts)]).p(0.09) < 1e-6  # known but for the split


def test_a_split_that_nobody_kept_parts_of_is_said(tmp_path):
    (verdict,) = judge(load(write_run(tmp_path, EIGHT, [[compare()]])))
    assert "as if the test split were all there is" in verdict.evidence[0]


def test_seeds_do_not_help_what_no_seed_changes(tmp_path):
    options = {"deterministic": ("a", "b"), "exhibits": with_parts(3.0, shared=0.0)}
    (verdict,) = judge(load(write_run(tmp_path, EIGHT, [[compare()]], **options)))
    assert verdict.answer == "undecided" and not verdict.open


def test_intervals_cover_scores_on_all_examples_there_are():
    """Seeds and parts drawn anew each time: 95% intervals that know of both cover in 93% or more, those of seeds alone
    in far fewer."""
    rng, covered = np.random.default_rng(0), np.zeros((2, 2))
    draws, runs = 400, 8
    for _ in range(draws):
        parts = rng.normal(size=PARTS), rng.normal(size=PARTS)  # what both share, and how they differ
        means = [0.5 + part.mean() * scale for part, scale in zip(parts, (1.0, 0.3), strict=True)]
        first = means[0] + means[1] + 0.05 * rng.normal(size=runs)
        second = means[0] + 0.05 * rng.normal(size=runs)
        gap = 0.3 * parts[1]
        for index, beside in enumerate(([], [(1.0, gap - gap.mean())])):
            found = difference(list(first), list(second), beside=beside)
            covered[index, 0] += found.low <= 0.5 <= found.high
            alone = weighted_means([(1.0, second)], beside=[(1.0, parts[0] - parts[0].mean())] if beside else [])
            low, high = alone.interval()
            covered[index, 1] += low <= 0.5 <= high
    assert (covered[1] / draws > 0.93).all()
    assert (covered[0] / draws < 0.8).all()
