"""What is still to be run, from what the files of a run directory say."""

import dataclasses
from types import SimpleNamespace
from typing import Any

import pytest

import rnn_research.experiment as ex
from rnn_research.execution.executors.supervise import show_progress
from rnn_research.execution.plan import Plan
from rnn_research.experiment.arms import arms
from rnn_research.experiment.trials import count_trials
from rnn_research.experiment.tuning import tune_runs
from rnn_research.runs.directory import RunDirectory, begin, record, set_status, write_card
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


def test_who_waits_does_not_work_everything_out_again(tmp_path, monkeypatch):
    """Who supervises asks twice a second, of every arm: pilots were made anew each time, nothing having ended."""
    made = []

    def counted(*given):
        made.append(given)
        return tune_runs(*given)

    monkeypatch.setattr("rnn_research.execution.plan.tune_runs", counted)
    plan = Plan(EXPERIMENT, arms(EXPERIMENT, TABLES), RunDirectory(tmp_path), "", lambda config: {})
    for _ in range(3):
        assert not plan.finished() and plan.expected() == 10
        assert [len(plan.open(group)) for group in plan.groups] == [2, 2]
    assert len(made) == 2  # once an arm
    set_status(plan.run, plan.open(plan.groups[0])[0], "done", "", {"best_valid": 1000.0, "step": 2})
    assert [len(plan.open(group)) for group in plan.groups] == [1, 2]  # one of two pilots asks for no more
    assert len(made) == 2
    end(plan, the_larger_the_better)
    assert [len(plan.open(group)) for group in plan.groups] == [1, 1]
    assert len(made) == 4


def test_what_is_shown_of_workers_counts_all_that_is_to_come(tmp_path):
    plan = Plan(EXPERIMENT, arms(EXPERIMENT, TABLES), RunDirectory(tmp_path), "", lambda config: {})
    end(plan, the_larger_the_better)
    shown: list[tuple[int, int, int]] = []
    display: Any = SimpleNamespace(results=print, workers=lambda *numbers: shown.append(numbers))
    show_progress(plan, display, set(), 2)
    assert shown == [(4, 12, 2)]


def test_trials_to_expect_are_those_of_the_plan_where_no_pilot_leads_on(tmp_path):
    tune = dataclasses.replace(TUNE, values=(1e-3, 1e-2, 1e-1))
    experiment = dataclasses.replace(EXPERIMENT, tune=tune)
    plan = Plan(experiment, arms(experiment, TABLES), RunDirectory(tmp_path), "", lambda config: {})
    while not plan.finished():
        assert plan.expected() == count_trials(experiment)
        end(plan, lambda trial: abs(trial.config.optimizer.learning_rate - 1e-2))
    assert plan.expected() == len(plan.known_ended) == count_trials(experiment) == 2 * (3 + 3)


def test_pilots_whose_looks_are_lost_choose_nothing(tmp_path):
    """Cut after the first look they chose another rate, without a word."""
    run = RunDirectory(tmp_path)
    plan = Plan(EXPERIMENT, arms(EXPERIMENT, TABLES), run, "", lambda config: {})
    for trial in [trial for group in plan.groups for trial in plan.open(group)]:
        begin(run, trial)
        write_card(run, trial, {"metric": "mse"})
        record(run, trial, [{"step": step, "split": "valid", "loss": 1.0, "mse": 1.0} for step in (1, 2)])
        set_status(run, trial, "done", "", {"best_valid": 1.0, "step": 2})
    plan.refuse_cut()
    cut = run.metrics(trial.id)
    cut.write_bytes(cut.read_bytes().splitlines(keepends=True)[0])
    with pytest.raises(ValueError, match=rf"{cut} was cut, or is lost: remove {cut.parent}, and the same command"):
        plan.refuse_cut()
    record(run, trial, [{"step": 2, "split": "valid", "loss": 1.0, "mse": 1.0}])
    (run.trial(trial.id) / "card.json").unlink()
    with pytest.raises(ValueError, match=r"card\.json was cut, or is lost"):
        plan.refuse_cut()
