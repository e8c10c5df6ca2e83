"""Models: readout, lengths, depth, both directions, gradients through all of it."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from benchmarks.durability import environment
from rnn_research.experiment import Choice, ModelConfig
from rnn_research.models import sequence_model
from rnn_research.models.cross_entropy import cross_entropy
from rnn_research.models.sequence import WIDE
from rnn_research.tasks import TASKS

LAST, EVERY = TASKS["temporal_order"](12), TASKS["copy_memory"](2)
CONFIGS = {
    "one": ModelConfig(cell=Choice("gru", hidden=6)),
    "deep": ModelConfig(cell=Choice("lstm", hidden=6), layers=3, residual=True),
    "both_ways": ModelConfig(cell=Choice("elman", hidden=6), layers=2, bidirectional=True),
    "deep_both_ways": ModelConfig(cell=Choice("gru", hidden=6), layers=3, bidirectional=True, residual=True),
    "remat": ModelConfig(cell=Choice("gru", hidden=6), remat_every=5),
}


def inputs_of(task, batch=4, time=9):
    return jax.random.normal(jax.random.key(3), (batch, time, task.input_size))


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("task", [LAST, EVERY], ids=["last", "all"])
def test_padding_a_batch_further_changes_nothing(name, task):
    model = sequence_model(CONFIGS[name], task)
    params = model.init(jax.random.key(0), 1.0)
    inputs, lengths = inputs_of(task), jnp.array([9, 1, 5, 3])
    longer = jnp.pad(inputs, ((0, 0), (0, 6), (0, 0)), constant_values=jnp.nan)
    apply = jax.jit(model.apply)
    short, long = apply(params, inputs, lengths), apply(params, longer, lengths)
    if task is LAST:
        assert np.asarray(short).tobytes() == np.asarray(long).tobytes()
    else:  # the head's matrix product has more rows: its last bit may round otherwise
        np.testing.assert_allclose(short, long[:, :9], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", CONFIGS)
def test_last_readout_is_that_of_each_sequence_alone(name):
    model = sequence_model(CONFIGS[name], LAST)
    params = model.init(jax.random.key(0), 1.0)
    inputs, lengths = inputs_of(LAST), [9, 1, 5, 3]
    together = model.apply(params, inputs, jnp.array(lengths))
    for row, length in enumerate(lengths):
        alone = model.apply(params, inputs[row : row + 1, :length], None)
        np.testing.assert_allclose(together[row], alone[0], rtol=1e-5, atol=1e-6)


def test_depth_and_direction_count_their_parameters():
    def count(config):
        model = sequence_model(config, LAST)
        return sum(leaf.size for leaf in jax.tree.leaves(model.init(jax.random.key(0), 1.0)["recurrent"]))

    def elman(inputs, hidden):
        return hidden * (inputs + hidden + 1)

    cell = Choice("elman", hidden=6)
    assert count(ModelConfig(cell=cell)) == elman(6, 6)
    assert count(ModelConfig(cell=cell, layers=3)) == elman(6, 6) + 2 * elman(6, 6)
    assert count(ModelConfig(cell=cell, bidirectional=True)) == 2 * elman(6, 6)
    assert count(ModelConfig(cell=cell, layers=2, bidirectional=True)) == 2 * elman(6, 6) + 2 * elman(12, 6)


def test_residual_layers_add_their_inputs_in_both_directions():
    cell = Choice("elman", hidden=6)
    plain = ModelConfig(cell=cell, layers=2, bidirectional=True)
    skipping = ModelConfig(cell=cell, layers=2, bidirectional=True, residual=True)
    params = sequence_model(plain, EVERY).init(jax.random.key(0), 1.0)
    head = {"kernel": jnp.eye(12, 9), "bias": jnp.zeros(9)}
    first_only = {"recurrent": params["recurrent"][:1], "head": head}
    both = params | {"head": head}
    inputs = inputs_of(EVERY)
    below = sequence_model(ModelConfig(cell=cell, bidirectional=True), EVERY).apply(first_only, inputs, None)
    above = sequence_model(plain, EVERY).apply(both, inputs, None)
    np.testing.assert_allclose(sequence_model(skipping, EVERY).apply(both, inputs, None), below + above, atol=1e-6)


def test_init_scale_multiplies_recurrent_kernels_and_nothing_else():
    model = sequence_model(ModelConfig(cell=Choice("lstm", hidden=6), layers=2), LAST)
    plain, scaled = (model.init(jax.random.key(0), scale) for scale in (1.0, 0.25))
    for (path, a), b in zip(jax.tree_util.tree_leaves_with_path(plain), jax.tree.leaves(scaled)):
        factor = 0.25 if "recurrent_kernel" in jax.tree_util.keystr(path) else 1.0
        np.testing.assert_allclose(b, factor * a, rtol=1e-6)


@pytest.mark.slow
def test_many_orthogonal_kernels_are_made_without_waiting_for_ever():
    """Two of LAPACK's factorisations at once in one program, on a pool of two threads, wait for each other."""
    code = """
from rnn_research.execution import xla_settings
xla_settings.configure()
import jax
from rnn_research.experiment import Choice, ModelConfig
from rnn_research.models import sequence_model
from rnn_research.tasks import TASKS

cell = Choice("lstm", hidden=64, input_init="orthogonal")
for both_ways in (False, True):
    config = ModelConfig(cell=cell, layers=3, bidirectional=both_ways, head_init="orthogonal")
    init = jax.jit(sequence_model(config, TASKS["adding"](5)).init)
    for seed in range(40):
        jax.block_until_ready(init(jax.random.key(seed), 1.0))
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120, env=environment())


def test_cross_entropy_is_that_of_the_softmax(x64):
    """Values and gradients, where an id comes twice and where an error weighs nothing; optax is the reference."""
    rng = np.random.default_rng(0)
    features, kernel, bias = (jnp.asarray(rng.normal(size=size)) for size in ((5, 3), (3, 7), (7,)))
    ids, weights = jnp.array([2, 6, 2, 0, 5]), jnp.array([1.0, 0.5, -2.0, 0.0, 1.0])

    def ours(*args):
        return (cross_entropy(*args, ids) * weights).sum(), cross_entropy(*args, ids)

    def theirs(features, kernel, bias):
        nats = optax.losses.softmax_cross_entropy_with_integer_labels(features @ kernel + bias[None], ids)
        return (nats * weights).sum(), nats

    for scale in (1, 300):  # of logits whose exponentials are not finite
        found, expected = (
            jax.value_and_grad(f, argnums=(0, 1, 2), has_aux=True)(scale * features, kernel, bias)
            for f in (ours, theirs)
        )
        for mine, reference in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
            np.testing.assert_allclose(mine, reference, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("tied", [False, True])
def test_nats_are_the_cross_entropy_of_what_the_head_gives(tied, tmp_path):
    (tmp_path / "book.txt").write_text("what was said was said, and what was not was not. " * 80)
    task = TASKS["language_model"](path=str(tmp_path / "book.txt"), length=12)
    model = sequence_model(ModelConfig(cell=Choice("gru", hidden=6), embedding=6, tied=tied), task)
    params = model.init(jax.random.key(0), 1.0)
    batch = task.batch(task.data, jax.random.key(1), "train", 0, 4)

    def ours(params):
        return model.nats(params, model.run(params, batch.inputs)[1], batch.targets.ids)

    def theirs(params):
        logits = model.read(params, model.run(params, batch.inputs)[1])
        return optax.losses.softmax_cross_entropy_with_integer_labels(logits, batch.targets.ids)

    for mine, reference in zip(
        jax.tree.leaves((ours(params), jax.grad(lambda p: ours(p).mean())(params))),
        jax.tree.leaves((theirs(params), jax.grad(lambda p: theirs(p).mean())(params))),
        strict=True,
    ):
        np.testing.assert_allclose(mine, reference, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name, bidirectional", [("elman", False), ("gru", False), ("lstm", True)])
def test_wide_layers_and_rematerialised_ones_are_alike(name, bidirectional):
    """A wide layer runs its batch at once, one that rematerialises goes step by step."""
    task = TASKS["copy_memory"](5)
    inputs = jax.random.normal(jax.random.key(1), (3, 7, task.input_size))

    def gradients(**settings):
        cell = Choice(name, hidden=WIDE)
        model = sequence_model(ModelConfig(cell=cell, layers=2, bidirectional=bidirectional, **settings), task)
        params = model.init(jax.random.key(0), 1.0)
        return jax.value_and_grad(lambda params: (model.apply(params, inputs) ** 2).mean())(params)

    for mine, reference in zip(jax.tree.leaves(gradients()), jax.tree.leaves(gradients(remat_every=3)), strict=True):
        np.testing.assert_allclose(mine, reference, rtol=2e-4, atol=1e-6)
