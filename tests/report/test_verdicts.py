"""Answers to claims about runs with known numbers."""

import pytest

from rnn_research.report.build import build
from rnn_research.report.results import load
from rnn_research.report.verdicts import judge
from tests.support.made_up_run import MEASURES, SCORES, TWO_TASKS, compare, decaying, level, write_run


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
    (verdict,) = judge(load(write_run(tmp_path, TWO_TASKS, [tests])))
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
    run = write_run(tmp_path, TWO_TASKS, [tests], measures=MEASURES, probe=decaying)
    (verdict,) = judge(load(run))
    assert verdict.answer == answer


def test_a_run_that_diverged_has_not_finished(tmp_path):
    states = {(task, "b", seed): "diverged" for task in "tu" for seed in range(5)}
    run = write_run(tmp_path, TWO_TASKS, [[compare("a", "b", margin=0.5, measure="finished")]], states=states)
    (verdict,) = judge(load(run))
    assert verdict.answer == "supported"
    assert "+1.00 [+1.00, +1.00]" in verdict.evidence[0]
