"""The benchmark of intervals and tests, with few draws."""

import numpy as np
import pytest

from benchmarks import beside_verdicts, whole_experiments
from benchmarks.coverage import (
    MADE_UP,
    coverage,
    finite,
    of_real,
    ours,
    real,
    rejected,
    shares,
    shifted,
    solving,
    student,
    table,
    unlike,
)


def test_what_covers_is_told_from_what_does_not():
    assert 0.92 < coverage(MADE_UP["normal"], ours, 8, 500) < 0.98
    skewed = MADE_UP["log-normal, σ = 1"]
    assert coverage(skewed, student, 8, 500) < coverage(skewed, ours, 8, 500) - 0.02
    assert coverage(MADE_UP["nine of ten solve it"], ours, 8, 500) < 0.7


def test_false_verdicts_are_as_rare_as_they_are_to_be_and_true_ones_are_found():
    assert rejected(unlike(0.1), 0.1, 8, 400) < 0.09
    assert rejected(unlike(0.3), 0.1, 16, 100) > 0.9
    assert rejected(shifted(MADE_UP["normal"], 2.0), 0.0, 16, 100) > 0.95
    assert rejected(solving(0.7, 0.5), 0.2, 16, 200) < 0.08


def test_the_populations_are_real_arms_of_200_seeds():
    arms = real()
    assert len(arms) == 14
    assert all(len(arm["values"]) == 200 for arm in arms.values())
    values = np.array(arms["characters, lstm"]["values"])
    assert finite(values).mean == values.mean()
    drawn = finite(values).draw(np.random.default_rng(0), 8)
    assert len(set(drawn)) == 8 and set(drawn) <= set(values)
    same = of_real(values, values + 0.1).draw(np.random.default_rng(0), 8)
    assert np.allclose(same[0][1] - same[0][0], 0.1)  # the same seeds of both arms


def test_tables_are_markdown(capsys):
    table("Shares", (5, 8), ((name, cells[:2]) for name, cells in shares(20)))
    lines = capsys.readouterr().out.strip().splitlines()
    assert lines[0] == "Shares" and lines[2] == "| | 5 | 8 |" and lines[3] == "|---|---|---|"
    assert all(line.count("|") == 4 for line in lines[2:])


def test_what_is_printed_beside_verdicts_errs_seldom_and_finds_what_is_there():
    rng, cases = np.random.default_rng(0), beside_verdicts.cases()
    share = {name: np.mean([case(rng, 16) for _ in range(60)]) for name, case in cases.items()}
    assert share["bold: four arms alike, some arm left out"] < 0.17  # 5%, of 60
    assert share["side by side, paired by seed: the interval holds the truth"] > 0.85
    assert share["side by side, other seeds: the interval holds the truth"] > 0.85
    assert share["side by side, paired: half a spread, told apart"] > 0.9
    assert share["side by side, other seeds: half a spread, told apart"] < 0.6  # pairs tell more
    assert share["slope over five sizes: the interval holds the truth"] > 0.85


@pytest.mark.slow
def test_whole_experiments_err_seldom_where_the_margin_is_the_truth_and_answer_where_it_is_not():
    populations, truths = whole_experiments.experiments(real())["skills, some skewed, and shares"]
    assert max(whole_experiments.false_verdicts(populations, truths, 25)) <= 0.12  # 3 of 25: 1% of 5%'s
    beyond = {pair: truth - 0.3 for pair, truth in truths.items()}
    assert whole_experiments.false_verdicts(populations, beyond, 5)[-1] == 1  # a verdict, here a true one
