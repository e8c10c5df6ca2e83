"""On a GPU trials run side by side, and their numbers are a CPU's but for the rounding; skipped where there is none."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import CELLS
from rnn_research.experiment import Choice, ModelConfig, OptimizerConfig, TrainConfig, TrialConfig
from rnn_research.experiment.choice import build
from rnn_research.recurrence import run as run_over
from rnn_research.training.devices import make_mesh
from rnn_research.training.program import Devices, in_turn
from tests.contracts.small import names, small
from tests.support.packs import compiled, exactly, run


def devices(platform):
    try:
        return jax.devices(platform)
    except RuntimeError:
        return []


pytestmark = [pytest.mark.as_users, pytest.mark.skipif(not devices("gpu"), reason="jax finds no GPU")]

BASE = TrialConfig(
    task=Choice("adding", length=20),
    model=ModelConfig(cell=Choice("lstm", hidden=16)),
    optimizer=OptimizerConfig(learning_rate=3e-3, clip_norm=1.0),
    train=TrainConfig(steps=6, batch=8, eval_every=2, valid_examples=16, test_examples=16),
)


@pytest.fixture(autouse=True)
def whole_products():
    """A GPU rounds the factors of a float32 product to ten bits, unless it is asked not to."""
    with jax.default_matmul_precision("highest"):
        yield


def trials(cell):
    model = dataclasses.replace(BASE.model, cell=Choice(cell, hidden=16))
    return [dataclasses.replace(BASE, seed=seed, model=model) for seed in range(5)]


def outcomes(kind, configs):
    """What comes of trials on one device of a kind, by its own way of packing them; called twice, two runs of them."""
    made = compiled(configs[0], Devices(make_mesh(devices(kind)[:1]), len(configs)))
    return lambda: run(made, configs)


def test_trials_run_side_by_side():
    assert not in_turn(make_mesh(devices("gpu")[:1]), "auto")


@pytest.mark.parametrize("cell", ["elman", "lstm", "gru"])
def test_a_gpu_trains_as_a_cpu_does_and_again_to_the_bit(cell):
    configs = trials(cell)
    on_gpu, on_cpu = outcomes("gpu", configs), outcomes("cpu", configs)
    found = on_gpu()
    for ours, theirs in zip(found, on_cpu()):
        assert (ours.kind, [step for step, _ in ours.rows]) == (theirs.kind, [step for step, _ in theirs.rows])
        for (_, here), (_, there) in zip(ours.rows, theirs.rows):
            jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-3, atol=1e-5), here, there)
    assert list(map(exactly, on_gpu())) == list(map(exactly, found))


@pytest.mark.parametrize("name", names("cell"))
def test_every_cell_gives_a_cpus_outputs_and_gradients(name):
    cell = build(small("cell", name).with_options(hidden=8), CELLS, "cell")
    params = jax.device_get(cell.init(jax.random.key(0), 4))
    inputs = np.random.default_rng(0).normal(size=(12, 3, 4)).astype(np.float32)
    lengths = np.array([12, 5, 0])

    def loss(params, inputs, lengths):
        _, outputs = run_over(cell, params, inputs, lengths=lengths)
        return jnp.sum(jnp.sin(outputs)), outputs

    function = jax.jit(jax.value_and_grad(loss, has_aux=True))
    arguments = (params, inputs, lengths)
    there, here = (jax.device_get(function(*jax.device_put(arguments, devices(kind)[0]))) for kind in ("cpu", "gpu"))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5), here, there)
