"""Answers to claims about runs with known numbers."""

import pytest

from rnn_research.report.build import build
from rnn_research.report.results import load
from rnn_research.report.verdicts import judge
from rnn_research.runs.files import write_json
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


def test_copies_of_a_deterministic_run_are_no_pairs(tmp_path):
    """One score against five runs gives five pairs, and one of each of two that are deterministic nothing to test."""
    copies = {("t", "a"): [0.1] * 5, ("t", "b"): SCORES["t", "b"], ("t", "c"): [0.15] * 5}
    claims = [[compare("b", "a")], [compare("a", "b")], [compare("a", "c")]]
    run = write_run(tmp_path, copies, claims, deterministic=("a", "c"))
    verdicts = judge(load(run))
    # Skill is 1 − 5 times the score: 0.85 on average against 0.5, with the spread of b's runs.
    assert verdicts[0].evidence[0].startswith("skill of b − a: +0.350 [+0.")
    assert "n = 5 pairs, a deterministic, p = " in verdicts[0].evidence[0]
    assert "n = 5 pairs, a deterministic, p = " in verdicts[1].evidence[0]
    assert verdicts[2].answer == "undecided"
    assert verdicts[2].evidence == ["skill of a − c: +0.250, deterministic: nothing to test"]


def test_a_level_of_a_deterministic_run_counts_once(tmp_path):
    """Copies must not turn 6 runs into 18: the mean over the arms is tested with the spread of those that have one."""
    scores = {("t", "a"): [0.1] * 6, ("t", "c"): [0.12] * 6, ("t", "b"): [0.10, 0.09, 0.08, 0.10, 0.09, 0.08]}
    claims = [[level("score", "above", 0.1)], [level("score", "above", 0.1, {"cell": ["a", "c"]})]]
    mixed, fixed = judge(load(write_run(tmp_path / "x", scores, claims, deterministic=("a", "c"))))
    assert mixed.evidence[0].startswith("score: 0.103 [")
    # The mean of the three is 0.1 where b's is 0.08: four of its runs are above that, two on it, so p = 2 / 2^4.
    assert "n = 6 and 2 deterministic, p = 0.12" in mixed.evidence[0]
    assert fixed.evidence == ["score of a/c: 0.110, deterministic: nothing to test"]


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


ALIKE = {
    (task, cell): [0.10 + 0.01 * seed - (0.05 if cell == "b" else 0) for seed in range(8)]
    for task in "tu"
    for cell in "ab"
}


def half_of(cell):
    return {(task, cell, seed): "diverged" for task in "tu" for seed in (0, 1, 2)}


@pytest.mark.parametrize(
    ("tests", "failing", "answer"),
    [
        ([compare("a", "b", margin=0.02, measure="score")], None, "supported"),  # the error of a is 0.05 more
        ([compare("a", "b", margin=0.02, measure="score")], "b", "undecided"),  # 6 of 16 b have no error at all
        ([compare("a", "b", margin=0.02, measure="score")], "a", "supported"),  # which speaks for the claim
        ([compare("a", "b", margin=0.06, measure="score")], "a", "undecided"),
        ([compare("a", "b", margin=0.06, measure="score")], "b", "contradicted"),
        ([level("score", "below", 0.15, where={"cell": ["b"]})], None, "supported"),
        ([level("score", "below", 0.15, where={"cell": ["b"]})], "b", "undecided"),  # 6 are as bad as the baseline, 0.2
    ],
)
def test_runs_that_diverged_count_in_claims_on_the_score(tmp_path, tests, failing, answer):
    states = half_of(failing) if failing else {}
    (verdict,) = judge(load(write_run(tmp_path, ALIKE, [tests], states=states)))
    assert verdict.answer == answer
    assert ("failed: " in verdict.evidence[0]) == bool(failing)
    if failing and tests[0]["kind"] == "Compare":
        assert verdict.evidence[0].endswith(
            "failed: 6 of 16 a, 0 of 16 b" if failing == "a" else "0 of 16 a, 6 of 16 b"
        )


def test_a_measure_that_failed_runs_lack_counts_against_what_was_found(tmp_path):
    """Nobody says which way it is worse: either answer must hold with the least favourable values seen."""
    wide = {key: [0.1 * seed for seed in range(8)] for key in ALIKE}
    ends = [{"name": "end", "column": "mse", "split": "test", "at": "last", "above": None}]
    for count, answer in ((0, "supported"), (1, "supported"), (3, "undecided")):
        states = {(task, "a", 7 - n): "diverged" for task in "tu" for n in range(count)}
        claim = [level("end", "above", 0.05, where={"cell": ["a"]})]
        run = write_run(tmp_path / f"{count}", wide, [claim], states=states, measures=ends)
        assert judge(load(run))[0].answer == answer


def test_an_arm_gains_nothing_by_failing_where_all_are_worse_than_the_baseline(tmp_path):
    """Errors of 0.5 and more, of a baseline of 0.2: the skill of b is higher by 0.05 where it finishes."""
    worse = {
        ("t", "a"): [0.5 + 0.01 * seed for seed in range(8)],
        ("t", "b"): [0.49 + 0.01 * seed for seed in range(8)],
    }
    claims = [[compare(margin=0.3)]]
    for name, states in (("none", {}), ("four", {("t", "b", seed): "diverged" for seed in range(4)})):
        (verdict,) = judge(load(write_run(tmp_path / name, worse, claims, states=states)))
        assert verdict.answer == "contradicted"
    # b: −1.85 for those that failed, as the worst of all, and −1.65, −1.7, −1.75, −1.8; a: −1.5 to −1.85.
    assert verdict.evidence[0].startswith("skill of b − a: -0.113 [")
    assert verdict.evidence[0].endswith("failed: 4 of 8 b, 0 of 8 a")


def test_a_skill_that_is_not_finite_is_that_of_a_run_that_failed(tmp_path):
    scores = SCORES | {("t", "a"): [0.1] * 8, ("t", "b"): [0.02] * 5 + [float("inf")] * 3}
    (verdict,) = judge(load(write_run(tmp_path, scores, [[compare()]])))
    assert verdict.answer == "undecided"
    # 0.4 five times, −0.5 three times
    assert verdict.evidence[0].startswith("skill of b − a: +0.0625 [")
    assert "n = 8 pairs" in verdict.evidence[0] and verdict.evidence[0].endswith("failed: 3 of 8 b, 0 of 8 a")


def test_too_few_pairs_say_how_many_failed(tmp_path):
    states = {("t", "b", seed): "diverged" for seed in range(5)}
    (verdict,) = judge(load(write_run(tmp_path, SCORES, [[compare(measure="score")]], states=states)))
    assert verdict.evidence == ["0 pairs of b and a; a verdict takes 5 seeds; failed: 5 of 5 b, 0 of 5 a"]


def test_an_arm_whose_pilots_all_diverged_is_named(tmp_path):
    run = write_run(tmp_path, SCORES)
    document = run.document()
    pilots = []
    for cell, state in (("a", "done"), ("b", "diverged")):
        for seed, of in ((0, "diverged"), (1, state)):
            entry = {"id": f"{cell}{seed}", "stage": "pilot", "arm": 0, "seed": seed, "tuned": {"r": 1}}
            pilots.append(entry | {"labels": {"task": "t", "cell": cell}})
            (run.path / "trials" / entry["id"]).mkdir()
            write_json(run.path / "trials" / entry["id"] / "status.json", {"state": of, "reason": ""})
    tune = {"path": "optimizer.learning_rate", "values": [0.1, 1], "seeds": 1, "steps": 9}
    write_json(
        run.path / "experiment.json", document | {"identity": {"tune": tune}, "trials": pilots + document["trials"]}
    )
    assert build(run).remarks == [
        "t, b: all 2 pilots failed; the optimizer.learning_rate of those that got furthest was taken"
    ]
    for name in ("table.md", "index.html"):
        assert "t, b: all 2 pilots failed" in (run.report / name).read_text()
