"""What looking at the verdicts costs."""

import math

import numpy as np

from rnn_research.experiment.looks import ERROR, PLANNED, Look, error_of, still_planned, taken, with_look
from rnn_research.report.statistics import runs_needed, weighted_means, weighted_shares


def test_the_planned_looks_spend_what_an_experiment_has():
    assert math.isclose(sum(look.error for look in PLANNED), ERROR)


def test_a_look_is_taken_once():
    first = with_look([], 8)
    assert first == [Look(8, 0.05)]
    assert with_look(first, 8) == with_look(first, 5) == first
    assert with_look([], 5) == []  # no verdict, so nothing was looked at
    # Seeds that were added by hand cost what they would have cost as planned, beside the first.
    assert with_look(with_look(first, 12), 40) == [Look(8, 0.05), Look(12, 0.015), Look(40, 0.03)]
    assert with_look([], 8, PLANNED[0]) == [PLANNED[0]]


def test_a_plan_goes_on_where_it_was_left():
    assert still_planned([], 32) == list(PLANNED)
    assert still_planned([], 20) == list(PLANNED[:2])
    assert still_planned([PLANNED[0]], 32) == list(PLANNED)
    assert still_planned(list(PLANNED[:2]), 32) == list(PLANNED[1:])
    assert still_planned(list(PLANNED), 32) == [PLANNED[2]]
    assert taken({"looks": [{"seeds": 8, "error": 0.005}]}) == [PLANNED[0]]
    assert taken(None) == taken({}) == []


def test_what_verdicts_may_spend_is_of_the_look_at_their_seeds():
    assert error_of([], 3) == ERROR
    assert [error_of(PLANNED, seeds) for seeds in (8, 16, 32, 40)] == [0.005, 0.015, 0.03, 0.03]
    assert error_of(PLANNED, 20) is error_of(PLANNED, 7) is None


def verdicts(draw, value, share=False, draws=1500):
    """The share of experiments with a verdict by the last look, and the seeds of the look that ended each."""
    rng, ended = np.random.default_rng(3), []
    for _ in range(draws):
        whole = draw(rng)
        for look in PLANNED:
            parts = [(sign, sample[: look.seeds]) for sign, sample in zip((1, -1), whole, strict=True)]
            found = weighted_shares(parts) if share else weighted_means(parts)
            if found.p(value) < look.error:
                ended.append(look.seeds)
                break
    return len(ended) / draws, ended


def test_all_looks_together_seldom_err_where_there_is_no_effect():
    """The truth lies on the margin. By binomial chance 1,500 experiments of 5% show 6.5% once in 200 times."""
    normal, _ = verdicts(lambda rng: (0.1 + rng.normal(size=32), rng.normal(size=32)), 0.1)
    skewed, _ = verdicts(lambda rng: (rng.exponential(size=32), rng.exponential(size=32)), 0.0)
    assert 0.02 < normal < 0.065
    assert skewed < 0.065
    unplanned = np.mean(
        [
            any(weighted_means([(1.0, whole[:n])]).p(0.0) < ERROR for n in (8, 16, 32))
            for whole in np.random.default_rng(4).normal(size=(1500, 32))
        ]
    )
    assert unplanned > 0.09  # what it comes to without a plan


def test_the_claimed_effect_is_found_in_most():
    """An effect of one spread: most end before the last look; of shares, 0.9 of the runs against 0.3."""
    found, ended = verdicts(lambda rng: (1 + rng.normal(size=32), rng.normal(size=32)), 0.0)
    assert found > 0.9
    assert np.mean(np.array(ended) < 32) > 0.5
    found, _ = verdicts(
        lambda rng: (1.0 * (rng.random(32) < 0.9), 1.0 * (rng.random(32) < 0.3)), 0.1, share=True, draws=200
    )
    assert found > 0.9


def test_more_seeds_are_wanted_at_an_early_look():
    found = weighted_means([(1.0, np.random.default_rng(0).normal(0.5, size=8))])
    assert runs_needed(found, 0.0, 1 - PLANNED[0].error, 8) > runs_needed(found, 0.0, 0.95, 8)
