"""Statistics that are not trained: a norm that keeps a running mean, from the first update to a checkpoint and back."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.experiment import Choice, ModelConfig, TrainConfig, TrialConfig
from rnn_research.learners import LEARNERS
from rnn_research.models import Carry, Weights
from rnn_research.models.norms import NORMS, Norm
from rnn_research.runs import checkpoints
from rnn_research.training.step import Setup, evaluate, init_state, train_chunk, train_step, training_data
from rnn_research.training.traced import traced_values
from rnn_research.trees import arrays_of, misfit, tree_of
from tests.support.haste import haste
from tests.support.packs import bits, compiled, exactly, parts, run, two_devices

pytestmark = [pytest.mark.as_users, pytest.mark.slow]

KEPT = 0.75  # of the running mean at each update
CONFIG = TrialConfig(
    task=Choice("adding", length=6),
    model=ModelConfig(cell=Choice("elman", hidden=5), layers=2, norm="centred"),
    train=TrainConfig(steps=12, batch=4, eval_every=3, valid_examples=6, test_examples=6),
)


def centred() -> Norm:
    """Features less their running mean."""

    def apply(params, mean, features, valid, total):
        found = mean + (1 - KEPT) * (features.mean(axis=(0, 1)) - mean) if total else mean
        return features - mean[None, None], jax.lax.stop_gradient(found)

    return Norm(lambda key, width: {}, lambda width, time: jnp.zeros(width), apply)


@pytest.fixture(scope="module", autouse=True)
def registered():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(NORMS, "centred", centred)
        yield


@pytest.fixture(scope="module")
def made(registered):
    return compiled(CONFIG)


@pytest.fixture(scope="module")
def seeds(made):
    return [dataclasses.replace(CONFIG, seed=seed) for seed in range(3)]


@pytest.fixture(scope="module")
def straight(made, seeds):
    return run(made, seeds)


def running_means(model, params, statistics, batch):
    """By the definition, layer by layer, with NumPy's mean and the Elman cell written out."""
    inputs, found = batch.inputs, []
    for layer, mean in zip(params["recurrent"], statistics):
        outputs = elman_outputs(layer, inputs)
        found.append(KEPT * np.asarray(mean) + (1 - KEPT) * outputs.mean(axis=(0, 1)))
        inputs = np.swapaxes(outputs - np.asarray(mean), 0, 1)
    return found


def elman_outputs(layer, inputs):
    """``[time, batch, hidden]``, of inputs ``[batch, time, features]``."""
    w, u, b = (np.asarray(layer[name], np.float64) for name in ("input_kernel", "recurrent_kernel", "bias"))
    h, outputs = np.zeros((len(inputs), len(u))), []
    for step in np.swapaxes(np.asarray(inputs, np.float64), 0, 1):
        h = np.tanh(step @ w + h @ u + b)
        outputs.append(h)
    return np.stack(outputs)


@pytest.mark.usefixtures("in_haste")
def test_training_updates_them_and_scoring_does_not():
    task, model = parts(CONFIG)
    traced, data = traced_values(CONFIG), training_data(CONFIG, task)
    setup = Setup(CONFIG, task, model)
    state = jax.jit(lambda: init_state(setup, traced))()
    step = jax.jit(lambda state: train_step(setup, state, traced, data)[0])
    assert [np.count_nonzero(mean) for mean in state.carry.statistics] == [0, 0]
    for update in range(3):
        batch = task.data.train((), jax.random.fold_in(jax.random.key(CONFIG.seed), 1), update, CONFIG.train.batch)
        expected = running_means(model, state.params, state.carry.statistics, batch)
        state = step(state)
        for ours, reference in zip(state.carry.statistics, expected, strict=True):
            np.testing.assert_allclose(ours, reference, rtol=1e-4, atol=1e-6)
    scored = model.forward(state.params, batch, Carry(None, state.carry.statistics))
    assert bits(scored.carry.statistics) == bits(state.carry.statistics)
    score = jax.jit(lambda statistics: evaluate(setup, Weights(state.params, statistics), data["valid"])["loss"])
    assert score(state.carry.statistics) != score(jax.tree.map(jnp.zeros_like, state.carry.statistics))


@pytest.mark.usefixtures("in_haste")
def test_what_is_scored_has_the_moments_of_the_parameters_that_are_scored():
    """Batch norm's, of the batches of the last chunk, as the last parameters have them; by NumPy, in float64."""
    model = dataclasses.replace(CONFIG.model, norm="batch", layers=1)
    config = dataclasses.replace(CONFIG, model=model)
    task, network = parts(config)
    traced, data = traced_values(config), training_data(config, task)
    setup = Setup(config, task, network)
    state = jax.jit(lambda: init_state(setup, traced))()
    chunk = jax.jit(lambda state: train_chunk(setup, state, traced, data))
    for _ in range(2):
        state, rows = chunk(state)
    found = []
    for update in range(3, 6):
        batch = task.data.train((), jax.random.fold_in(jax.random.key(config.seed), 1), update, config.train.batch)
        found.append(np.concatenate(list(elman_outputs(state.params["recurrent"][0], batch.inputs))))
    (kept,) = state.carry.statistics
    moments = [[one.mean(axis=0), one.var(axis=0, ddof=1)] for one in found]
    mean, variance = np.mean(moments, axis=0)
    np.testing.assert_allclose(kept.mean, mean, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(kept.variance, variance, rtol=1e-3)
    scored = evaluate(setup, Weights(state.params, state.carry.statistics), data["valid"])
    assert float(rows["valid"]["loss"]) == pytest.approx(float(scored["loss"]), rel=1e-5)


def test_the_best_parameters_keep_theirs(made, seeds):
    """A trial that overshoots is best before its end: its test is that of the state it was in then."""
    hot = dataclasses.replace(seeds[0], optimizer=dataclasses.replace(CONFIG.optimizer, learning_rate=0.5))
    events = {}
    outcome = run(made, [hot])[0]
    best = int(outcome.state.best.step)
    assert 0 < best < CONFIG.train.steps
    stopped = run(
        made, [hot], stopping=lambda: events.setdefault("chunks", []).append(1) or len(events["chunks"]) == best // 3
    )
    assert stopped[0].kind == "paused" and int(stopped[0].state.step) == best
    assert bits(outcome.state.best.statistics) == bits(stopped[0].state.carry.statistics)
    assert bits(outcome.state.best.statistics) != bits(outcome.state.carry.statistics)
    data = training_data(CONFIG, made.task)
    weights = Weights(outcome.state.best.params, outcome.state.best.statistics)
    setup = Setup(CONFIG, made.task, made.model)
    with haste():
        loss = jax.jit(lambda: evaluate(setup, weights, data["test"])["loss"])()
    assert outcome.rows[-1][1]["test"]["loss"] == pytest.approx(float(loss), rel=1e-5)


def test_a_checkpoint_gives_them_back_to_the_bit(made, seeds, straight, tmp_path):
    halfway = iter([False, True])
    paused = run(made, seeds[:2], stopping=lambda: next(halfway))
    learner = LEARNERS["network"]().make(CONFIG, made.task, two_devices())
    starts = {}
    for index, outcome in enumerate(paused):
        checkpoints.save(tmp_path / str(index), int(outcome.state.step), arrays_of(outcome.state), {}, 1)
        found = checkpoints.restore(
            tmp_path / str(index), lambda checkpoint: misfit(learner.template, checkpoint.arrays), pytest.fail
        )
        starts[index] = tree_of(learner.template, found.arrays)
        assert bits(starts[index]) == bits(outcome.state)
        assert all(np.count_nonzero(mean) == mean.size for mean in starts[index].carry.statistics)
    ended = run(made, seeds[:2], starts)
    for outcome, before, whole in zip(ended, paused, straight):
        assert exactly(outcome._replace(rows=before.rows + outcome.rows)) == exactly(whole)


def test_a_trained_network_answers_with_them(made, straight):
    kind = LEARNERS["network"]()
    state = straight[0].state
    examples = made.task.data.held_out("test", 6)
    batch = jax.tree.map(lambda leaf: leaf[0], examples)
    loaded = kind.load(CONFIG, made.task.inputs, made.task.target, arrays_of(state)).answer(batch)
    trained = kind.make(CONFIG, made.task, two_devices()).trained(state).answer(batch)
    expected = made.model.answer(state.best.params, batch, Carry(None, state.best.statistics))[0]
    without = made.model.answer(state.best.params, batch, made.model.start(6)._replace(state=None))[0]
    np.testing.assert_allclose(loaded, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(loaded, trained)
    assert np.abs(loaded - without).max() > 1e-3


@pytest.mark.usefixtures("in_haste")
def test_devices_that_share_a_batch_keep_the_mean_of_theirs(seeds, straight):
    shared = run(compiled(CONFIG, two_devices(batch_devices=2)), seeds[:1])[0]
    for ours, whole in zip(jax.tree.leaves(shared.state.carry), jax.tree.leaves(straight[0].state.carry), strict=True):
        np.testing.assert_allclose(ours, whole, rtol=1e-4, atol=1e-6)
    for (_, rows), (_, expected) in zip(shared.rows, straight[0].rows, strict=True):
        for split in rows:
            assert rows[split]["loss"] == pytest.approx(expected[split]["loss"], rel=1e-4)


@pytest.mark.usefixtures("in_haste")
def test_side_by_side_every_trial_keeps_its_own(seeds, straight):
    for outcome, expected in zip(run(compiled(CONFIG, two_devices(2, "vmap")), seeds), straight, strict=True):
        for ours, theirs in zip(outcome.state.carry.statistics, expected.state.carry.statistics, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)
