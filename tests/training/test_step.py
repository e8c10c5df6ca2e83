"""A training step, a chunk of them, and the first fault."""

import dataclasses
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from rnn_research.experiment import Choice, ModelConfig, OptimizerConfig, TrainConfig, TrialConfig
from rnn_research.models import Carry, Weights, network
from rnn_research.tasks import TASKS, Goal
from rnn_research.tasks.base import to_minimise
from rnn_research.training.pack import why_diverged
from rnn_research.training.step import (
    ACTIVATIONS,
    LOSS,
    Best,
    Fault,
    Setup,
    TrialState,
    evaluate,
    group_names,
    init_state,
    nearest_first,
    train_chunk,
    training_data,
    unfit,
)
from rnn_research.training.traced import traced_values
from tests.support.at_random import params_of
from tests.support.packs import bits, compiled, parts, run

pytestmark = pytest.mark.slow


def chunks(config, task, model, count=1):
    """The state and the rows after so many chunks, and the state before them."""
    setup, traced, data = Setup(config, task, model), traced_values(config), training_data(config, task)
    step = jax.jit(lambda state: train_chunk(setup, state, traced, data))
    state = start = jax.jit(lambda: init_state(setup, traced))()
    rows = {}
    for _ in range(count):
        state, rows = step(state)
    return state, rows, start


def test_divergence_is_a_result_that_names_its_step_and_what_was_first():
    config = TrialConfig(
        task=Choice("adding", length=20),
        model=ModelConfig(cell=Choice("elman", hidden=8, activation="relu"), init_scale=4.0),
        optimizer=OptimizerConfig(name="sgd", learning_rate=10.0, clip_norm=0),
        train=TrainConfig(steps=40, eval_every=10),
    )
    for kind, rows, state, reason in run(compiled(config), [dataclasses.replace(config, seed=s) for s in (0, 1)]):
        assert kind == "diverged"
        step = int(state.fault.step)
        assert 0 < step < 40
        assert f"step {step};" in reason
        assert reason.endswith("first in the activations, with finite parameters")  # a relu, over 20 steps
        assert all(set(found) == {"train", "valid"} for _, found in rows)  # no test


def test_the_step_of_a_fault_is_the_first_loss_that_is_not_finite(on_targets):
    state, _ = on_targets(at=4, factor=jnp.nan, lasting=True)
    assert int(state.fault.step) == 4
    assert int(state.fault.group) == LOSS  # the targets are lost; all that the network made of its inputs was finite


def test_a_number_lost_in_the_forward_pass_is_not_blamed_on_a_gradient(on_targets):
    """All gradients are NaN then, as they are when the loss alone is lost."""
    state, _ = on_targets(at=4, factor=jnp.nan, lasting=False, of="inputs")
    assert (int(state.fault.step), int(state.fault.group)) == (4, ACTIVATIONS)
    assert why_diverged(state, []) == "non-finite loss at step 4; first in the activations, with finite parameters"


def test_a_gradient_that_is_lost_while_the_loss_is_finite_is_first(on_targets):
    """The derivative of a square root at 0; the loss is lost one step later, with the parameters."""
    state, _ = on_targets(at=2, factor=1.0, lasting=False, of="root")
    names = group_names(state.params)
    assert (int(state.fault.step), names[int(state.fault.group)]) == (3, "recurrent/0/recurrent_kernel")
    reason = "non-finite loss at step 3; first in the gradient of recurrent/0/recurrent_kernel"
    assert why_diverged(state, names) == reason


def test_of_groups_the_nearest_to_the_loss_comes_first():
    names = ["embedding/kernel", "head/bias", "head/kernel", "norms/0/scale", "recurrent/0/bias", "recurrent/10/bias"]
    found = [names[place] for place in nearest_first(names)]
    assert found == ["head/bias", "head/kernel", "recurrent/10/bias", "norms/0/scale", "recurrent/0/bias", names[0]]


def test_a_gradient_that_only_its_norm_is_too_large_for_is_no_fault(on_targets):
    state, rows = on_targets(at=2, factor=1e19, lasting=False)
    assert 1e19 < rows["train"]["grad_norm_max"] < 1e20 and np.isfinite(rows["valid"]["loss"])
    assert (int(state.fault.step), int(state.fault.group)) == (-1, -1)


def test_parameters_lost_in_the_last_update_are_no_result():
    """Every loss was finite, and there is no other to tell."""
    config = TrialConfig(
        task=Choice("adding", length=4),
        model=ModelConfig(cell=Choice("elman", hidden=3, activation="relu")),
        optimizer=OptimizerConfig(name="sgd", learning_rate=3e38, clip_norm=0),
        train=TrainConfig(steps=1, batch=3, eval_every=1, valid_examples=3),
    )
    kind, rows, state, reason = run(compiled(config), [config])[0]
    assert (kind, int(state.fault.step)) == ("diverged", 1)
    assert reason == (
        "non-finite parameters after 1 updates; first in the parameters, after an update by finite gradients"
    )
    assert np.isfinite(rows[0][1]["train"]["loss"]) and len(rows) == 1  # no test


def test_what_a_chunk_may_not_leave():
    one, none, traced = jnp.ones(2), jnp.int32(-1), {"train.steps": jnp.int32(2)}
    best = Best(jnp.float32(0.1), jnp.int32(2), {"w": one}, ())
    fine = TrialState({"w": one}, (one, jnp.int32(1)), jnp.int32(2), best, Fault(none, none), Carry(None, (one,)))
    never = best._replace(score=jnp.float32(jnp.inf))
    lost = {
        "non-finite parameters after 2 updates": fine._replace(params={"w": one.at[1].set(jnp.nan)}),
        "non-finite optimiser after 2 updates": fine._replace(opt_state=(one * jnp.inf, jnp.int32(1))),
        "non-finite statistics after 2 updates": fine._replace(carry=Carry(None, (one * jnp.nan,))),
        "no finite validation loss in 2 updates": fine._replace(best=never),
    }
    for reason, state in lost.items():
        assert unfit(state, traced)
        assert why_diverged(state._replace(fault=Fault(state.step, none)), []).startswith(reason)
    assert not unfit(fine, traced)
    assert not unfit(fine._replace(best=never, step=jnp.int32(1)), traced)  # there is time yet


@pytest.fixture(scope="module")
def on_targets():
    """A chunk of six steps of the adding problem; at a step, perhaps from it on, all targets or inputs are ``factor``,
    or a square root is taken there whose derivative is not finite."""
    config = TrialConfig(
        task=Choice("adding", length=6), train=TrainConfig(steps=6, batch=3, eval_every=6, valid_examples=3)
    )
    task, model = parts(config)
    traced, data = traced_values(config), training_data(config, task)

    @partial(jax.jit, static_argnames="of")
    def chunk(at, factor, lasting, of="targets"):
        def train(arrays, key, step, size):
            batch = task.data.train(arrays, key, step, size)
            hit = (step == at) | (lasting & (step > at))
            if of == "root":
                return batch._replace(weights=jnp.where(hit, 2 * batch.weights, batch.weights))
            changed: dict[str, jax.Array] = {of: jnp.where(hit, factor, getattr(batch, of))}
            return batch._replace(**changed)

        def forward(params, batch, carry, **options):
            found = model.forward(params, batch, carry, **options)
            kernel = params["recurrent"][0]["recurrent_kernel"]
            away = jnp.sum(0 * kernel) + (batch.weights.max() < 1.5)
            return found._replace(terms=found.terms._replace(loss=found.terms.loss + jnp.sqrt(away)))

        changed = task._replace(data=task.data._replace(train=train))
        setup = Setup(config, changed, model._replace(forward=forward) if of == "root" else model)
        return train_chunk(setup, init_state(setup, traced), traced, data)

    return chunk


def test_a_chunk_equals_a_plain_loop_of_optax_steps():
    config = TrialConfig(
        task=Choice("adding", length=8),
        model=ModelConfig(cell=Choice("gru", hidden=5)),
        optimizer=OptimizerConfig(learning_rate=0.05, clip_norm=0.1, weight_decay=0.01, schedule="linear"),
        train=TrainConfig(steps=6, batch=4, eval_every=6, valid_examples=8),
        seed=7,
    )
    task, model = parts(config)
    state, rows, start = chunks(config, task, model)

    def loss(params, batch):
        total, weight = task.measure(model.forward(params, batch, Carry(None, ())).terms, batch)["loss"]
        return total / weight

    optimizer = optax.chain(
        optax.clip_by_global_norm(0.1),
        optax.adamw(optax.schedules.linear_schedule(0.05, 0.0, 6), weight_decay=0.01),
    )

    @jax.jit
    def plain_step(params, opt_state, step):
        batch = task.data.train((), jax.random.fold_in(jax.random.key(7), 1), step, 4)
        value, gradients = jax.value_and_grad(loss)(params, batch)
        updates, opt_state = optimizer.update(gradients, opt_state, params)
        return optax.apply_updates(params, updates), opt_state, value, optax.tree.norm(gradients)

    params, opt_state = start.params, jax.jit(optimizer.init)(start.params)
    losses, norms = [], []
    for step in range(6):
        params, opt_state, value, norm = plain_step(params, opt_state, step)
        losses.append(value)
        norms.append(norm)
    for ours, reference in zip(jax.tree.leaves(state.params), jax.tree.leaves(params), strict=True):
        np.testing.assert_allclose(ours, reference, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(rows["train"]["loss"], np.mean(losses), rtol=1e-4)
    np.testing.assert_allclose(rows["train"]["grad_norm"], np.mean(norms), rtol=1e-3)
    np.testing.assert_allclose(rows["train"]["grad_norm_max"], np.max(norms), rtol=1e-3)
    np.testing.assert_allclose(rows["train"]["clipped"], np.mean(np.array(norms) > 0.1))


@pytest.mark.as_users
def test_two_short_chunks_equal_one_long_one():
    long = TrialConfig(
        task=Choice("adding", length=8), train=TrainConfig(steps=8, batch=4, eval_every=8, valid_examples=8)
    )
    short = dataclasses.replace(long, train=dataclasses.replace(long.train, eval_every=4))
    one, two = chunks(long, *parts(long))[0], chunks(short, *parts(short), count=2)[0]
    assert bits(one.params) == bits(two.params)
    assert bits(one.opt_state) == bits(two.opt_state)


def test_evaluation_is_the_same_for_any_batch_size(monkeypatch):
    scores = []
    for size in (256, 37):
        monkeypatch.setattr("rnn_research.data.batching.LARGEST", size)
        task = TASKS["sequential_digits"](order="rows")
        model = network(ModelConfig(), task.inputs, task.target)
        batches = task.data.held_out("test", 10_000)
        assert batches.weights.shape[1] <= size
        assert float(batches.weights.sum()) == 300
        params = params_of(model)
        score = jax.jit(partial(evaluate, Setup(TrialConfig(), task, model)))
        scores.append(score(Weights(params, ()), batches))
    for name in scores[0]:
        np.testing.assert_allclose(scores[0][name], scores[1][name], rtol=1e-6)


@pytest.mark.parametrize(
    ("chosen", "better", "values", "best"),
    [
        ("loss", "higher", {"loss": [0.5, 0.3, 0.4], "f1": [0.1, 0.2, 0.9]}, 1),
        ("f1", "higher", {"loss": [0.5, 0.3, 0.4], "f1": [0.1, 0.2, 0.9]}, 2),
        ("errors", "lower", {"loss": [0.5, 0.3, 0.4], "errors": [0.1, 0.2, 0.9]}, 0),
        ("loss", "lower", {"loss": [0.5, 0.3, 0.4]}, 1),
    ],
)
def test_parameters_are_chosen_by_what_the_goal_says(chosen, better, values, best):
    goal = Goal([*values][-1], better, {}, 1.0, chosen=chosen)
    rows = [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]
    assert min(range(3), key=lambda look: to_minimise(goal, rows[look])) == best
