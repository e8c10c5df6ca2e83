"""Answers to claims about runs with known numbers."""

import math
import re
import shutil

import numpy as np
import pytest
from scipy import stats

from rnn_research.experiment.looks import PLANNED
from rnn_research.report.budget import minutes as budget_minutes
from rnn_research.report.build import build
from rnn_research.report.comparison import digits_beside
from rnn_research.report.remarks import remarks
from rnn_research.report.results import load
from rnn_research.report.statistics import holm_levels
from rnn_research.report.table import make_table
from rnn_research.report.verdicts import judge, parted
from rnn_research.runs.files import write_json
from tests.support.made_up_run import MEASURES, SCORES, compare, decaying, level, write_run

# Errors whose skill, of a baseline of 0.2, is 0.375 on average for a and 0.825 for b.
EIGHT = {
    ("t", "a"): [0.10, 0.12, 0.14, 0.11, 0.13, 0.12, 0.13, 0.15],
    ("t", "b"): [0.02, 0.03, 0.05, 0.01, 0.04, 0.03, 0.04, 0.06],
}
EIGHT_TWICE = EIGHT | {("u", cell): values for (_, cell), values in EIGHT.items()}


@pytest.mark.parametrize(
    ("tests", "answer"),
    [
        ([compare()], "supported"),  # skill of b is 0.45 higher
        ([compare(margin=0.3)], "supported"),
        ([compare(margin=0.45)], "undecided"),
        ([compare(margin=0.55)], "equivalent"),  # by no more than 0.55, either way
        ([compare("a", "b")], "contradicted"),
        ([compare("a", "b", margin=0.1)], "contradicted"),
        ([compare("a", "b", margin=-0.8)], "supported"),
        ([compare(), compare("a", "b")], "contradicted"),
        ([compare(), compare(margin=0.45)], "undecided"),
        ([compare(arm="c")], "not answered"),
        ([{"kind": "ParameterRatio", "column": "cell", "arm": "a", "value": 4.0}], "supported"),
        ([{"kind": "ParameterRatio", "column": "cell", "arm": "a", "value": 3.0}], "contradicted"),
        ([{"kind": "ParameterRatio", "column": "cell", "arm": "c", "value": 3.0}], "not answered"),
    ],
)
def test_verdicts(tmp_path, tests, answer):
    (verdict,) = judge(load(write_run(tmp_path, EIGHT_TWICE, [tests])))
    assert verdict.answer == answer
    assert verdict.evidence


def test_the_interval_of_a_claim_is_welchs_where_scores_are_symmetric(tmp_path):
    """Of one setting, against scipy; b's and a's scores are a mirror image of themselves, so nothing is skewed."""
    even = {("t", "a"): [0.10, 0.11, 0.12, 0.13] * 2, ("t", "b"): [0.02, 0.03, 0.04, 0.05] * 2}
    (verdict,) = judge(load(write_run(tmp_path, even, [[compare()]])))
    skills = [1 - np.array(even["t", cell]) / 0.2 for cell in "ba"]
    low, high = stats.ttest_ind(*skills, equal_var=False).confidence_interval(0.95)
    assert verdict.evidence[0].startswith(f"skill of b − a: +0.400 [{low:+#.3g}, {high:+#.3g}], claimed more than +0")
    assert "n = 8; P(b > a) = 1.00" in verdict.evidence[0]


def test_a_name_with_a_semicolon_stays_in_what_was_measured(tmp_path):
    eight = {name: [*values, *values[:3]] for name, values in (("a; b", SCORES["t", "a"]), ("c", SCORES["t", "b"]))}
    run = write_run(tmp_path, {("t", name): values for name, values in eight.items()}, [[compare("c", "a; b")]])
    (verdict,) = judge(load(run))
    first, others = parted(verdict.evidence[0], verdict.measured[0])
    assert first.startswith("skill of c − a; b: +0.") and others[0] == "n = 8"
    assert parted("no runs of c", None) == ("no runs of c", [])


def test_a_slope_is_that_of_a_line_through_the_differences(tmp_path):
    """Against NumPy's fit to the means and Welch's interval of so weighted a sum."""
    rng, sizes = np.random.default_rng(3), (20, 80, 640)
    scores = {(str(size), cell): rng.normal(0.1, 0.01, 10).tolist() for size in sizes for cell in "ab"}
    for step, size in enumerate(sizes):
        scores[str(size), "b"] = [value - 0.02 * step for value in scores[str(size), "b"]]
    test = compare() | {"along": "task"}
    (verdict,) = judge(load(write_run(tmp_path, scores, [[test]])))
    skills = {key: 1 - np.array(values) / 0.2 for key, values in scores.items()}
    gaps = [skills[str(size), "b"].mean() - skills[str(size), "a"].mean() for size in sizes]
    slope = np.polyfit(np.log2(sizes), gaps, 1)[0]
    (found,) = verdict.measured
    assert found is not None and verdict.answer == "supported" and found.effect == pytest.approx(slope)
    assert verdict.evidence[0].startswith("skill of b − a with each doubling of task: +0.0")
    x = np.log2(sizes) - np.log2(sizes).mean()
    variances = [sum(skills[str(size), cell].var(ddof=1) / 10 for cell in "ab") for size in sizes]
    error = math.sqrt(((x / (x @ x)) ** 2) @ variances)
    assert (found.high - found.low) / 2 == pytest.approx(2.02 * error, rel=0.08)  # t of some 40 degrees, and skewness
    flat = {(size, cell): scores["20", cell] for size, cell in scores}
    (verdict,) = judge(load(write_run(tmp_path / "flat", flat, [[test]])))
    assert verdict.answer == "undecided" and "with each doubling of task: " in verdict.evidence[0]
    (verdict,) = judge(load(write_run(tmp_path / "one", {k: v for k, v in scores.items() if k[0] == "20"}, [[test]])))
    assert verdict.evidence == ["skill of b − a with each doubling of task: one value of task; a slope takes two"]


def test_seven_seeds_give_a_table_and_no_verdict(tmp_path):
    run = write_run(tmp_path, {key: values[:7] for key, values in EIGHT.items()}, [[compare()]])
    report = build(run)
    assert report.verdicts[0].answer == "undecided"
    assert report.verdicts[0].evidence == ["skill of b − a: n = 7; a verdict takes 8 seeds"]
    assert "| t | b | mse ↓ | 0.0314 [" in (run.report / "table.md").read_text()


def test_four_seeds_give_points(tmp_path):
    run = write_run(tmp_path, {key: values[:4] for key, values in SCORES.items()}, [[compare()]])
    build(run)
    assert "points 0.100, 0.120" in (run.report / "table.md").read_text()


def test_many_primary_claims_are_corrected_together(tmp_path):
    """One with p of about 0.02 holds by itself, not as one of ten; one that is not primary is by itself."""
    scores = {("t", "a"): [0.10, 0.12, 0.14, 0.11, 0.13, 0.12, 0.13, 0.15]}
    scores["t", "b"] = [value - 0.02 for value in scores["t", "a"]]
    one = judge(load(write_run(tmp_path / "one", scores, [[compare()]])))
    ten = judge(load(write_run(tmp_path / "ten", scores, [[compare()]] * 10)))
    other = judge(load(write_run(tmp_path / "other", scores, [[compare()]] * 10, primary=[True] * 9 + [False])))
    assert one[0].answer == "supported"
    assert {verdict.answer for verdict in ten} == {"undecided"}
    assert " at 99.5%, claimed" in ten[0].evidence[0]
    assert [verdict.answer for verdict in other] == ["undecided"] * 9 + ["supported"]


def test_a_verdict_at_an_early_look_takes_more(tmp_path):
    scores = {("t", "a"): [0.10, 0.12, 0.14, 0.11, 0.13, 0.12, 0.13, 0.15]}
    scores["t", "b"] = [value - 0.02 for value in scores["t", "a"]]
    run = write_run(tmp_path, scores, [[compare()]])
    assert judge(load(run))[0].answer == "supported"
    write_json(run.path / "experiment.json", (run.document() or {}) | {"looks": [{"seeds": 8, "error": 0.005}]})
    (verdict,) = judge(load(run))
    assert verdict.answer == "undecided"
    assert " at 99.5%, claimed" in verdict.evidence[0]


def test_each_number_of_seeds_has_what_its_own_look_may_spend(tmp_path):
    """After looks at 8, 16 and 32 seeds, 8 of them are judged as they were; a number between is no look of the plan."""

    def judged(seeds):
        scores = {key: (values * 4)[:seeds] for key, values in EIGHT.items()}
        counted = [{"kind": "ParameterRatio", "column": "cell", "arm": "a", "value": 4.0}]
        where = tmp_path / str(len(list(tmp_path.iterdir())))
        run = write_run(where, scores, [[compare()], counted])
        looks = [look._asdict() for look in PLANNED]
        write_json(run.path / "experiment.json", (run.document() or {}) | {"looks": looks, "seeds": seeds})
        return load(run)

    for seeds, at in ((8, " at 99.5%, "), (16, " at 98.5%, "), (32, " at 97%, ")):
        verdict, counted = judge(judged(seeds))
        assert verdict.answer == counted.answer == "supported" and at in verdict.evidence[0]
    deterministic = judged(20)
    fixed = [trial._replace(seed=None) for trial in deterministic.trials if trial.seed == 0]
    assert "deterministic, so nothing to test" in judge(deterministic._replace(trials=fixed))[0].evidence[0]
    verdict, counted = judge(judged(20))
    assert verdict.answer == "undecided" and verdict.open and counted.answer == "supported"
    assert verdict.evidence == [
        "20 seeds are none of its looks, which were at 8, 16, 32: a verdict would be one look more"
    ]
    fewer = "These are {} seeds of the 32 that were looked at: --seeds=32 shows all of them"
    assert fewer.format(8) in remarks(judged(8)) and fewer.format(20) in remarks(judged(20))
    assert not any("These are" in said for said in remarks(judged(32)))


def test_an_undecided_claim_says_how_many_seeds_and_minutes_it_would_take(tmp_path):
    """Each run makes 20 updates at 1 a second, on one device: 16 of them take 5 1/3 minutes."""
    scores = {("t", "a"): [0.10, 0.12, 0.14, 0.11, 0.13, 0.12, 0.13, 0.15]}
    scores["t", "b"] = [value - 0.01 for value in scores["t", "a"]]
    (verdict,) = judge(load(write_run(tmp_path, scores, [[compare()]], more={"steps_per_s": 1.0})))
    assert verdict.answer == "undecided"
    said = re.search(r"would take about (\d+) seeds, (\d+) min more", verdict.evidence[0])
    assert said
    seeds, minutes = map(int, said.groups())
    assert minutes == round(16 / 3 * (seeds / 8 - 1))
    many = {key: values * (seeds // 8) for key, values in scores.items()}
    assert judge(load(write_run(tmp_path / "many", many, [[compare()]])))[0].answer == "supported"


def test_copies_of_a_deterministic_run_are_no_runs(tmp_path):
    """One score is known exactly beside the runs of another arm; of two that are deterministic nothing is tested."""
    copies = {("t", "a"): [0.1] * 8, ("t", "b"): EIGHT["t", "b"], ("t", "c"): [0.15] * 8}
    claims = [[compare("b", "a")], [compare("a", "b")], [compare("a", "c")]]
    verdicts = judge(load(write_run(tmp_path, copies, claims, deterministic=("a", "c"))))
    assert verdicts[0].evidence[0].startswith("skill of b − a: +0.325 [+0.")
    assert "n = 8; a deterministic; P(b > a) = 1.00" in verdicts[0].evidence[0]
    assert "n = 8; a deterministic" in verdicts[1].evidence[0]
    assert (verdicts[0].answer, verdicts[1].answer) == ("supported", "contradicted")
    assert verdicts[2].answer == "not answered"
    assert verdicts[2].evidence == ["skill of a − c: +0.250, deterministic, so nothing to test"]


def test_a_level_of_a_deterministic_run_counts_once(tmp_path):
    """Its score is known: the mean over the arms is tested with the spread of those that have one."""
    scores = {
        ("t", "a"): [0.1] * 8,
        ("t", "c"): [0.12] * 8,
        ("t", "b"): [0.10, 0.09, 0.08, 0.10, 0.09, 0.08, 0.1, 0.08],
    }
    claims = [[level("score", "above", 0.1)], [level("score", "above", 0.1, {"cell": ["a", "c"]})]]
    mixed, fixed = judge(load(write_run(tmp_path / "x", scores, claims, deterministic=("a", "c"))))
    assert mixed.evidence[0].startswith("score: 0.103 [0.101, 0.106]")
    assert mixed.answer == "supported"
    assert fixed.evidence == ["score of a/c: 0.110, deterministic, so nothing to test"]


def test_where_keeps_some_settings(tmp_path):
    scores = EIGHT | {("other", "a"): [0.0] * 8, ("other", "b"): [0.2] * 8}
    claims = [[compare(where={"task": ["t*"]})], [compare(where={"task": ["oth*"]})], [compare()]]
    verdicts = judge(load(write_run(tmp_path, scores, claims)))
    effects = [float(v.evidence[0].split(": ")[1].split()[0]) for v in verdicts]
    assert effects == pytest.approx([0.45, -1.0, -0.275])


def test_settings_that_go_two_ways_are_mixed(tmp_path):
    """On average b is better by 0.2; in one setting of three it is worse by more than the margin."""
    scores = EIGHT_TWICE | {("v", "a"): EIGHT["t", "b"], ("v", "b"): [value + 0.06 for value in EIGHT["t", "b"]]}
    (verdict,) = judge(load(write_run(tmp_path, scores, [[compare(margin=0.1)]])))
    assert verdict.answer == "mixed"
    assert "below the opposite margin: v -0.300 [" in verdict.evidence[0]
    assert "on these 3 settings" in verdict.evidence[0]


def test_settings_that_go_both_ways_are_mixed_where_their_mean_says_nothing(tmp_path):
    opposite = {("v", "a"): EIGHT["t", "b"], ("v", "b"): EIGHT["t", "a"]}
    (verdict,) = judge(load(write_run(tmp_path, EIGHT | opposite, [[compare()]])))
    assert verdict.answer == "mixed"
    assert "below the opposite margin: v -0.450 [" in verdict.evidence[0]
    assert "above the margin: t +0.450 [" in verdict.evidence[0]


def test_one_of_several_tests_contradicts_with_its_part_of_the_error(tmp_path):
    """b is better by 0.1 on average, p about 0.02 against a margin of 0.185: enough for a claim of one test."""
    scores = {("t", "a"): EIGHT["t", "a"], ("t", "b"): [value - 0.02 for value in EIGHT["t", "a"]]}
    one = compare(margin=0.193)
    alone, both = judge(load(write_run(tmp_path, scores, [[one], [one, compare(margin=0.194)]], primary=[False] * 2)))
    assert alone.answer == "equivalent"
    assert both.answer == "undecided"
    assert " at 97.5%, claimed more" in both.evidence[0]


def test_a_claim_about_families_is_tested_by_how_they_differ(tmp_path):
    """Five families, one with two settings; between runs nothing differs, and only the families count."""
    gains = {"f(1)": 0.10, "f(2)": 0.06, "g": 0.05, "h": 0.11, "i": 0.02, "j": 0.14}
    jitter = [0.0001 * seed for seed in range(8)]
    scores = {(task, "a"): [0.15 + one for one in jitter] for task in gains}
    scores |= {(task, "b"): [0.15 - gain + one for one in jitter] for task, gain in gains.items()}
    general = compare(margin=0.1) | {"families": "task"}
    (verdict,) = judge(load(write_run(tmp_path / "general", scores, [[general]])))
    means = 5 * np.array([0.08, 0.05, 0.11, 0.02, 0.14])
    low, high = stats.t.interval(0.95, 4, means.mean(), stats.sem(means))
    assert verdict.evidence[0].startswith(f"skill of b − a: +0.400 [{low:+#.3g}, {high:+#.3g}]")
    assert "over 5 families in general" in verdict.evidence[0]
    assert verdict.answer == "supported"
    (verdict,) = judge(load(write_run(tmp_path / "fixed", scores, [[compare(margin=0.1)]])))
    assert "on these 6 settings" in verdict.evidence[0]
    few = {key: values for key, values in scores.items() if key[0] != "j"}
    (verdict,) = judge(load(write_run(tmp_path / "few", few, [[general]])))
    assert verdict.evidence == ["skill of b − a: 4 families; a claim about families in general takes 5"]
    assert verdict.answer == "not answered" and not verdict.open


SOLVED = {"solved": 0.05}


@pytest.mark.parametrize(
    ("a", "b", "answer"),
    [
        (0, 16, "supported"),
        (2, 14, "supported"),
        (7, 9, "undecided"),
        (16, 1, "contradicted"),
    ],
)
def test_runs_that_may_solve_it_are_judged_by_the_share_that_does(tmp_path, a, b, answer):
    """16 runs each: 0.001 where it solved the task, 0.19 where it did not."""
    scores = {("t", arm): [0.001] * count + [0.19] * (16 - count) for arm, count in (("a", a), ("b", b))}
    card = SOLVED
    (verdict,) = judge(load(write_run(tmp_path, scores, [[compare(margin=0.1)]], card=card)))
    assert verdict.evidence[0].startswith(f"solved of b − a: {(b - a) / 16:+#.3g} [")
    assert f"solved by {b} of 16 b, {a} of 16 a; steps to solve: log-rank p = " in verdict.evidence[0]
    assert verdict.answer == answer


def test_a_mean_over_two_kinds_is_printed_without_an_interval(tmp_path):
    scores = {("t", arm): [0.001] * count + [0.19] * (8 - count) for arm, count in (("a", 2), ("b", 6))}
    run = write_run(tmp_path, scores, [[compare()]], card=SOLVED)
    build(run)
    table = (run.report / "table.md").read_text()
    assert "| t | a | mse ↓ | 0.143 |" in table
    assert "| 2 of 8 [0.0319, 0.651] |" in table


def test_settings_of_both_sorts_are_put_together(tmp_path):
    """In one setting runs are of two kinds, in the other not: the distances of both add up by squares."""
    scores = {("t", arm): [0.001] * count + [0.19] * (8 - count) for arm, count in (("a", 1), ("b", 8))}
    scores |= {("u", "a"): [0.10, 0.11, 0.12, 0.13] * 2, ("u", "b"): [0.06, 0.07, 0.08, 0.09] * 2}
    (verdict,) = judge(load(write_run(tmp_path, scores, [[compare()]], card=SOLVED)))
    skills = [1 - np.array(scores["u", cell]) / 0.2 for cell in "ba"]
    found = stats.ttest_ind(*skills, equal_var=False)
    reach = (found.confidence_interval(0.95).high - 0.2) / 2
    whole, few = (stats.binomtest(count, 8).proportion_ci(0.95, "exact") for count in (8, 1))
    low = (7 / 8 + 0.2) / 2 - math.hypot((1 - whole.low) / 2, (few.high - 1 / 8) / 2, reach)
    high = (7 / 8 + 0.2) / 2 + math.hypot(0, (1 / 8 - few.low) / 2, reach)
    assert verdict.evidence[0].startswith(f"skill of b − a: +0.537 [{low:+#.3g}, {high:+#.3g}]")
    assert "in 1 of 2 settings some run solved the task" in verdict.evidence[0]
    assert "solved by 8 of 8 b, 1 of 8 a" in verdict.evidence[0]


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [(0.19, 0.15, "the arms are at the floor"), (0.001, 0.0005, "the arms are at the ceiling"), (0.19, 0.01, "")],
)
def test_arms_at_the_floor_or_the_ceiling_answer_nothing(tmp_path, a, b, said):
    jitter = [0.0001 * seed for seed in range(8)]
    scores = {("t", "a"): [a + one for one in jitter], ("t", "b"): [b + one for one in jitter]}
    (verdict,) = judge(load(write_run(tmp_path, scores, [[compare(margin=0.0)]], card={"solved": 0.011})))
    assert verdict.answer == ("not answered" if said else "supported")
    assert said in verdict.evidence[0]


def test_arms_that_all_answer_as_the_trivial_baseline_answer_nothing(tmp_path):
    """In a task without a threshold too, as where no answer is right: that is not being equivalent."""
    scores = {("t", "a"): [0.2] * 8, ("t", "b"): [0.2] * 8}
    (verdict,) = judge(load(write_run(tmp_path, scores, [[compare(margin=0.1)]])))
    assert verdict.answer == "not answered" and "the arms are at the floor" in verdict.evidence[0]


def test_curves_that_still_rise_make_an_answer_one_at_this_budget(tmp_path):
    """The made-up curves gain 0.01 of 0.2 in their second half, 0.05 of skill, so two fifths of that, 0.02, in the last
    fifth, at whose beginning there is no look: more than half of a margin of 0.03."""
    for margin, said in ((0.03, True), (0.06, False)):
        run = write_run(tmp_path / f"{margin}", EIGHT, [[compare(margin=margin)]], more={"steps_per_s": 1.0})
        (verdict,) = judge(load(run))
        assert verdict.answer == "supported"
        assert ("at this budget: b still gains 0.02, a still gains 0.02 of skill" in verdict.evidence[0]) == said
        assert ("4 times as much would take 16 min more" in verdict.evidence[0]) == said


@pytest.mark.parametrize(
    ("tests", "answer"),
    [
        ([level("kept at end", "above", 0.02)], "supported"),
        ([level("kept at end", "below", 0.02)], "contradicted"),
        ([level("kept at end", "below", 0.7, where={"cell": ["b"]})], "supported"),
        ([level("kept at end", "above", 0.7, where={"cell": ["b"]})], "contradicted"),
        ([level("kept at end", "above", 0.9**5 + 0.0035, where={"cell": ["b"]})], "undecided"),
        ([level("absent", "above", 0.0)], "not answered"),
        ([compare(margin=0.5, measure="kept at end")], "supported"),
        ([compare(margin=0.9, measure="kept at end")], "equivalent"),
    ],
)
def test_verdicts_on_measures(tmp_path, tests, answer):
    run = write_run(tmp_path, EIGHT_TWICE, [tests], measures=MEASURES, probe=decaying)
    (verdict,) = judge(load(run))
    assert verdict.answer == answer


@pytest.mark.parametrize(("value", "said"), [(0.9, "the floor"), (0.1, "the ceiling"), (0.3, "")])
def test_a_share_of_runs_that_the_metric_tells_may_be_at_the_floor(tmp_path, value, said):
    """None of both arms is above a value, or all are: of the metric at another length that answers nothing; of a share
    that is no question of learning, such as who finished, it does."""
    far = MEASURES[0] | {"name": "far", "column": "mse@500", "above": value, "better": ""}
    other = far | {"name": "other", "column": "kept"}
    tests = [[compare(margin=0.5, measure="far")], [compare(margin=0.5, measure="other")]]

    def probe(cell, seed, step):
        return dict.fromkeys(("mse@500", "kept"), 0.5 if cell == "b" or value != 0.3 else 0.2)

    nine = {arm: [*values, 0.1] for arm, values in EIGHT.items()}
    failed = {("t", "b", 8): "failed"}  # it has no such value, and changes nothing
    for name, states in (("all", {}), ("one_lost", failed)):
        run = write_run(tmp_path / name, nine, tests, measures=[far, other], probe=probe, states=states)
        of_metric, of_other = judge(load(run))
        assert (of_metric.answer == "not answered") == bool(said)
        assert said in of_metric.evidence[0]
        assert of_other.answer != "not answered"


def test_a_run_that_diverged_has_not_finished(tmp_path):
    """A share of the runs, 16 and 0 of 16 in each setting, with the interval of shares."""
    scores = {key: values * 2 for key, values in EIGHT_TWICE.items()}
    states = {(task, "b", seed): "diverged" for task in "tu" for seed in range(16)}
    run = write_run(tmp_path, scores, [[compare("a", "b", margin=0.5, measure="finished")]], states=states)
    (verdict,) = judge(load(run))
    assert verdict.answer == "supported"
    reach = 1 - stats.binomtest(16, 16).proportion_ci(0.95, "exact").low
    low = 1 - np.sqrt(4 * (reach / 2) ** 2)
    assert f"+1.00 [{low:+#.3g}, +1.00]" in verdict.evidence[0]


ALIKE = {
    (task, cell): [0.10 + 0.01 * seed - (0.05 if cell == "b" else 0) for seed in range(8)]
    for task in "tu"
    for cell in "ab"
}


def some_of(cell):
    return {(task, cell, seed): "diverged" for task in "tu" for seed in (0, 1)}


@pytest.mark.parametrize(
    ("tests", "failing", "answer"),
    [
        ([compare("a", "b", margin=0.02, measure="score")], None, "supported"),  # the error of a is 0.05 more
        ([compare("a", "b", margin=0.02, measure="score")], "b", "undecided"),  # 4 of 16 b have no error at all
        ([compare("a", "b", margin=0.02, measure="score")], "a", "supported"),  # which speaks for the claim
        ([compare("a", "b", margin=0.06, measure="score")], "a", "undecided"),
        ([level("score", "below", 0.15, where={"cell": ["b"]})], None, "supported"),
        ([level("score", "below", 0.14, where={"cell": ["b"]})], "b", "undecided"),  # 4 are as bad as the baseline, 0.2
    ],
)
def test_runs_that_diverged_count_in_claims_on_the_score(tmp_path, tests, failing, answer):
    """Ten seeds, so that eight are left where two fail."""
    ten = {key: [*values, 0.5 * (values[3] + values[4]), values[2]] for key, values in ALIKE.items()}
    states = some_of(failing) if failing else {}
    (verdict,) = judge(load(write_run(tmp_path, ten, [tests], states=states)))
    assert verdict.answer == answer
    assert ("without those that failed" in verdict.evidence[0]) == bool(failing)
    if failing and tests[0]["kind"] == "Compare":
        assert (
            "failed: 4 of 20 a, 0 of 20 b" if failing == "a" else "failed: 0 of 20 a, 4 of 20 b"
        ) in verdict.evidence[0]


@pytest.mark.parametrize(("better", "answer"), [("", "undecided"), ("lower", "supported"), ("higher", "undecided")])
def test_a_measure_that_failed_runs_lack_is_the_worst(tmp_path, better, answer):
    """Three of eleven runs of a have none. If less is better they count as the greatest, which speaks for "above";
    where nobody says which way is worse, the answer must hold with the least favourable value seen."""
    wide = {key: [0.1 * seed for seed in range(11)] for key in ALIKE}
    ends = [{"name": "end", "column": "held", "split": "probe", "at": "last", "above": None, "better": better}]
    states = {(task, "a", 10 - n): "diverged" for task in "tu" for n in range(3)}
    claim = [level("end", "above", 0.2, where={"cell": ["a"]})]
    held = {"probe": lambda cell, seed, step: {"held": 0.1 * seed}}
    run = write_run(tmp_path, wide, [claim], states=states, measures=ends, **held)
    assert judge(load(run))[0].answer == answer


def test_an_arm_gains_nothing_by_failing_where_all_are_worse_than_the_baseline(tmp_path):
    """Errors of 0.5 and more, of a baseline of 0.2: the skill of b is higher by 0.05 where it finishes."""
    worse = {
        ("t", "a"): [0.5 + 0.01 * seed for seed in range(12)],
        ("t", "b"): [0.49 + 0.01 * seed for seed in range(12)],
    }
    states = {("t", "b", seed): "diverged" for seed in range(4)}
    (verdict,) = judge(load(write_run(tmp_path, worse, [[compare(margin=-0.3)]], states=states)))
    # b: −2 for those that failed, as the worst of all, and −1.65 to −2 for the others; a: −1.5 to −2.05.
    assert verdict.evidence[0].startswith("skill of b − a: -0.125 [")
    assert "failed: 4 of 12 b, 0 of 12 a" in verdict.evidence[0]
    assert "without those that failed -0.0500 [" in verdict.evidence[0]


def test_no_verdict_where_failed_runs_turn_the_sign(tmp_path):
    """Of b, eight runs are better than all of a and eight failed."""
    scores = {("t", "a"): [0.10 + 0.001 * s for s in range(16)], ("t", "b"): [0.08 + 0.001 * s for s in range(16)]}
    states = {("t", "b", seed): "diverged" for seed in range(8)}
    (verdict,) = judge(load(write_run(tmp_path, scores, [[compare()]], states=states)))
    assert verdict.answer == "undecided"
    assert verdict.evidence[0].startswith("skill of b − a: -0.1")
    assert "without those that failed +0.0" in verdict.evidence[0]


def test_a_skill_that_is_not_finite_is_that_of_a_run_that_failed(tmp_path):
    scores = {("t", "a"): [0.1] * 11, ("t", "b"): [0.02] * 8 + [float("inf")] * 3}
    (verdict,) = judge(load(write_run(tmp_path, scores, [[compare()]])))
    # 0.4 eight times, −0.5 three times
    assert verdict.evidence[0].startswith(f"skill of b − a: {1.7 / 11:+#.3g} [")
    assert "n = 11" in verdict.evidence[0] and "failed: 3 of 11 b, 0 of 11 a" in verdict.evidence[0]


def test_an_arm_that_always_fails_loses(tmp_path):
    """Nothing is dropped: each of its runs counts as the trivial baseline or the worst run."""
    states = {("t", "b", seed): "diverged" for seed in range(8)}
    run = write_run(tmp_path, EIGHT, [[compare("a", "b", measure="score")], [compare("a", "b")]], states=states)
    score, skill = judge(load(run))
    # Errors: 0.125 on average of a, the baseline's 0.2 of b.
    assert score.evidence[0].startswith("score of a − b: -0.0750 [") and score.answer == "contradicted"
    assert skill.evidence[0].startswith("skill of a − b: +0.375 [") and skill.answer == "supported"
    assert "failed: 0 of 8 a, 8 of 8 b" in skill.evidence[0]


def test_what_a_run_lacks_speaks_against_a_slope_on_either_side_of_its_middle(tmp_path):
    """Without a true slope; of b, all but two runs diverged in one of the settings, which is filled so that the slope
    that was found becomes less."""
    norm = [{"name": "norm", "column": "held", "split": "probe", "at": "last", "above": None, "better": ""}]
    claim = [compare("b", "a", measure="norm") | {"along": "task"}]
    scores = {(task, cell): [0.1] * 8 for task in (1, 2) for cell in "ab"}
    for task in (1, 2):
        states = {(task, "b", seed): "diverged" for seed in range(2, 8)}
        held = {"probe": lambda cell, seed, step: {"held": 1 + 0.1 * seed}}
        run = write_run(tmp_path / str(task), scores, [claim], states=states, measures=norm, **held)
        (verdict,) = judge(load(run))
        slope = float(re.search(r"doubling of task: ([+-][\d.]+)", verdict.evidence[0])[1])
        alone = float(re.search(r"without those that failed ([+-][\d.]+)", verdict.evidence[0])[1])
        assert abs(slope) < abs(alone) or slope * alone < 0


@pytest.mark.parametrize("better", ["", "lower"])
def test_of_an_arm_without_any_value_nothing_is_made_up(tmp_path, better):
    """Opposite claims were both supported: the arm's runs were given whichever value of the other's spoke against what
    had not been found. Where it is said which way is worse, they are the worst, and one of both is."""
    states = {("t", "b", seed): "diverged" for seed in range(8)}
    norm = [{"name": "norm", "column": "held", "split": "probe", "at": "last", "above": None, "better": better}]
    claims = [[compare("a", "b", measure="norm")], [compare("b", "a", measure="norm")], [level("norm", "above", 0.0)]]
    held = {"probe": lambda cell, seed, step: {"held": 1 + 0.1 * seed}}
    found = judge(load(write_run(tmp_path, EIGHT, claims, states=states, measures=norm, **held)))
    if better:
        assert [one.answer for one in found[:2]] == ["contradicted", "supported"]
    else:
        assert [one.answer for one in found[:2]] == ["not answered"] * 2
        assert found[0].evidence[0].startswith("norm of a − b: there are no runs that have it")
        assert "failed: 0 of 8 a, 8 of 8 b" in found[0].evidence[0]


def test_of_one_run_that_finished_only_its_side_counts(tmp_path):
    """An arm that nearly always fails loses as one that always does; no interval is made of one run."""
    states = {("t", "b", seed): "diverged" for seed in range(7)}
    (verdict,) = judge(load(write_run(tmp_path, EIGHT, [[compare("a", "b", measure="score")]], states=states)))
    assert verdict.answer == "undecided"  # the one that finished is the better: the sides differ
    worse = EIGHT | {("t", "b"): [0.3] * 8}
    (verdict,) = judge(load(write_run(tmp_path / "worse", worse, [[compare("a", "b")]], states=states)))
    assert verdict.answer == "supported"
    assert "; without those that failed +0.875" in verdict.evidence[0] and "nan" not in verdict.evidence[0]


def test_where_all_fail_nobody_is_better(tmp_path):
    states = {("t", cell, seed): "diverged" for cell in "ab" for seed in range(8)}
    run = write_run(tmp_path, EIGHT, [[compare(margin=0.1)], [compare(measure="score")]], states=states)
    skill, score = judge(load(run))
    assert skill.evidence[0].startswith("skill of b − a: +0.00 [+0.00, +0.00]") and skill.answer == "not answered"
    assert "the arms are at the floor" in skill.evidence[0]
    assert score.answer == "not answered" and score.evidence[0].startswith(
        "score of b − a: there are no runs that have it"
    )


def test_runs_that_ended_with_an_error_say_nothing(tmp_path):
    """A bug in a probe of one arm is no result; where one of its runs came through, the others are its failures."""
    states = {("t", "b", seed): "failed" for seed in range(8)}
    (verdict,) = judge(load(write_run(tmp_path / "all", EIGHT, [[compare(margin=0.55)]], states=states)))
    assert verdict.answer == "not answered"
    assert verdict.evidence[0].startswith("skill of b − a: every run of b in t ended with an error")
    assert verdict.evidence[0].endswith("failed: 8 of 8 b, 0 of 8 a")
    states["t", "b", 0] = "done"
    (verdict,) = judge(load(write_run(tmp_path / "most", EIGHT, [[compare(margin=0.55)]], states=states)))
    assert "7 of 8 b" in verdict.evidence[0] and "ended with an error" not in verdict.evidence[0]


@pytest.mark.parametrize("spread", [0.0, 7.45e-9])
def test_what_rounding_makes_of_two_arms_alike_is_no_difference(tmp_path, spread):
    """Of constants one step of float32 apart it was certain which is greater."""
    a = float(np.float32(0.1))
    scores = {("t", "a"): [a - spread * (seed % 2) for seed in range(8)], ("t", "b"): [a - 7.45e-9] * 8}
    (verdict,) = judge(load(write_run(tmp_path, scores, [[compare()]])))
    assert verdict.answer == "undecided" and "P(b > a) = 0.50" in verdict.evidence[0]
    far = scores | {("t", "b"): [a - 1e-5] * 8}
    (verdict,) = judge(load(write_run(tmp_path / "far", far, [[compare()]])))
    assert verdict.answer == "supported" and "P(b > a) = 1.00" in verdict.evidence[0]


@pytest.mark.parametrize("more", [{}, {"along": "task"}, {"measure": "score"}])
def test_where_no_setting_is_left_there_is_nothing_to_judge(tmp_path, more):
    claim = [compare(where={"task": ["no such"]}) | more]
    (verdict,) = judge(load(write_run(tmp_path, EIGHT, [claim])))
    assert verdict.answer == "not answered" and verdict.evidence[0].endswith("there are no runs")


def test_what_has_no_runs_is_undecided_as_long_as_some_are_to_come(tmp_path):
    for state, answer in (("running", "undecided"), ("done", "not answered")):
        run = write_run(tmp_path / state, EIGHT, [[compare(arm="c")]], states={("t", "a", 0): state})
        assert [verdict.answer for verdict in judge(load(run))] == [answer]


def test_too_few_runs_say_how_many_failed(tmp_path):
    states = {("t", "b", seed): "diverged" for seed in range(5)}
    (verdict,) = judge(load(write_run(tmp_path, SCORES, [[compare(measure="score")]], states=states)))
    assert verdict.evidence == ["score of b − a: n = 5; a verdict takes 8 seeds; failed: 5 of 5 b, 0 of 5 a"]


def test_a_measure_of_runs_that_diverged_is_the_worst_though_they_have_one(tmp_path):
    """Their last validation loss is as good as all others': what says which way is better counts them as the worst."""
    last = {"name": "last loss", "column": "loss", "split": "valid", "at": "last", "above": None, "better": "lower"}
    states = {("t", "b", seed): "diverged" for seed in range(2)}
    scores = {key: values + values[:2] for key, values in EIGHT.items()}
    run = write_run(tmp_path, scores, [[compare(measure="last loss", margin=-0.1)]], states=states, measures=[last])
    (verdict,) = judge(load(run))
    assert "n = 10" in verdict.evidence[0] and "failed: 2 of 10 b, 0 of 10 a" in verdict.evidence[0]


def test_a_deterministic_arm_is_known_exactly_among_shares_too(tmp_path):
    scores = {("t", "a"): [0.19] * 16, ("t", "b"): [0.001] * 15 + [0.19]}
    (verdict,) = judge(load(write_run(tmp_path, scores, [[compare(margin=0.3)]], card=SOLVED, deterministic=("a",))))
    low, high = stats.binomtest(15, 16).proportion_ci(0.95, "exact")
    assert verdict.evidence[0].startswith(f"solved of b − a: +0.938 [{low:+#.3g}, {high:+#.3g}]")
    assert verdict.answer == "supported"


def test_a_setting_without_chance_beside_one_of_shares(tmp_path):
    scores = {("t", "d"): [0.1] * 8, ("u", "d"): [0.06] * 8}
    scores |= {(task, "e"): [0.001] * count + [0.19] * (8 - count) for task, count in (("t", 2), ("u", 7))}
    across = {**compare("u", "t"), "column": "task"}
    (verdict,) = judge(load(write_run(tmp_path, scores, [[across]], card=SOLVED, deterministic=("d",))))
    assert verdict.evidence[0].startswith("skill of u − t: +0.41")  # (0.2 + 5/8)/2


def test_runs_to_come_are_no_evidence(tmp_path):
    """Of b, two are running and two have not begun: eight have ended, and all of them solved it."""
    scores = {("t", "a"): [0.19] * 12, ("t", "b"): [0.001] * 12}
    states = {("t", "b", seed): "running" for seed in (8, 9, 10, 11)}
    run = write_run(tmp_path, scores, [[compare()]], card=SOLVED, states=states)
    for seed in (10, 11):
        shutil.rmtree(run.trial(f"t-b-{seed}"))
    report = build(run)
    assert "n = 8; P(b > a) = 1.00" in report.verdicts[0].evidence[0]
    assert "solved by 8 of 8 b, 0 of 12 a" in report.verdicts[0].evidence[0]
    assert report.verdicts[0].evidence[0].endswith("; 4 of its 24 runs are to come")
    assert (report.verdicts[0].answer, report.verdicts[0].measured[0].wanted) == ("undecided", 0)
    later = "a claim has its verdict when all runs that it is about have"
    assert report.remarks == [f"Unfinished: 20 of 24 runs have ended; {later}"]


def test_a_claim_waits_for_its_own_runs_and_no_others(tmp_path):
    twice = {key: values * 2 for key, values in EIGHT.items()}
    scores = twice | {("t", "c"): twice["t", "a"]}
    states = {("t", "c", 15): "running"}
    claims = [[compare()], [compare("b", "c")], [level("skill", "above", 0.5, where={"cell": ["b"]})]]
    found = judge(load(write_run(tmp_path, scores, claims, states=states)))
    assert [verdict.answer for verdict in found] == ["supported", "undecided", "supported"]


def test_stopping_at_the_first_verdict_of_an_unfinished_run_finds_none(tmp_path):
    """Arms that are alike, but by chance the first eight seeds are not, looked at whenever a seed of both has ended."""
    low, high = (np.random.default_rng(0).normal(mean, 0.01, 8).tolist() for mean in (0.08, 0.12))
    scores = {("t", "a"): low + high, ("t", "b"): high + low}
    for ended in range(8, 16):
        states = {("t", name, seed): "running" for name in "ab" for seed in range(ended, 16)}
        run = write_run(tmp_path / f"{ended}", scores, [[compare()], [compare("a", "b")]], states=states)
        assert {verdict.answer for verdict in judge(load(run))} == {"undecided"}


def test_what_two_arms_are_compared_by_does_not_hang_on_a_third(tmp_path):
    """Neither a nor b has solved it; c has."""
    scores = {("t", "a"): [0.150, 0.155, 0.160, 0.165] * 2, ("t", "b"): [0.060, 0.065, 0.070, 0.075] * 2}
    (alone,) = judge(load(write_run(tmp_path / "two", scores, [[compare()]], card=SOLVED)))
    beside = scores | {("t", "c"): [0.001] * 8}
    (with_c,) = judge(load(write_run(tmp_path / "three", beside, [[compare()]], card=SOLVED)))
    assert alone.answer == "supported" and "solved" not in alone.evidence[0]
    assert with_c == alone


def test_settings_at_the_floor_are_told_where_they_are_not_most(tmp_path):
    scores = EIGHT | {("u", cell): [0.19 + 0.0001 * seed for seed in range(8)] for cell in "ab"}
    (verdict,) = judge(load(write_run(tmp_path, scores, [[compare()]], card={"solved": 0.005})))
    assert verdict.answer == "supported"
    assert "the arms are at the floor in 1 of 2 settings" in verdict.evidence[0]


def test_of_a_claim_on_the_share_that_solved_some_is_not_the_floor(tmp_path):
    scores = {("t", "a"): [0.19] * 16, ("t", "b"): [0.01] * 7 + [0.19] * 9}
    (verdict,) = judge(load(write_run(tmp_path, scores, [[compare(measure="solved")]], card=SOLVED)))
    assert verdict.answer == "supported"


@pytest.mark.parametrize("measure", ["skill", "score"])
def test_a_level_of_two_kinds_of_runs_has_the_interval_of_their_share(tmp_path, measure):
    """Their mean is that of those that did not, and the share of those that did times how far the two are apart."""
    scores = [0.001, 0.002, 0.003, 0.18, 0.19, 0.2, 0.19, 0.18]
    test = level(measure, "above", 0.9)
    (verdict,) = judge(load(write_run(tmp_path, {("t", "a"): scores}, [[test]], card=SOLVED)))
    values = np.array(scores) if measure == "score" else 1 - np.array(scores) / 0.2
    kinds = np.array([True] * 3 + [False] * 5)
    gap = values[kinds].mean() - values[~kinds].mean()
    share = stats.binomtest(3, 8).proportion_ci(0.95, "exact")
    within = values - np.where(kinds, values[kinds].mean(), values[~kinds].mean())
    apart = stats.t.ppf(0.975, 7) * within.std(ddof=1) / math.sqrt(8)
    ends = sorted([gap * (share.low - 3 / 8), gap * (share.high - 3 / 8)])
    (found,) = verdict.measured
    assert found.effect == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - math.hypot(ends[0], apart), rel=0.01)
    assert found.high == pytest.approx(min(1, values.mean() + math.hypot(ends[1], apart)), rel=0.01)


def test_a_measure_that_is_the_score_by_another_name_is_judged_as_the_score(tmp_path):
    named = [
        {"name": "error", "column": "mse", "split": "test", "at": "last", "above": None, "better": "", "minus": ""}
    ]
    more = {"measures": named, "more": {"steps_per_s": 1.0}}
    claims = {name: [[compare("a", "b", margin=0.05, measure=name)]] for name in ("score", "error")}
    (score,), (error,) = (judge(load(write_run(tmp_path / name, EIGHT, of, **more))) for name, of in claims.items())
    assert error == score
    assert "as if the test split were all there is" in score.evidence[0]


def test_a_run_that_diverged_has_no_end(tmp_path):
    """Its look before it broke is not what training comes to."""
    ends = [{"name": "end", "column": "kept", "split": "probe", "at": "last", "above": None, "better": ""}]
    starts = [ends[0] | {"name": "start", "at": "first"}]
    run = write_run(
        tmp_path,
        {("t", "a"): [0.1] * 8},
        measures=[*ends, *starts],
        states={("t", "a", 3): "diverged"},
        probe=lambda cell, seed, step: {"kept": -40.0 if seed == 3 else 1.0},
    )
    (row, _) = make_table(load(run))
    assert (row.measures["end"].n, row.measures["end"].mean) == (7, 1.0)
    assert row.measures["start"].n == 8


@pytest.mark.parametrize(
    ("value", "limit", "shown"), [(1.12, 1.11111, "1.12"), (1.1112, 1.11111, "1.1112"), (8.7577, 8.76, "8.758")]
)
def test_an_interval_is_printed_on_the_side_of_the_limit_that_it_lies_on(tmp_path, value, limit, shown):
    assert f"{value:.{digits_beside(limit, (value, 2 * value))}g}" == shown
    low, _high = stats.ttest_1samp(EIGHT["t", "a"], 0).confidence_interval()
    test = level("score", "above", float(f"{low:.3g}"))  # as it would be printed
    (verdict,) = judge(load(write_run(tmp_path, {("t", "a"): EIGHT["t", "a"]}, [[test]])))
    printed = re.search(r"\[([0-9.]+), ", verdict.evidence[0])
    assert printed and (float(printed[1]) > test["value"]) == (verdict.measured[0].low > test["value"])


def test_minutes_are_those_of_all_workers_and_of_runs_beside_each_other(tmp_path):
    """16 runs of 20 updates at 1 a second: two beside each other in each of two workers take 80 seconds."""
    scores = {("t", arm): [0.1] * 8 for arm in "ab"}

    def found(name, made, **card):
        run = write_run(tmp_path / name, scores, more={"steps_per_s": 1.0}, card=card)
        write_json(run.path / "experiment.json", (run.document() or {}) | {"provenance": made})
        results = load(run)
        return budget_minutes(results, results.reported)

    assert found("one", {"devices": ["cpu:0"]}) == pytest.approx(320 / 60)
    assert found("inline", {"devices": ["cpu:0", "cpu:1"], "workers": 1}, devices=2) == pytest.approx(160 / 60)
    assert found("workers", {"devices": ["2 processes"], "workers": 2}, devices=2) == pytest.approx(80 / 60)
    assert found("packed", {"devices": ["cuda:0"], "workers": 1}, devices=1, beside=8) == pytest.approx(40 / 60)


def test_what_is_counted_takes_no_seeds(tmp_path):
    facts = [{"name": "parameters", "column": "parameters", "split": "facts", "at": "last", "above": None}]
    scores = {key: values[:2] for key, values in SCORES.items()}
    claims = [
        [level("parameters", "above", 1000)],
        [level("parameters", "below", 1000)],
        [level("parameters", "above", 1234)],
    ]
    verdicts = judge(load(write_run(tmp_path, scores, claims, measures=facts)))
    assert [verdict.answer for verdict in verdicts] == ["supported", "contradicted", "contradicted"]
    assert verdicts[0].evidence == ["parameters: 1234, claimed more than 1000 (counted)"]


def test_what_is_counted_is_compared_exactly(tmp_path):
    """1,234 parameters of b against 617 of a, in two settings; one run of a that has 700 decides."""
    facts = [{"name": "parameters", "column": "parameters", "split": "facts", "at": "last", "above": None}]
    scores = {(task, cell): [0.1, 0.1] for task in "tu" for cell in "ab"}
    claims = [
        [compare(margin=616, measure="parameters")],
        [compare(margin=617, measure="parameters")],
        [{**compare(margin=1.9, measure="parameters"), "ratio": True}],
        [{**compare(margin=2, measure="parameters"), "ratio": True}],
        [compare(arm="c", measure="parameters")],
    ]
    run = write_run(tmp_path, scores, claims, measures=facts)
    for trial in ("t-a-0", "t-a-1", "u-a-0", "u-a-1"):
        write_json(run.trial(trial) / "card.json", run.card(trial) | {"parameters": 617})
    verdicts = judge(load(run))
    answers = [verdict.answer for verdict in verdicts]
    assert answers == ["supported", "contradicted", "supported", "contradicted", "not answered"]
    assert verdicts[0].evidence == ["parameters of b − a: 1234 and 617, claimed more than +616 (counted)"]
    assert verdicts[2].evidence == ["parameters of b / a: 1234 and 617, claimed more than 1.9 times (counted)"]
    write_json(run.trial("u-a-1") / "card.json", run.card("u-a-1") | {"parameters": 700})
    assert [verdict.answer for verdict in judge(load(run))[:3]] == ["contradicted"] * 3


def test_a_ratio_is_compared_by_its_logarithm(tmp_path):
    """Eight times of b and a, tenfold apart on average; the interval is Welch's of the logarithms, as they are
    symmetric."""
    logs = {"a": np.array([-0.3, -0.1, 0.1, 0.3] * 2), "b": 1 + np.array([-0.2, -0.1, 0.1, 0.2] * 2)}
    claims = [[{**compare(margin=margin, measure="kept at end"), "ratio": True}] for margin in (5, 10, 20)]
    run = write_run(
        tmp_path, EIGHT, claims, measures=MEASURES[:1], probe=lambda c, seed, _: {"kept": 10 ** logs[c][seed]}
    )
    verdicts = judge(load(run))
    assert [verdict.answer for verdict in verdicts] == ["supported", "undecided", "contradicted"]
    levels = holm_levels(
        [stats.ttest_ind(logs["b"], logs["a"] + math.log10(m), equal_var=False).pvalue for m in (5, 10, 20)]
    )
    low, high = stats.ttest_ind(logs["b"], logs["a"], equal_var=False).confidence_interval(levels[0])
    expected = f"kept at end of b / a: 10.0 [{10**low:#.3g}, {10**high:#.3g}]"
    assert verdicts[0].evidence[0].startswith(expected)
    assert ", claimed more than 5 times; n = 8" in verdicts[0].evidence[0]
    assert "+" not in verdicts[0].evidence[0]
