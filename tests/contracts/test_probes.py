"""What every probe promises, on the first task that it fits."""

import dataclasses
import json
import math

import jax
import numpy as np
import pytest

from rnn_research.exhibits import as_row, from_row
from rnn_research.experiment.choice import build
from rnn_research.models import Weights, network
from rnn_research.tables import TABLES
from tests.contracts.small import MODELS, config_of, first_that_fits, made, names, same, small
from tests.support.at_random import params_of


def looked(name: str):
    """The probe's findings of initial weights; and those weights, before and after."""
    probe = build(small("probe", name), TABLES["probe"], "probe")

    def subject_of(task: str):
        config = dataclasses.replace(config_of(task, **MODELS.get(name, {})), probes=(small("probe", name),))
        subject = made(config).subject
        probe.check(subject)
        return subject, config

    subject, config = first_that_fits(subject_of)
    task = subject.task
    model = network(config.model, task.inputs, task.target)
    weights = jax.device_get(Weights(params_of(model), model.start(1).statistics))
    before = jax.tree.map(np.copy, weights)
    steps = range(0, config.train.steps + 1, config.train.eval_every)
    assert any(probe.due(config, step) for step in steps)
    look = probe.make(subject)
    first, second = look(weights), look(weights)
    assert same(before, weights)
    return first, second


@pytest.mark.parametrize("name", names("probe"))
def test_findings(name):
    first, second = looked(name)
    assert first.numbers or first.exhibits
    assert set(first.numbers) == set(second.numbers)
    for key, value in first.numbers.items():
        assert isinstance(value, float) and not math.isinf(value)
        if not key.startswith(("written_per_s", "update_ms")):  # by the clock
            assert value == second.numbers[key] or math.isnan(value), key  # the same weights, the same numbers
    for exhibit in first.exhibits:
        row = json.loads(json.dumps(as_row(exhibit, 2)))
        assert row == json.loads(json.dumps(as_row(from_row(row), 2)))
        assert row["title"]
    assert [exhibit.name for exhibit in first.exhibits] == [exhibit.name for exhibit in second.exhibits]
    assert len({exhibit.name for exhibit in first.exhibits}) == len(first.exhibits)


@pytest.mark.parametrize("name", names("probe"))
def test_a_learner_of_another_kind_is_refused_or_looked_at(name):
    probe = build(small("probe", name), TABLES["probe"], "probe")
    subject = made(config_of("acronym", "first_word")).subject
    with pytest.raises(ValueError, match=name):
        probe.check(subject)
