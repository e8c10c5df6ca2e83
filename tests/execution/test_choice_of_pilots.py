"""Which of the candidates its pilots choose."""

import pytest

from rnn_research.execution.plan import choose_value
from rnn_research.experiment.config import TrialConfig
from rnn_research.experiment.trials import Trial
from rnn_research.runs.directory import RunDirectory, set_status

DONE, DIVERGED, FAILED = "done", "diverged", "failed"


@pytest.mark.parametrize(
    ("by_value", "chosen"),
    [
        ({0.1: [(DONE, 0.5, 9)], 1.0: [(DONE, 0.4, 9)]}, 1.0),
        ({0.1: [(DONE, 0.5, 9)], 1.0: [(DIVERGED, 0.1, 5)]}, 0.1),
        ({0.1: [(DONE, 0.5, 9)], 1.0: [(FAILED, None, None)]}, 0.1),
        ({0.1: [(DONE, 0.5, 9)] * 2, 1.0: [(DONE, 0.1, 9), (DIVERGED, 0.1, 5)]}, 0.1),
        # As many diverged of each: what those that reached the end came to.
        ({0.1: [(DONE, 0.5, 9), (DIVERGED, 0.1, 5)], 1.0: [(DONE, 0.4, 9), (DIVERGED, 0.9, 2)]}, 1.0),
        # None reached it: the one that got furthest, then the lower loss.
        ({0.1: [(DIVERGED, 0.5, 8)], 1.0: [(DIVERGED, 0.1, 5)], 2.0: [(FAILED, None, None)]}, 0.1),
        ({0.1: [(DIVERGED, 0.5, 8)], 1.0: [(DIVERGED, 0.1, 8)]}, 1.0),
        ({}, None),
    ],
)
def test_a_pilot_that_diverged_does_not_win(tmp_path, by_value, chosen):
    run, candidates = RunDirectory(tmp_path), {}
    for value, pilots in by_value.items():
        candidates[value] = [Trial(f"{value}-{i}", "pilot", 0, {}, TrialConfig(), {}) for i in range(len(pilots))]
        for trial, (state, loss, step) in zip(candidates[value], pilots, strict=True):
            set_status(run, trial, state, "", {"best_valid_loss": loss, "step": step})
    assert choose_value(run, candidates) == chosen
