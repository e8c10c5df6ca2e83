"""What probes look at: a config's task and network, and a run of it."""

import dataclasses

import jax

from rnn_research.execution.program_cache import make_learner
from rnn_research.exhibits import TEST_PARTS
from rnn_research.experiment import Choice, ModelConfig, OptimizerConfig, TrainConfig, TrialConfig
from rnn_research.experiment.choice import build
from rnn_research.models import Weights
from rnn_research.tasks import TASKS
from rnn_research.training.devices import make_mesh
from rnn_research.training.program import Devices

DEVICES = Devices(make_mesh(jax.devices()[:1]))
CONFIG = TrialConfig(
    task=Choice("adding", length=12),
    model=ModelConfig(cell=Choice("lstm", hidden=5, forget_bias=1.0)),
    optimizer=OptimizerConfig(learning_rate=1e-2),
    train=TrainConfig(steps=24, batch=8, eval_every=4, valid_examples=16, test_examples=16),
)


def changed(config=CONFIG, **fields):
    return dataclasses.replace(config, **fields)


def learner_of(config):
    """The learner that a config names."""
    return make_learner(config, build(config.task, TASKS, "task"), DEVICES)


def subject_of(config):
    """What the config's probes look at."""
    return learner_of(config).subject


def weights_of(params, statistics=()):
    return Weights(params, statistics)


def seeds(config, count):
    return [dataclasses.replace(config, seed=seed) for seed in range(count)]


def rows(found, split, trial=0):
    """A trial's rows of a split, by step."""
    return {event.step: event.rows[split] for event in found if event.trial == trial and split in event.rows}


def exhibits(found, trial=0):
    """What probes showed of a trial by step, each by its name."""
    shown = {}
    for event in found:
        probed = [one for one in event.exhibits if one.name != TEST_PARTS]
        if event.trial == trial and probed:
            shown.setdefault(event.step, {}).update({one.name: one for one in probed})
    return shown
