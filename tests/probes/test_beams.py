"""Answers by the width of the search: those of the head with that width and rank, and what is said of them."""

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

EXAMPLES = 24
CONFIG = TrialConfig(
    task=Choice("symbols", op="copy", symbols=3, length=4, lengths=(2, 4), longer=(), examples=60),
    model=ModelConfig(cell=Choice("elman", hidden=6)),
    train=TrainConfig(steps=2, batch=4, eval_every=2, valid_examples=4, test_examples=EXAMPLES),
)


def test_the_answers_of_every_width_are_those_that_the_head_finds_by_that_rank():
    subject = learner_of(CONFIG).subject
    task = subject.task
    params = jax.device_get(params_of(subject.model, scale=0.3))
    params["head"]["output"]["kernel"] = 3 * params["head"]["output"]["kernel"]  # or all that is written would be alike
    found = PROBES["beams"](widths=(1, 3)).make(subject)(Weights(params, ()))
    batches = task.data.held_out("test", EXAMPLES)
    rows = jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), batches)
    counted = (rows.weights > 0).any(axis=-1)
    for name, width, penalty in (("beam(1)", 1, 0.0), ("beam(3)", 3, 0.0), ("per_token(3)", 3, 1.0)):
        options = (("beam", width), ("n_best", 1), ("length_penalty", penalty))
        answering = network(CONFIG.model, task.inputs, task.target._replace(options=options))
        best, _ = jax.jit(answering.answer)(params, rows._replace(targets=None, about=None), Carry(None, ()))
        assert found.numbers[f"log_probability@{name}"] == pytest.approx(
            float(best.scores[counted, 0].mean()), rel=1e-5
        )
        assert found.numbers[f"tokens@{name}"] == pytest.approx(float(best.lengths[counted, 0].mean()))
        answers = type(batches.targets)(best.ids[:, 0], best.lengths[:, 0])
        answers = jax.tree.map(
            lambda leaf: np.asarray(leaf).reshape(*batches.weights.shape[:2], *leaf.shape[1:]), answers
        )
        seen = Seen({}, lambda answers=answers: answers, batches, losses=lambda: np.zeros(batches.weights.shape))
        assert found.numbers[f"exact_match@{name}"] == task.score({"test": seen}).numbers["exact_match"]
    assert found.numbers["tokens@beam(3)"] < found.numbers["tokens@per_token(3)"]
    assert found.numbers["log_probability@beam(3)"] > found.numbers["log_probability@beam(1)"]
    curve = {exhibit.name: exhibit for exhibit in found.exhibits}["log_probability_by_width_beam"]
    assert curve.positions == [1, 3] and curve.y[1] == found.numbers["log_probability@beam(3)"]


@pytest.mark.parametrize("options", [{"widths": ()}, {"widths": (0, 5)}, {"widths": (5, 5)}])
def test_widths_that_cannot_be_are_refused(options):
    with pytest.raises(ValueError, match="probe beams needs different widths"):
        PROBES["beams"](**options)


def test_other_tasks_are_refused():
    subject = learner_of(dataclasses.replace(CONFIG, task=Choice("adding", length=3))).subject
    with pytest.raises(ValueError, match="beams is for a decoder, not for task 'adding'"):
        PROBES["beams"]().check(subject)
