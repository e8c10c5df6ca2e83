"""The step, the optimiser, divergence, and what every cell must learn."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from rnn_research.cells import CELLS
from rnn_research.experiment import Choice, ModelConfig, OptimizerConfig, TrainConfig, TrialConfig
from rnn_research.models import match_width, sequence_model
from rnn_research.tasks import TASKS, loss
from rnn_research.training.devices import make_mesh
from rnn_research.training.optimizer import lane_of, make_optimizer, schedule
from rnn_research.training.pack import run_pack
from rnn_research.training.program import compile_program
from rnn_research.training.step import evaluate, group_names, held_out, init_state, train_chunk, training_data


def train(config, seeds=1):
    """Every event of training a config on some seeds."""
    task = TASKS[config.task.name](**dict(config.task.options))
    model = sequence_model(config.model, task)
    program = compile_program(config, task, model, training_data(config, task), make_mesh())
    return list(run_pack(program, [dataclasses.replace(config, seed=seed) for seed in range(seeds)]))


CELL_FORMS = {
    "elman": Choice("elman", hidden=32),
    "elman_relu": Choice("elman", hidden=32, activation="relu", recurrent_init="identity"),
    "lstm": Choice("lstm", hidden=16),
    "gru": Choice("gru", hidden=16, keep_bias=1.0),
    "gru_before": Choice("gru", hidden=16, keep_bias=1.0, reset_after=False),
}


@pytest.mark.slow
@pytest.mark.parametrize("form", CELL_FORMS)
def test_every_cell_recalls_the_first_of_20_inputs(form):
    config = TrialConfig(
        task=Choice("recall_first", length=20),
        model=ModelConfig(cell=CELL_FORMS[form]),
        optimizer=OptimizerConfig(learning_rate=3e-3),
        train=TrainConfig(steps=800, eval_every=200),
    )
    scores = [event.rows["test"]["accuracy"] for event in train(config, seeds=2) if event.kind == "done"]
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
    errors = [event.rows["test"]["mse"] for event in train(config, seeds=2) if event.kind == "done"]
    assert max(errors) < 0.167 / 10


def test_divergence_is_a_result_that_names_step_and_group():
    config = TrialConfig(
        task=Choice("adding", length=20),
        model=ModelConfig(cell=Choice("elman", hidden=8, activation="relu"), init_scale=4.0),
        optimizer=OptimizerConfig(name="sgd", learning_rate=10.0, clip_norm=0),
        train=TrainConfig(steps=40, eval_every=10),
    )
    events = train(config, seeds=2)
    ends = [event for event in events if event.kind != "chunk"]
    assert [event.kind for event in ends] == ["diverged", "diverged"]
    for event in ends:
        assert 0 < event.step < 40
        assert f"step {event.step};" in event.reason
        assert "recurrent/0/" in event.reason or "head/" in event.reason
        assert not event.rows


def test_the_step_of_a_fault_is_the_first_loss_that_is_not_finite():
    state, _ = train_on_targets(lambda step, targets: jnp.where(step >= 4, jnp.nan, targets))
    assert int(state.fault.step) == 4
    assert group_names(state.params)[int(state.fault.group)] == "head/bias"


def test_a_gradient_that_only_its_norm_is_too_large_for_is_no_fault():
    state, rows = train_on_targets(lambda step, targets: jnp.where(step == 2, 1e19, targets))
    assert np.isinf(rows["train"]["grad_norm_max"]) and np.isfinite(rows["valid"]["loss"])
    assert (int(state.fault.step), int(state.fault.group)) == (-1, -1)


def train_on_targets(change):
    """A chunk of six steps of the adding problem with changed targets."""
    task = TASKS["adding"](6)
    config = TrialConfig(train=TrainConfig(steps=6, batch=3, eval_every=6, valid_examples=3))

    def batch(data, key, split, index, size):
        made = task.batch(data, key, split, index, size)
        return made._replace(targets=change(index, made.targets)) if split == "train" else made

    changed, model, lane = task._replace(batch=batch), sequence_model(config.model, task), lane_of(config)
    start = init_state(config, task, model, lane)
    return train_chunk(config, changed, model, start, lane, training_data(config, task))


def test_a_chunk_equals_a_plain_loop_of_optax_steps():
    task = TASKS["adding"](8)
    config = TrialConfig(
        model=ModelConfig(cell=Choice("gru", hidden=5)),
        optimizer=OptimizerConfig(learning_rate=0.05, clip_norm=0.1, weight_decay=0.01, schedule="linear"),
        train=TrainConfig(steps=6, batch=4, eval_every=6, valid_examples=8),
        seed=7,
    )
    model, lane = sequence_model(config.model, task), lane_of(config)
    data = training_data(config, task)
    start = init_state(config, task, model, lane)
    state, rows = train_chunk(config, task, model, start, lane, data)

    optimizer = optax.chain(
        optax.clip_by_global_norm(0.1),
        optax.adamw(optax.schedules.linear_schedule(0.05, 0.0, 6), weight_decay=0.01),
    )
    params, opt_state = start.params, optimizer.init(start.params)
    losses, norms, key = [], [], jax.random.fold_in(jax.random.key(7), 1)
    for step in range(6):
        batch = task.batch((), key, "train", step, 4)
        value, gradients = jax.value_and_grad(lambda p, b=batch: loss(task, model.apply(p, b.inputs, None), b))(params)
        updates, opt_state = optimizer.update(gradients, opt_state, params)
        params = optax.apply_updates(params, updates)
        losses.append(value)
        norms.append(optax.tree.norm(gradients))
    for ours, reference in zip(jax.tree.leaves(state.params), jax.tree.leaves(params)):
        np.testing.assert_allclose(ours, reference, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(rows["train"]["loss"], np.mean(losses), rtol=1e-4)
    np.testing.assert_allclose(rows["train"]["grad_norm"], np.mean(norms), rtol=1e-3)
    np.testing.assert_allclose(rows["train"]["grad_norm_max"], np.max(norms), rtol=1e-3)
    np.testing.assert_allclose(rows["train"]["clipped"], np.mean(np.array(norms) > 0.1))


def test_two_short_chunks_equal_one_long_one():
    task = TASKS["adding"](8)
    long = TrialConfig(train=TrainConfig(steps=8, batch=4, eval_every=8, valid_examples=8))
    short = dataclasses.replace(long, train=dataclasses.replace(long.train, eval_every=4))
    model, lane = sequence_model(long.model, task), lane_of(long)
    data = training_data(long, task)
    one, _ = jax.jit(lambda s: train_chunk(long, task, model, s, lane, data))(init_state(long, task, model, lane))
    step = jax.jit(lambda s: train_chunk(short, task, model, s, lane, data))
    two, _ = step(step(init_state(long, task, model, lane))[0])
    for a, b in zip(jax.tree.leaves(one.params), jax.tree.leaves(two.params)):
        assert np.asarray(a).tobytes() == np.asarray(b).tobytes()


@pytest.mark.parametrize("name", ["adam", "rmsprop", "sgd"])
def test_rules_equal_optax_aliases(name):
    lane = lane_of(TrialConfig(optimizer=OptimizerConfig(name=name, learning_rate=0.1, clip_norm=0, momentum=0.5)))
    ours = make_optimizer(OptimizerConfig(name=name, momentum=0.5), lane)
    aliases = {
        "adam": optax.adam(0.1),
        "rmsprop": optax.chain(optax.scale_by_rms(decay=0.9), optax.trace(0.5), optax.scale(-0.1)),
        "sgd": optax.sgd(0.1, momentum=0.5),
    }
    params = {"w": jnp.array([1.0, -2.0])}
    states = [ours.init(params), aliases[name].init(params)]
    for scale in (1.0, 5.0):
        gradient = {"w": scale * jnp.array([0.3, -4.0])}
        (a, states[0]), (b, states[1]) = (
            optimizer.update(gradient, state, params) for optimizer, state in zip((ours, aliases[name]), states)
        )
        np.testing.assert_allclose(a["w"], b["w"], rtol=1e-6)


@pytest.mark.parametrize("kind", ["constant", "linear", "cosine"])
def test_schedules(kind):
    config = OptimizerConfig(schedule=kind, warmup=0.2)
    values = np.array([schedule(config, jnp.array(t), jnp.array(100)) for t in range(101)])
    np.testing.assert_allclose(values[:20], np.arange(1, 21) / 20 * (values[:20] / values[:20]), rtol=1e-5)
    expected = {
        "constant": np.ones(81),
        "linear": 1 - np.arange(81) / 80,
        "cosine": 0.5 * (1 + np.cos(np.pi * np.arange(81) / 80)),
    }[kind]
    np.testing.assert_allclose(values[20:], expected, atol=1e-6)


def test_the_stepped_schedule_is_zarembas():
    """Rate 1 in the first four of 13 epochs, then half of what it was in each."""
    values = [float(schedule(OptimizerConfig(schedule="stepped"), jnp.array(t), jnp.array(1300))) for t in range(1300)]
    expected = np.repeat([1, 1, 1, 1, *(0.5**n for n in range(1, 10))], 100)
    np.testing.assert_allclose(values, expected, rtol=1e-6)


def test_evaluation_is_the_same_for_any_batch_size(monkeypatch):
    task = TASKS["sequential_digits"](order="rows")
    model = sequence_model(ModelConfig(), task)
    params = model.init(jax.random.key(0), 1.0)
    scores = []
    for size in (256, 37):
        monkeypatch.setattr("rnn_research.training.step.EVAL_BATCH", size)
        batches = held_out(task, "test", 10_000)
        assert float(batches.weights.sum()) == 300
        scores.append(evaluate(task, model, params, batches))
    for name in scores[0]:
        np.testing.assert_allclose(scores[0][name], scores[1][name], rtol=1e-6)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2])
def test_matched_width_has_the_number_of_parameters_nearest_to_one_layer_of_lstm(cell, layers):
    task = TASKS["adding"](8)

    def size(config):
        return sum(leaf.size for leaf in jax.tree.leaves(sequence_model(config, task).init(jax.random.key(0), 1.0)))

    lstm = ModelConfig(cell=Choice("lstm", hidden=12))
    matched = match_width(ModelConfig(cell=Choice(cell, hidden=12), layers=layers, match="parameters"), task)
    hidden = matched.cell["hidden"]
    gaps = {
        width: abs(size(dataclasses.replace(matched, cell=Choice(cell, hidden=width))) - size(lstm))
        for width in (hidden - 1, hidden, hidden + 1)
    }
    assert gaps[hidden] == min(gaps.values())
    if cell == "lstm" and layers == 1:
        assert hidden == 12
    assert match_width(dataclasses.replace(matched, match="width"), task).cell["hidden"] == hidden
