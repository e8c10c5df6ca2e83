"""What is still to be run, from what the files of a run directory say."""

import dataclasses

import rnn_research.experiment as ex
from rnn_research.execution.plan import Plan
from rnn_research.experiment.arms import arms
from rnn_research.experiment.trials import count_trials
from rnn_research.runs.directory import RunDirectory, set_status
from rnn_research.tables import TABLES

TUNE = ex.Tune(values=(1e-3, 1e-2), seeds=1, steps=2, limits=(1e-3, 1.0))
EXPERIMENT = ex.Experiment(
    question="?",
    base=ex.TrialConfig(task=ex.Choice("adding", length=4), train=ex.TrainConfig(steps=2, batch=2, eval_every=1)),
    axes={"model.cell": (ex.Choice("elman", hidden=2), ex.Choice("gru", hidden=2))},
    compare="cell",
    seeds=3,
    tune=TUNE,
)


def end(plan, loss):
    """End every trial that is open, each with the validation loss that ``loss`` says."""
    for group in plan.groups:
        for trial in plan.open(group):
            set_status(plan.run, trial, "done", "", {"best_valid": loss(trial), "step": 2})


def the_larger_the_better(trial):
    return 1.0 / trial.config.optimizer.learning_rate


def test_trials_to_expect_grow_by_the_pilots_that_others_lead_to(tmp_path):
    """Where the largest rate is the best, larger ones are tried: they counted as ended, not as to come."""
    plan = Plan(EXPERIMENT, arms(EXPERIMENT, TABLES), RunDirectory(tmp_path), "", lambda config: {})
    assert plan.expected() == count_trials(EXPERIMENT) == 2 * (2 + 3)
    for expected in (12, 14):  # one more of each cell, 0.1; then 1, where the limit is
        end(plan, the_larger_the_better)
        assert len([trial for group in plan.groups for trial in plan.open(group)]) == 2
        assert plan.expected() == expected
    while not plan.finished():
        end(plan, the_larger_the_better)
    assert plan.expected() == len(plan.known_ended) == 14


def test_trials_to_expect_are_those_of_the_plan_where_no_pilot_leads_on(tmp_path):
    tune = dataclasses.replace(TUNE, values=(1e-3, 1e-2, 1e-1))
    experiment = dataclasses.replace(EXPERIMENT, tune=tune)
    plan = Plan(experiment, arms(experiment, TABLES), RunDirectory(tmp_path), "", lambda config: {})
    while not plan.finished():
        assert plan.expected() == count_trials(experiment)
        end(plan, lambda trial: abs(trial.config.optimizer.learning_rate - 1e-2))
    assert plan.expected() == len(plan.known_ended) == count_trials(experiment) == 2 * (3 + 3)
