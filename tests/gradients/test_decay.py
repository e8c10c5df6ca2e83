"""How the error of a model's last loss decays: against the unrolled network, differentiated by hand."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.experiment import Choice, ModelConfig
from rnn_research.experiment.choice import build
from rnn_research.gradients import decay_curves, half_life, log10_kept
from rnn_research.models import network
from rnn_research.tasks import TASKS
from rnn_research.tasks.base import Batch, Inputs, Target
from tests.support.at_random import params_of
from tests.support.batches import held

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


def case(model_config, task_choice):
    """A task, a model, and two held-out examples in double precision."""
    task = build(task_choice, TASKS, "task")
    model = network(model_config, task.inputs, task.target)
    batch = jax.tree.map(lambda leaf: jnp.asarray(leaf[:2]), held(task, "valid", 16))
    batch = batch._replace(inputs=batch.inputs.astype(jnp.float64), weights=batch.weights.astype(jnp.float64))
    return task, model, batch


@pytest.mark.slow
@pytest.mark.parametrize("name, form", list(zip(MODELS, TASK_FORMS)))
def test_curves_equal_derivatives_by_the_unrolled_network(name, form, x64):
    """The rest of the network run by hand from the state after step k, and differentiated with respect to it."""
    task, model, batch = case(MODELS[name], TASK_FORMS[form])
    params = params_of(model)
    params = jax.tree.map(lambda p: p + 0.1 * jax.random.normal(jax.random.key(p.size), p.shape), params)
    curves = jax.jit(lambda params, batch: decay_curves(model, params, batch))(params, batch)
    ends = [task.inputs.time] * 2 if batch.lengths is None else [int(length) for length in batch.lengths]
    if task.target.each_step:
        ends = [int(np.flatnonzero(weights)[-1]) + 1 for weights in batch.weights]
    for distance in (1, 4, max(ends) - 1):
        reached = [b for b in range(2) if ends[b] > distance]
        norms = [by_hand(model, task, params, batch, b, ends[b] - distance, ends[b]) for b in reached]
        for key, curve in curves.items():
            np.testing.assert_allclose(curve[distance - 1], np.mean([norm[key] for norm in norms]), rtol=1e-8)
    for curve in curves.values():
        assert np.isnan(curve[max(ends) - 1 :]).all()


def by_hand(model, task, params, batch, b, k, end):
    cell, inputs = model.inside.cell, batch.inputs[b]
    target = batch.targets[b, end - 1] if task.target.each_step else batch.targets[b]

    def loss(state, inputs, target):
        for x in inputs:
            state, output = cell.step(params["recurrent"], state, x)
        answer = output @ params["head"]["kernel"] + params["head"]["bias"]
        if task.target.head == "regression":
            return (answer[0] - target) ** 2
        return -jax.nn.log_softmax(answer)[target]

    # Not compiled: its operations are few, and are compiled once, where a program would be for every length.
    state = cell.initial_state()
    for x in inputs[:k]:
        state, _ = cell.step(params["recurrent"], state, x)
    gradient = jax.grad(loss)(state, inputs[k:end], target)
    parts = jax.tree_util.tree_flatten_with_path(gradient)[0]
    norms = {jax.tree_util.keystr(p, simple=True, separator="/"): np.linalg.norm(leaf) for p, leaf in parts}
    return {"decay": np.linalg.norm(list(norms.values()))} | {f"decay/{key}": norm for key, norm in norms.items()}


def test_the_skip_connections_own_memory_counts_no_second_time(x64):
    """Of a linear identity network, whose every step keeps all, the error with a skip every 3 steps doubles there."""
    config = ModelConfig(cell=Choice("elman", hidden=3, activation="linear", recurrent_init="identity"), skip=3)
    _, model, batch = case(config, Choice("adding", length=10))
    curve = jax.jit(lambda batch: decay_curves(model, model.init(jax.random.key(0), 1.0), batch))(batch)["decay"]
    # Steps 3, 6 and 9 read what was read 3 steps before once more, so what step 6 or one before it read counts twice.
    factors = curve / curve[0]
    np.testing.assert_allclose(factors, [1, 1, 1, 2, 2, 2, 4, 4, 4], rtol=1e-6)


def test_the_error_in_a_text_is_sent_back_to_the_start_of_its_document():
    config = ModelConfig(cell=Choice("lstm", hidden=5), layers=2, embedding=4)
    model = network(config, Inputs("ids", 21, 10), Target("softmax", 20, each_step=True))
    tokens = jnp.asarray(np.random.default_rng(0).integers(0, 20, (3, 11)))
    starts = jnp.zeros((3, 10), bool).at[:, 6].set(True)
    batch = Batch(tokens[:, :-1], tokens[:, 1:], jnp.ones((3, 10)), starts=starts)
    run = jax.jit(lambda params, batch: decay_curves(model, params, batch))
    curve = run(params_of(model), batch)["decay"]
    # Nudges to the state that step 6 reads, and those before, have no effect: the state is put back there.
    assert (np.asarray(curve[:2]) > 0).all() and not np.asarray(curve[3:]).any()


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


def test_a_curve_without_distances_has_neither_half_life_nor_share():
    """As of sequences of which only the first step is scored."""
    assert math.isnan(half_life(np.zeros(0))) and math.isnan(log10_kept(np.zeros(0)))
