"""The records of a run."""

import math

import pytest

from rnn_research.exhibits import Matrix, as_row
from rnn_research.experiment.config import TrialConfig
from rnn_research.experiment.trials import Trial
from rnn_research.runs.directory import (
    FORMAT,
    RunDirectory,
    begin,
    declare,
    note_trials,
    open_directory,
    record,
    record_exhibits,
    set_status,
    write_card,
    write_codec,
)
from rnn_research.runs.files import write_json

TRIAL = Trial("abc", "main", 0, {"cell": "a"}, TrialConfig(), {"optimizer.learning_rate": 0.01})


def test_directory_refuses_other_experiments_and_foreign_files(tmp_path):
    mine = {"experiment": "x", "base": {"steps": 1}}
    run = open_directory(tmp_path / "a", mine)
    declare(run, mine, {})
    assert open_directory(tmp_path / "a", mine) == run
    before = (tmp_path / "a" / "experiment.json").read_text()
    for identity, difference in (
        ({"experiment": "y", "base": {"steps": 1}}, "holds x, not y"),
        ({"experiment": "x", "base": {"steps": 2}}, "base.steps=1, not 2"),
    ):
        with pytest.raises(ValueError, match=difference):
            open_directory(tmp_path / "a", identity)
        with pytest.raises(ValueError, match=difference):
            declare(run, identity, {})
    assert (tmp_path / "a" / "experiment.json").read_text() == before
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "thesis.tex").write_text("mine")
    with pytest.raises(ValueError, match="not empty"):
        open_directory(tmp_path / "b", mine)


def test_an_older_directory_is_refused(tmp_path):
    mine = {"experiment": "x", "base": {"steps": 1}}
    write_json(tmp_path / "experiment.json", {"format": FORMAT - 1, "identity": mine})
    with pytest.raises(ValueError, match="written by an older version"):
        open_directory(tmp_path, mine)


def test_a_trials_records_come_back(tmp_path):
    run = RunDirectory(tmp_path)
    begin(run, TRIAL)
    assert (run.card("abc"), run.codec("abc"), run.exhibits("abc"), run.rows("abc")) == ({}, None, [], [])
    write_card(run, TRIAL, {"metric": "nats", "perfect": -math.inf, "baseline": {"nats": 1.5}, "hidden": None})
    write_codec(run, TRIAL, {"tokens": ["a", "\u2028", "ä"], "unknown": None})
    record(run, TRIAL, [{"step": 1, "split": "train", "loss": 0.1 + 0.2}])
    record_exhibits(run, TRIAL, [as_row(Matrix("m", "M", [[1.0, 2.0]]), 1)])
    set_status(run, TRIAL, "diverged", "why", {"step": 3, "best_valid": math.inf})
    assert run.card("abc") == {"metric": "nats", "perfect": -math.inf, "baseline": {"nats": 1.5}}
    assert run.codec("abc") == {"tokens": ["a", "\u2028", "ä"], "unknown": None}
    assert run.rows("abc") == [{"step": 1, "split": "train", "loss": 0.1 + 0.2}]
    assert [row["values"] for row in run.exhibits("abc")] == [[[1.0, 2.0]]]
    assert run.status("abc") == {"state": "diverged", "reason": "why", "step": 3, "best_valid": math.inf}


def test_beginning_again_leaves_nothing_of_before(tmp_path):
    run = RunDirectory(tmp_path)
    begin(run, TRIAL)
    write_card(run, TRIAL, {"metric": "loss"})
    write_codec(run, TRIAL, [1])
    record(run, TRIAL, [{"step": 1}])
    record_exhibits(run, TRIAL, [as_row(Matrix("m", "M", [[1.0]]), 1)])
    begin(run, TRIAL)
    assert (run.card("abc"), run.codec("abc"), run.exhibits("abc"), run.rows("abc")) == ({}, None, [], [])


def test_the_entry_of_a_trial_says_what_was_tuned(tmp_path):
    run = RunDirectory(tmp_path)
    declare(run, {}, {})
    note_trials(run, [TRIAL])
    document = run.document()
    assert document is not None
    (entry,) = document["trials"]
    assert entry == {
        "id": "abc",
        "stage": "main",
        "arm": 0,
        "labels": {"cell": "a"},
        "seed": 0,
        "tuned": {"optimizer.learning_rate": 0.01},
    }
