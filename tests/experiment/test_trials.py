"""Pilots and reported runs: their seeds, ids and budgets."""

import dataclasses

from rnn_research.experiment import Tune, Variant
from rnn_research.experiment.arms import arms
from rnn_research.experiment.config import signature
from rnn_research.experiment.trials import count_trials, distinct, mains
from rnn_research.experiment.tuning import tune_arm
from tests.support.tables import EXPERIMENT, TABLES


def pilots(experiment, arm):
    """Those of the first round."""
    return tune_arm(experiment, arm, lambda trial: None).pilots


def all_trials(experiment):
    found = arms(experiment, TABLES)
    tuning = [trial for arm in found for group in pilots(experiment, arm).values() for trial in group]
    return tuning, [trial for arm in found for trial in mains(experiment, arm, 0.2 if experiment.tune else None)]


def test_pilots_have_seeds_of_their_own_and_equal_budgets():
    budgets = set()
    for arm in arms(EXPERIMENT, TABLES):
        by_value = pilots(EXPERIMENT, arm)
        trials = [trial for group in by_value.values() for trial in group]
        budgets.add((len(trials), sum(trial.config.train.steps for trial in trials)))
        reported = mains(EXPERIMENT, arm, 0.2)
        assert {t.config.optimizer.learning_rate for t in reported} == {0.2}
        assert not {t.config.seed for t in trials} & {t.config.seed for t in reported}
        assert [t.config.seed for t in reported] == list(range(8))
    assert budgets == {(4, 400)}


def test_trials_of_one_arm_share_a_program_and_other_arms_do_not():
    first, second, *_ = arms(EXPERIMENT, TABLES)
    trials = [*mains(EXPERIMENT, first, 0.1), *(t for g in pilots(EXPERIMENT, first).values() for t in g)]
    assert len({signature(trial.config) for trial in trials}) == 1
    assert signature(second.config) != signature(first.config)
    assert len({trial.id for trial in trials}) == len(trials)


def test_trials_say_what_was_tuned_in_them():
    tuning, reported = all_trials(EXPERIMENT)
    assert [trial.tuned for trial in tuning[:4]] == [{"optimizer.learning_rate": rate} for rate in (0.1, 0.1, 0.2, 0.2)]
    assert {tuple(trial.tuned.items()) for trial in reported} == {(("optimizer.learning_rate", 0.2),)}
    other = dataclasses.replace(EXPERIMENT, tune=Tune((0, 1), 1, 100, path="optimizer.weight_decay"))
    tuning, _ = all_trials(other)
    assert [(t.tuned, t.config.optimizer.weight_decay) for t in tuning[:2]] == [
        ({"optimizer.weight_decay": 0.0}, 0.0),
        ({"optimizer.weight_decay": 1.0}, 1.0),
    ]
    _, reported = all_trials(dataclasses.replace(EXPERIMENT, tune=None))
    assert all(trial.tuned == {} for trial in reported)


def test_arms_that_differ_in_steps_alone_share_their_pilots():
    short, long = Variant("short", {}), Variant("long", {"train.steps": 400, "optimizer.clip_norm": 9.0})
    axes = {"train.steps": (200, 400), "model.cell.name": ("lstm", "gru")}
    for experiment, shared in (
        (dataclasses.replace(EXPERIMENT, axes=axes), 2),
        (dataclasses.replace(EXPERIMENT, axes={"how": (short, long)}, compare="how"), 1),
    ):
        found = arms(experiment, TABLES)
        tuning, reported = all_trials(experiment)
        kept = distinct(tuning)
        assert len(tuning) == shared * len(kept) and len({trial.id for trial in kept}) == len(kept)
        assert len(kept) + len(reported) == count_trials(experiment)
        assert len({trial.id for trial in [*kept, *reported]}) == len(kept) + len(reported)
        for arm in found:  # every arm finds its own by id, and their labels are those of the first arm that has them
            for trial in (trial for group in pilots(experiment, arm).values() for trial in group):
                assert trial in kept
                owner = found[trial.arm]
                assert trial.labels == owner.labels and owner.number <= arm.number
                assert owner.tuned_with is None


def test_no_two_trials_have_one_id():
    tuning, reported = all_trials(EXPERIMENT)
    assert len({trial.id for trial in tuning + reported}) == len(tuning + reported) == count_trials(EXPERIMENT)
