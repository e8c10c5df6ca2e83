"""The error rates that the probe finds are those of the heads that answer so."""

import dataclasses

import jax
import numpy as np
import pytest

from rnn_research.experiment import Choice, ModelConfig, TrainConfig, TrialConfig
from rnn_research.models import Carry, Weights, network
from rnn_research.probes import PROBES
from rnn_research.tasks.base import Seen
from tests.support.at_random import params_of
from tests.support.subjects import learner_of

CONFIG = TrialConfig(
    task=Choice("handwriting", digits=2),
    model=ModelConfig(cell=Choice("elman", hidden=6)),
    train=TrainConfig(steps=2, batch=4, eval_every=2, valid_examples=4, test_examples=40),
)


def test_errors_are_those_of_the_head_s_answers_by_the_same_search():
    learner = learner_of(CONFIG)
    task, model = learner.subject.task, learner.subject.model
    params = jax.device_get(params_of(model, scale=0.3))
    params["head"]["kernel"] = 8 * params["head"]["kernel"]  # or all that is read would be alike
    found = PROBES["labellings"](beams=(3,), lines=2).make(learner.subject)(Weights(params, ()))
    batches = task.data.held_out("test", 40)
    scored = {}
    for name, beam in (("best_path", 0), ("beam(3)", 3)):
        answering = network(CONFIG.model, task.inputs, task.target._replace(options=(("beam", beam),)))
        answers, _ = jax.jit(answering.answer)(params, jax.tree.map(lambda leaf: leaf[0], batches), Carry(None, ()))
        seen = Seen({}, lambda answers=answers: jax.tree.map(lambda leaf: np.asarray(leaf)[None], answers), batches)
        scored[name] = task.score({"test": seen}).numbers["character_error_rate"]
    assert found.numbers == pytest.approx(
        {
            "error@best_path": scored["best_path"],
            "error@beam(3)": scored["beam(3)"],
            "gain@beam(3)": scored["best_path"] - scored["beam(3)"],
        }
    )
    assert scored["best_path"] != scored["beam(3)"]
    (shown,) = found.exhibits
    assert shown.rows == (*"0123456789", "blank") and len(shown.values) == 2
    first = task.data.held_out("test", 2)
    for picture, below, time in zip(shown.values, shown.below, first.lengths[0]):
        assert np.shape(picture) == (12, time) and np.shape(below) == (11, time)
        np.testing.assert_allclose(np.sum(below, axis=0), 1, rtol=1e-5)


@pytest.mark.parametrize("options", [{"beams": (0,)}, {"lines": 0}])
def test_widths_and_lines_that_cannot_be_are_refused(options):
    with pytest.raises(ValueError, match="probe labellings needs lines and widths"):
        PROBES["labellings"](**options)


def test_other_tasks_are_refused():
    subject = learner_of(dataclasses.replace(CONFIG, task=Choice("adding", length=3))).subject
    with pytest.raises(ValueError, match="labellings is for handwriting, not for task 'adding'"):
        PROBES["labellings"]().check(subject)
