"""The gap between training and validation, against a plain loop over the batches."""

import dataclasses

import jax
import numpy as np
import pytest

from rnn_research.experiment import Choice, ModelConfig, TrainConfig, TrialConfig
from rnn_research.experiment.config import static
from rnn_research.models import Carry, Weights
from rnn_research.probes import PROBES, Subject
from tests.support.at_random import params_of
from tests.support.packs import parts

CONFIG = TrialConfig(
    task=Choice("sequential_digits", order="rows"),
    model=ModelConfig(cell=Choice("elman", hidden=5), dropout=0.5),
    train=TrainConfig(steps=4, batch=8, eval_every=2, valid_examples=20),
)


def test_both_are_read_without_noise():
    task, model = parts(CONFIG)
    params = params_of(model)
    weights = Weights(params, ())
    subject = Subject(static(CONFIG), task, model, None, jax.eval_shape(lambda: weights))
    probe = PROBES["gap"]()
    assert [probe.due(CONFIG, step) for step in (0, 2, 4)] == [False, False, True]
    found = probe.make(subject)(weights).numbers

    @jax.jit
    def right(batch):
        return task.measure(model.forward(params, batch, Carry(None, ())).terms, batch)["accuracy"]

    batches = [task.data.train(task.data.arrays, jax.random.key(0), step, 8) for step in range(3)]
    train = np.sum([jax.tree.leaves(right(batch)) for batch in batches], axis=0)
    valid = jax.tree.leaves(right(jax.tree.map(lambda leaf: leaf[0], task.data.held_out("valid", 20))))
    assert found["accuracy@train"] == pytest.approx(float(train[0] / train[1]), rel=1e-5)
    assert found["accuracy@valid"] == pytest.approx(float(valid[0] / valid[1]), rel=1e-5)
    assert found["gap"] == pytest.approx(found["accuracy@train"] - found["accuracy@valid"], abs=1e-6)


def test_learners_of_another_kind_are_refused():
    subject = Subject(dataclasses.replace(CONFIG, learner=Choice("majority")), parts(CONFIG)[0])
    with pytest.raises(ValueError, match="probe gap is for networks, not for learner 'majority'"):
        PROBES["gap"]().check(subject)
