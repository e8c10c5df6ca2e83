"""Settings that trials of one program may differ in: each matters, and the program knows none of them."""

import dataclasses
import functools

import numpy as np
import pytest

from rnn_research.experiment import Choice, ModelConfig, OptimizerConfig, TrainConfig, TrialConfig, paths
from rnn_research.experiment.config import signature, static, traced_paths
from rnn_research.experiment.settings import settings
from rnn_research.learners import LEARNERS
from rnn_research.training.traced import traced_values
from tests.support.packs import bits, parts, two_devices

pytestmark = pytest.mark.slow

# Every traced setting that is 0 unless it is given gets this value, a new one too, in the first of the bases that it
# can be in: Ω is for a network without noise.
SOME = 0.1
PLAIN = TrialConfig(
    task=Choice("adding", length=7),
    model=ModelConfig(cell=Choice("elman", hidden=5, activation="tanh"), dropout=SOME),
    optimizer=OptimizerConfig(name="sgd", learning_rate=0.1, schedule="cosine", clip_norm=0.5, clip_value=0.02),
    probes=(Choice("gradients", every=4, examples=2),),
    train=TrainConfig(steps=8, batch=6, eval_every=4, valid_examples=4, test_examples=4),
    seed=3,
)
WRITING = dataclasses.replace(
    PLAIN, task=Choice("symbols", symbols=3, length=4, lengths=(4,), longer=(), examples=20), probes=()
)
PENALTIES = ("penalty.l2", "penalty.omega", "penalty.orthogonality")
NOISE = ("model.dropout", "model.weight_noise")
# And what each is without.
BASES = {
    "penalties": (PLAIN, (*NOISE, "model.scheduled_sampling")),
    "noise": (PLAIN, ("penalty.omega", "model.scheduled_sampling")),
    "decoder": (WRITING, (*NOISE, *PENALTIES)),
}
LOOKED_AT = 4  # updates, before the end of all
NO_MATTER = ()  # traced settings that change nothing of what is trained


def base(name):
    config, without = BASES[name]
    for path in traced_paths():
        if path in without:
            config = paths.replace(config, path, 0.0)
        elif not paths.get(config, path):
            config = paths.replace(config, path, SOME)
    return config


def doubled(config, path):
    return paths.replace(config, path, 2 * paths.get(config, path))


def with_all_doubled(config):
    return functools.reduce(doubled, traced_paths(), config)


def trials(name):
    """The base, and for each traced setting that it has the same with twice its value."""
    config = base(name)
    return {"": config} | {path: doubled(config, path) for path in traced_paths() if path not in BASES[name][1]}


def outcomes(name, compiled_from):
    """All that a program tells of the trials, which is not the time, and the states after a few updates."""
    found = trials(name)
    told, states = {path: [] for path in found}, {}
    learner = LEARNERS["network"]().make(compiled_from, parts(compiled_from)[0], two_devices())
    for event in learner.run(list(found.values()), due=lambda trial, step: step == LOOKED_AT):
        path = list(found)[event.trial]
        rows = {split: {k: v for k, v in row.items() if k != "probe_seconds"} for split, row in event.rows.items()}
        told[path].append((event.kind, event.step, repr(rows), repr(event.exhibits), bits(event.state), event.reason))
        if (event.kind, event.step) == ("chunk", LOOKED_AT):
            states[path] = bits(event.state.params)
    return told, states


@pytest.fixture(scope="module", params=BASES)
def own(request):
    return request.param, *outcomes(request.param, base(request.param))


def test_every_traced_setting_is_in_one_of_the_bases():
    for path in traced_paths():
        assert any(path in trials(name) for name in BASES)


def test_every_traced_setting_matters(own):
    name, _, states = own
    for path in set(states) - {""}:
        assert (states[path] != states[""]) == (path not in NO_MATTER), path
    assert set(states) == set(trials(name))


def test_a_program_does_not_depend_on_the_trial_it_was_compiled_for(own):
    name, told, _ = own
    pilot = with_all_doubled(base(name))
    assert signature(pilot) == signature(base(name))
    again, _ = outcomes(name, pilot)
    for path in told:
        assert again[path] == told[path], path


def test_what_a_program_is_compiled_from_holds_no_traced_value():
    for name in BASES:
        for path, rule, value in settings(static(with_all_doubled(base(name)))):
            assert not rule.traced or value is None or isinstance(value, bool), path


def test_a_value_has_the_type_of_its_setting():
    config = TrialConfig(optimizer=OptimizerConfig(learning_rate=1, clip_norm=2))
    assert {path: value.dtype for path, value in traced_values(config).items()} == {
        path: value.dtype for path, value in traced_values(PLAIN).items()
    }
    assert traced_values(config)["optimizer.clip_norm"] == np.float32(2)
