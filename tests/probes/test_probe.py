"""The probe: what it measures, against independent computations; that it leaves the run's bits alone."""

import dataclasses
import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import CELLS
from rnn_research.experiment import Choice, ModelConfig, OptimizerConfig, ProbeConfig, TrainConfig, TrialConfig
from rnn_research.gradients import decay_curves, half_life, log10_kept
from rnn_research.models import sequence_model
from rnn_research.tasks import TASKS
from rnn_research.training.devices import make_mesh
from rnn_research.training.pack import run_pack
from rnn_research.training.probe import looks, make_probe
from rnn_research.training.program import compile_program
from rnn_research.training.step import training_data

CONFIG = TrialConfig(
    task=Choice("adding", length=12),
    model=ModelConfig(cell=Choice("lstm", hidden=5, forget_bias=1.0)),
    optimizer=OptimizerConfig(learning_rate=1e-2),
    probe=ProbeConfig(gradients=True, jacobians=True, lengths="10,20", every=8, examples=6),
    train=TrainConfig(steps=24, batch=8, eval_every=4, valid_examples=16, test_examples=16),
)


def build(config):
    task = TASKS[config.task.name](**dict(config.task.options))
    return task, sequence_model(config.model, task), training_data(config, task)


def events(config, seeds=2, **options):
    task, model, data = build(config)
    program = compile_program(config, task, model, data, make_mesh())
    return list(run_pack(program, [dataclasses.replace(config, seed=seed) for seed in range(seeds)], **options))


@pytest.fixture(scope="module")
def probed():
    return events(CONFIG)


def rows(found, split, trial=0):
    return {event.step: event.rows[split] for event in found if event.trial == trial and split in event.rows}


@pytest.mark.slow
def test_the_probe_does_not_change_a_bit(probed):
    plain = events(dataclasses.replace(CONFIG, probe=ProbeConfig()))
    for trial in range(2):
        for split in ("train", "valid", "test"):
            assert rows(probed, split, trial) == rows(plain, split, trial)
        ends = [next(e.state for e in found if e.kind == "done" and e.trial == trial) for found in (probed, plain)]
        jax.tree.map(np.testing.assert_array_equal, *ends)
    assert not rows(plain, "probe")


@pytest.mark.slow
def test_it_looks_first_last_and_as_often_as_asked(probed):
    for trial in range(2):
        found = rows(probed, "probe", trial)
        assert list(found) == [0, 8, 16, 24]
        assert all(row["probe_seconds"] > 0 for row in found.values())
        assert [step for step, row in found.items() if "mse@20" in row] == [24]
        assert all(len(row["decay"]) == 11 and len(row["log10_product"]) == 12 for row in found.values())
    assert {event.kind for event in probed} == {"started", "chunk", "done"}


def test_pilots_are_not_probed():
    short = dataclasses.replace(CONFIG, probe=ProbeConfig(gradients=True))
    assert not rows(events(short, seeds=1, test=False), "probe")


def test_a_trial_of_no_steps_is_probed_and_scored():
    train = dataclasses.replace(CONFIG.train, steps=0)
    found = events(dataclasses.replace(CONFIG, train=train, probe=ProbeConfig(gradients=True, lengths="30")), seeds=3)
    assert [event.kind for event in found].count("done") == 3
    for trial in range(3):
        assert list(rows(found, "probe", trial)) == [0]
        assert rows(found, "probe", trial)[0]["mse@30"] > 0
        assert math.isfinite(rows(found, "test", trial)[0]["mse"])


def test_looks():
    assert [step for step in range(0, 25, 4) if looks(CONFIG, step)] == [0, 8, 16, 24]
    often = dataclasses.replace(CONFIG, probe=ProbeConfig(gradients=True))
    assert all(looks(often, step) for step in range(0, 25, 4))
    assert not any(looks(dataclasses.replace(CONFIG, probe=ProbeConfig()), step) for step in range(0, 25, 4))


MODELS = {
    "elman": ModelConfig(cell=Choice("elman", hidden=4)),
    "lstm": ModelConfig(cell=Choice("lstm", hidden=4)),
    "gru, two layers": ModelConfig(cell=Choice("gru", hidden=4), layers=2, residual=True),
}
TASK_FORMS = {
    "last": Choice("adding", length=9),
    "every step": Choice("copy_memory", delay=2),
    "of many lengths": Choice("temporal_order", length=16, shortest=10),
}


@pytest.mark.slow
@pytest.mark.parametrize("name, form", list(zip(MODELS, TASK_FORMS)))
def test_curves_equal_derivatives_by_the_unrolled_network(name, form, x64):
    """The rest of the network run by hand from the state after step k, and differentiated with respect to it."""
    config = dataclasses.replace(CONFIG, model=MODELS[name], task=TASK_FORMS[form])
    task, model, data = build(config)
    batch = jax.tree.map(lambda leaf: jnp.asarray(leaf[0][:2]), data["valid"])
    batch = batch._replace(inputs=batch.inputs.astype(jnp.float64), weights=batch.weights.astype(jnp.float64))
    params = model.init(jax.random.key(3), 1.5)
    params = jax.tree.map(lambda p: p + 0.1 * jax.random.normal(jax.random.key(p.size), p.shape), params)
    curves = decay_curves(model, task, params, batch)
    ends = [task.time] * 2 if batch.lengths is None else [int(length) for length in batch.lengths]
    if task.readout == "all":
        ends = [int(np.flatnonzero(weights)[-1]) + 1 for weights in batch.weights]
    for distance in (1, 4, max(ends) - 1):
        reached = [b for b in range(2) if ends[b] > distance]
        norms = [by_hand(model, task, params, batch, b, ends[b] - distance, ends[b]) for b in reached]
        for key, curve in curves.items():
            np.testing.assert_allclose(curve[distance - 1], np.mean([norm[key] for norm in norms]), rtol=1e-8)
    for curve in curves.values():
        assert np.isnan(curve[max(ends) - 1 :]).all()


def by_hand(model, task, params, batch, b, k, end):
    cell, inputs = model.cell, batch.inputs[b]
    target = batch.targets[b] if task.readout == "last" else batch.targets[b, end - 1]

    @jax.jit
    def loss(state, inputs, target):
        for x in inputs:
            state, output = cell.step(params["recurrent"], state, x)
        answer = output @ params["head"]["kernel"] + params["head"]["bias"]
        if task.metric == "mse":
            return (answer[0] - target) ** 2
        return -jax.nn.log_softmax(answer)[target]

    step = jax.jit(lambda state, x: cell.step(params["recurrent"], state, x)[0])
    state = functools.reduce(step, inputs[:k], cell.initial_state())
    gradient = jax.grad(loss)(state, inputs[k:end], target)
    parts = jax.tree_util.tree_flatten_with_path(gradient)[0]
    norms = {jax.tree_util.keystr(p, simple=True, separator="/"): np.linalg.norm(leaf) for p, leaf in parts}
    return {"decay": np.linalg.norm(list(norms.values()))} | {f"decay/{key}": norm for key, norm in norms.items()}


def test_the_skip_connections_own_memory_counts_no_second_time(x64):
    """Of a linear identity network, whose every step keeps all, the error with a skip every 3 steps doubles there."""
    config = ModelConfig(cell=Choice("elman", hidden=3, activation="linear", recurrent_init="identity"), skip=3)
    task, model, data = build(dataclasses.replace(CONFIG, model=config, task=Choice("adding", length=10)))
    batch = jax.tree.map(lambda leaf: jnp.asarray(leaf[0][:2], jnp.float64), data["valid"])
    curve = decay_curves(model, task, model.init(jax.random.key(0), 1.0), batch)["decay"]
    # Steps 3, 6 and 9 read what was read 3 steps before once more, so what step 6 or one before it read counts twice.
    factors = curve / curve[0]
    np.testing.assert_allclose(factors, [1, 1, 1, 2, 2, 2, 4, 4, 4], rtol=1e-6)


def test_jacobians_and_their_bound():
    config = dataclasses.replace(
        CONFIG,
        model=ModelConfig(cell=Choice("elman", hidden=6, activation="sigmoid"), init_scale=3.0),
        probe=ProbeConfig(jacobians=True, examples=4),
    )
    task, model, data = build(config)
    params = model.init(jax.random.key(0), 3.0)
    probe = make_probe(config, task, model, data, jax.eval_shape(lambda: params))
    row = probe(params, False)
    kernel = np.asarray(params["recurrent"][0]["recurrent_kernel"], np.float64)
    assert row["bound"] == pytest.approx(0.25 * np.linalg.norm(kernel, 2), rel=1e-5)
    cell = CELLS["elman"](6, activation="sigmoid")
    largest, products = 0.0, []
    for inputs in data["valid"].inputs[0][:4]:
        state, product = cell.initial_state(), np.eye(6)
        for x in inputs:
            before = state.hidden
            state, _ = cell.step(params["recurrent"][0], state, x)
            slope = np.asarray(state.hidden * (1 - state.hidden), np.float64)
            jacobian = slope[:, None] * kernel.T
            largest, product = max(largest, np.linalg.norm(jacobian, 2)), jacobian @ product
            assert before.shape == (6,)
        products.append(np.log10(np.linalg.norm(product, 2)))
    assert row["jacobian_norm_max"] == pytest.approx(largest, rel=1e-4)
    assert row["norm_over_bound"] <= 1 + 1e-5
    assert row["log10_product_end"] == pytest.approx(np.mean(products), rel=1e-4)


def test_a_network_that_reads_both_ways_has_curves_but_no_jacobians():
    config = dataclasses.replace(CONFIG, model=ModelConfig(cell=Choice("lstm", hidden=3), bidirectional=True))
    task, model, data = build(config)
    template = jax.eval_shape(lambda: model.init(jax.random.key(0), 1.0))
    curves_only = dataclasses.replace(config, probe=ProbeConfig(gradients=True))
    row = make_probe(curves_only, task, model, data, template)(model.init(jax.random.key(0), 1.0), False)
    assert len(row["decay"]) == 11 and all(value > 0 for value in row["decay"])
    with pytest.raises(ValueError, match="reads one way"):
        make_probe(config, task, model, data, template)


def test_a_task_without_a_length_cannot_be_scored_at_others():
    config = dataclasses.replace(CONFIG, task=Choice("sequential_digits"), probe=ProbeConfig(lengths="20"))
    with pytest.raises(ValueError, match="has no option 'length'"):
        make_probe(config, *build(config), None)


def test_half_life():
    distances = np.arange(1, 129)
    assert half_life(0.5 ** ((distances - 1) / 7.5)) == pytest.approx(8.5)
    assert half_life(3e-20 * 0.5 ** (distances - 1)) == pytest.approx(2)
    assert half_life(np.ones(128)) == 128
    assert half_life(2.0**distances) == 128
    assert half_life(np.array([1.0, 0.0, 0.0])) < 2
    assert math.isnan(half_life(np.zeros(5)))
    assert math.isnan(half_life(np.array([np.inf, 1.0])))


def test_log10_kept():
    assert log10_kept(np.array([2.0, 1.0, 2e-5])) == pytest.approx(-5)
    assert log10_kept(np.array([1.0, 0.0])) == pytest.approx(-37.93, abs=0.01)
    assert log10_kept(np.array([1.0, np.inf])) == math.inf
    assert math.isnan(log10_kept(np.array([1.0, np.nan])))
