"""Clipping, its cosine, and penalties, inside a training step, against the same written out."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy.stats import kstest

from rnn_research.cells import Tap
from rnn_research.experiment import (
    Choice,
    ModelConfig,
    OptimizerConfig,
    PenaltyConfig,
    TrainConfig,
    TrialConfig,
)
from rnn_research.experiment.config import static, validate
from rnn_research.models import Carry
from rnn_research.training.regularise import penalties, with_noise
from rnn_research.training.step import Setup, group_names, init_state, key_of, train_chunk, training_data
from rnn_research.training.traced import traced_values
from tests.support.packs import compiled, parts, run, two_devices

pytestmark = pytest.mark.slow

CONFIG = TrialConfig(
    task=Choice("adding", length=7),
    model=ModelConfig(cell=Choice("elman", hidden=5, activation="sigmoid"), init_scale=1.5),
    optimizer=OptimizerConfig(name="sgd", learning_rate=0.1, clip_norm=0.0),
    train=TrainConfig(steps=1, batch=6, eval_every=1, valid_examples=4),
)
TASK, MODEL = parts(CONFIG)


@functools.cache
def functions(config):
    """The first state, the step after it, and the gradient of the plain loss, for all traced values of a config that is
    ``static``."""
    data = training_data(config, TASK)
    setup = Setup(config, TASK, MODEL)
    init = jax.jit(lambda traced: init_state(setup, traced))
    return init, jax.jit(lambda state, traced: train_chunk(setup, state, traced, data))


@jax.jit
@jax.grad
def plain_gradient(params, batch):
    """Of the loss without clipping and penalties."""
    total, weight = TASK.measure(MODEL.forward(params, batch, Carry(None, ())).terms, batch)["loss"]
    return total / weight


@jax.jit
def first_batch():
    return TASK.data.train((), jax.random.fold_in(jax.random.key(CONFIG.seed), 1), 0, CONFIG.train.batch)


def one_step(config):
    """The gradient of the plain loss, what was changed, and the row of metrics, of the first step."""
    traced = traced_values(config)
    init, step = functions(static(config))
    before, batch = init(traced), first_batch()
    after, rows = step(before, traced)
    change = jax.tree.map(lambda a, b: (a - b) / config.optimizer.learning_rate, before.params, after.params)
    return before.params, plain_gradient(before.params, batch), change, rows["train"], batch


def flat(tree):
    return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(tree)]).astype(np.float64)


def cosine(a, b):
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


@pytest.mark.parametrize(
    ("options", "clip"),
    [
        ({}, lambda g: g),
        ({"clip_norm": 0.05}, lambda g: g * min(1, 0.05 / np.linalg.norm(g))),
        ({"clip_value": 0.02}, lambda g: np.clip(g, -0.02, 0.02)),
        ({"clip_norm": 0.05, "clip_value": 0.02}, lambda g: np.clip(g * 0.05 / np.linalg.norm(g), -0.02, 0.02)),
    ],
)
def test_clipping_by_norm_and_by_value_as_on_the_slide(options, clip):
    config = dataclasses.replace(CONFIG, optimizer=dataclasses.replace(CONFIG.optimizer, **options))
    _, gradient, change, row, _ = one_step(config)
    raw = flat(gradient)
    np.testing.assert_allclose(flat(change), clip(raw), rtol=2e-3, atol=2e-6)
    assert row["clip_cosine"] == pytest.approx(cosine(raw, clip(raw)), rel=1e-5)
    assert row["clip_cosine_min"] == row["clip_cosine"]
    assert row["clipped"] == bool(options)
    assert row["grad_norm"] == pytest.approx(np.linalg.norm(raw), rel=1e-5)


def test_gradient_norms_of_every_group_are_recorded():
    params, gradient, _, row, _ = one_step(CONFIG)
    names = group_names(params)
    assert names == [
        "head/bias",
        "head/kernel",
        "recurrent/0/bias",
        "recurrent/0/input_kernel",
        "recurrent/0/recurrent_kernel",
    ]
    for name, leaf in zip(names, jax.tree.leaves(gradient)):
        assert row[f"grad_norm/{name}"] == pytest.approx(np.linalg.norm(leaf), rel=1e-5)


def squares(params):
    recurrent = params["recurrent"][0]
    kernels = recurrent["input_kernel"], recurrent["recurrent_kernel"], params["head"]["kernel"]
    return 0.5 * sum(jnp.sum(kernel**2) for kernel in kernels)


def gram(params):
    u = params["recurrent"][0]["recurrent_kernel"]
    return jnp.sum((u.T @ u - jnp.eye(5)) ** 2)


def omega_by_loops(params, batch):
    """Pascanu's Ω with the network run by hand; U counts only where a step back is taken."""
    cell, head = params["recurrent"][0], params["head"]
    w, u, b = cell["input_kernel"], cell["recurrent_kernel"], cell["bias"]

    def energy(taps):
        total = 0
        for inputs, target, own in zip(batch.inputs, batch.targets, taps):
            h = jnp.zeros(5)
            for x, tap in zip(inputs, own):
                h = jax.nn.sigmoid(x @ w + h @ u + b + tap)
            total += (h @ head["kernel"] + head["bias"] - target)[0] ** 2
        return total

    errors = np.asarray(jax.jit(jax.grad(energy))(jnp.zeros((6, 7, 5))))
    terms = []
    for inputs, error in zip(batch.inputs, errors):
        h, slopes = jnp.zeros(5), []
        for x in inputs:
            h = jax.nn.sigmoid(x @ w + h @ u + b)
            slopes.append(np.asarray(h * (1 - h)))
        terms += [(error[k + 1], slopes[k]) for k in range(6)]

    def mean(params):
        kernel = params["recurrent"][0]["recurrent_kernel"]
        ratios = [jnp.linalg.norm((kernel @ e) * slope) / np.linalg.norm(e) for e, slope in terms]
        return sum((ratio - 1) ** 2 for ratio in ratios) / len(terms)

    return mean


@pytest.mark.parametrize("kind", ["l2", "orthogonality", "omega"])
def test_a_penalty_adds_its_gradient_before_clipping(kind):
    config = dataclasses.replace(CONFIG, penalty=PenaltyConfig(**{kind: 0.7}))
    params, gradient, change, row, batch = one_step(config)
    term = {"l2": squares, "orthogonality": gram, "omega": omega_by_loops(params, batch)}[kind]
    value, pull = jax.jit(jax.value_and_grad(term))(params)
    expected = flat(gradient) + 0.7 * flat(pull)
    assert np.linalg.norm(flat(pull)) > 1e-3
    np.testing.assert_allclose(flat(change), expected, rtol=2e-3, atol=5e-6)
    assert row[kind] == pytest.approx(float(value), rel=1e-4)
    assert row["grad_norm"] == pytest.approx(np.linalg.norm(expected), rel=1e-4)


def test_penalties_of_several_add_up():
    config = dataclasses.replace(CONFIG, penalty=PenaltyConfig(l2=0.3, orthogonality=0.2))
    params, gradient, change, _, _ = one_step(config)
    pull = flat(jax.jit(jax.grad(lambda p: 0.3 * squares(p) + 0.2 * gram(p)))(params))
    np.testing.assert_allclose(flat(change), flat(gradient) + pull, rtol=2e-3, atol=5e-6)


def test_omega_takes_no_step_back_out_of_a_document():
    config, rng = dataclasses.replace(CONFIG, penalty=PenaltyConfig(omega=0.7)), np.random.default_rng(0)
    kernel, hidden, errors = rng.normal(size=(5, 5)), rng.uniform(size=(7, 1, 5)), rng.normal(size=(7, 1, 5))
    params, tap = {"recurrent": ({"recurrent_kernel": jnp.asarray(kernel)},)}, Tap(None, ({"bias": errors},))

    @jax.jit
    def omega(starts):
        traced = {"penalty.omega": jnp.float32(0.7)}
        return penalties(static(config), traced, params, jnp.asarray(hidden), tap, starts)[0]["omega"]

    for begins in ([], [3], [2, 5]):
        steps = [k for k in range(6) if k + 1 not in begins]
        back = [errors[k + 1, 0] @ kernel.T * hidden[k, 0] * (1 - hidden[k, 0]) for k in steps]
        ratios = [np.linalg.norm(e) / np.linalg.norm(errors[k + 1]) for e, k in zip(back, steps)]
        starts = np.isin(np.arange(7), [0, *begins])[None]
        assert omega(starts) == pytest.approx(np.mean((np.array(ratios) - 1) ** 2), rel=1e-4)


@pytest.mark.parametrize("model", [{"norm": "layer"}, {"dropout": 0.1}])
def test_omega_is_refused_where_outputs_are_not_the_state(model):
    changed = dataclasses.replace(CONFIG.model, **model)
    config = dataclasses.replace(CONFIG, penalty=PenaltyConfig(omega=0.7), model=changed)
    with pytest.raises(ValueError, match=r"penalty\.omega is for a model without dropout, weight noise and norm"):
        validate(config)


def noisy(deviation, **train):
    model = dataclasses.replace(CONFIG.model, weight_noise=deviation)
    return dataclasses.replace(CONFIG, model=model, train=dataclasses.replace(CONFIG.train, **train))


def test_weight_noise_is_normal_and_every_parameters_own():
    params = {"a": jnp.zeros((200, 300)), "b": jnp.ones(20_000)}
    found = with_noise(params, 0.075, jax.random.key(0))
    assert jax.tree.map(jnp.shape, found) == jax.tree.map(jnp.shape, params)
    noise = flat(found) - flat(params)
    assert noise.mean() == pytest.approx(0, abs=5 * 0.075 / len(noise) ** 0.5)
    assert noise.std() == pytest.approx(0.075, rel=0.01)
    assert kstest(noise / 0.075, "norm").pvalue > 0.01
    assert len(np.unique(noise.astype(np.float32)[:10_000])) > 9_900
    again, other = (flat(with_noise(params, 0.075, jax.random.key(seed))) for seed in (0, 1))
    np.testing.assert_array_equal(again, flat(found))
    assert abs(np.corrcoef(noise, other - flat(params))[0, 1]) < 0.02


def test_the_gradient_is_that_at_the_noisy_weights_and_changes_the_plain_ones():
    config = noisy(0.3)
    params, plain, change, row, batch = one_step(config)
    shaken = with_noise(params, 0.3, jax.random.fold_in(key_of(traced_values(config), "weights"), 0))
    gradient = flat(plain_gradient(shaken, batch))
    assert np.linalg.norm(gradient - flat(plain)) > 0.1 * np.linalg.norm(gradient)
    np.testing.assert_allclose(flat(change), gradient, rtol=2e-3, atol=2e-6)
    assert row["grad_norm"] == pytest.approx(np.linalg.norm(gradient), rel=1e-5)


def test_scores_have_no_noise_and_every_update_and_trial_has_its_own():
    """Of weights that do not move: every batch of 4096 scores alike, but for the noise."""
    still = dataclasses.replace(CONFIG.optimizer, learning_rate=1e-30)
    losses = {}
    for deviation in (0.0, 0.5):
        config = dataclasses.replace(noisy(deviation, steps=4, batch=4096), optimizer=still)
        trials = [dataclasses.replace(config, seed=seed) for seed in (0, 1, 0)]
        outcomes = run(compiled(config), trials)
        losses[deviation] = [
            [[float(rows[split]["loss"]) for _, rows in one.rows if split in rows] for split in ("train", "valid")]
            for one in outcomes
        ]
    for (plain, valid), (shaken, same) in zip(losses[0.0], losses[0.5]):
        assert same == valid and len(plain) == len(shaken) == 4
        assert np.ptp(shaken) > 5 * np.ptp(plain)
    assert losses[0.5][0] == losses[0.5][2]  # wherever it is packed
    assert not set(losses[0.5][0][0]) & set(losses[0.5][1][0])


@pytest.mark.parametrize(
    "changes",
    [
        {"penalty": PenaltyConfig(l2=0.1, omega=0.5)},
        {"model": dataclasses.replace(CONFIG.model, dropout=0.4, weight_noise=0.2)},
        {"task": Choice("temporal_order", length=30, shortest=10), "penalty": PenaltyConfig(omega=2.0)},
    ],
    ids=["penalties", "noise", "lengths"],
)
def test_training_is_the_same_where_devices_share_a_batch(changes):
    config = dataclasses.replace(
        CONFIG,
        **changes,
        train=dataclasses.replace(CONFIG.train, steps=4, eval_every=2, batch=8),
    )
    ends = []
    for shared in (1, 2):
        outcome = run(compiled(config, two_devices(batch_devices=shared)), [config])[0]
        assert outcome.kind == "done"
        ends.append(outcome.state.params)
    np.testing.assert_allclose(flat(ends[0]), flat(ends[1]), rtol=1e-4, atol=1e-6)


def test_an_optimiser_step_is_that_of_optax_with_its_own_clipping():
    config = dataclasses.replace(CONFIG, optimizer=OptimizerConfig(name="adam", learning_rate=0.1, clip_norm=0.05))
    _, gradient, change, _, _ = one_step(config)
    chain = optax.chain(optax.clip_by_global_norm(0.05), optax.adam(0.1))
    updates = jax.jit(lambda gradient: chain.update(gradient, chain.init(gradient))[0])(gradient)
    np.testing.assert_allclose(flat(change), -flat(updates) / 0.1, rtol=2e-3, atol=1e-4)
