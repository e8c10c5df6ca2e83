"""What every cell must learn."""

import dataclasses

import pytest

from rnn_research.experiment import Choice, ModelConfig, OptimizerConfig, TrainConfig, TrialConfig
from tests.support.packs import compiled, run

pytestmark = pytest.mark.as_users

CELL_FORMS = {
    "elman": Choice("elman", hidden=32),
    "elman_relu": Choice("elman", hidden=32, activation="relu", recurrent_init="identity"),
    "lstm": Choice("lstm", hidden=16),
    "gru": Choice("gru", hidden=16, keep_bias=1.0),
    "gru_before": Choice("gru", hidden=16, keep_bias=1.0, reset_after=False),
}


def scores_of(config, metric):
    """A metric of the test of two seeds."""
    outcomes = run(compiled(config), [dataclasses.replace(config, seed=seed) for seed in range(2)])
    return [dict(outcome.rows[-1][1])["test"][metric] for outcome in outcomes]


@pytest.mark.slow
@pytest.mark.parametrize("form", CELL_FORMS)
def test_every_cell_recalls_the_first_of_20_inputs(form):
    config = TrialConfig(
        task=Choice("recall_first", length=20),
        model=ModelConfig(cell=CELL_FORMS[form]),
        optimizer=OptimizerConfig(learning_rate=3e-3),
        train=TrainConfig(steps=800, eval_every=200),
    )
    scores = scores_of(config, "accuracy")
    assert len(scores) == 2
    assert min(scores) > 0.95


@pytest.mark.slow
def test_lstm_learns_to_add_over_50_steps():
    config = TrialConfig(
        task=Choice("adding", length=50),
        model=ModelConfig(cell=Choice("lstm", hidden=24)),
        optimizer=OptimizerConfig(learning_rate=1e-2),
        train=TrainConfig(steps=1000, eval_every=250),
    )
    assert max(scores_of(config, "mse")) < 0.167 / 10
