"""Networks: readout, lengths, depth, both directions, gradients through all of it."""

import dataclasses
import subprocess
import sys
from functools import lru_cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from rnn_research.experiment import Choice, ModelConfig
from rnn_research.heads import HEADS
from rnn_research.heads.softmax import softmax
from rnn_research.models import network
from rnn_research.tasks.base import Batch, Inputs, Target
from tests.support.at_random import params_of
from tests.support.processes import environment

NUMBERS = Inputs("numbers", 6, 12)
# Of numbers the answer is what the head gives, without further ado.
LAST, EVERY = Target("regression", 4, each_step=False), Target("regression", 9, each_step=True)
CONFIGS = {
    "one": ModelConfig(cell=Choice("gru", hidden=6)),
    "deep": ModelConfig(cell=Choice("lstm", hidden=6), layers=3, residual=True),
    "both_ways": ModelConfig(cell=Choice("elman", hidden=6), layers=2, bidirectional=True),
    "deep_both_ways": ModelConfig(cell=Choice("gru", hidden=6), layers=3, bidirectional=True, residual=True),
    "remat": ModelConfig(cell=Choice("gru", hidden=6), remat_every=5),
}


def some_inputs(batch=4, time=9):
    return jax.random.normal(jax.random.key(3), (batch, time, NUMBERS.size))


def answers(model):
    """``(params, inputs, lengths) -> `` what the head gives, compiled."""

    def run(params, inputs, lengths):
        return model.answer(params, Batch(inputs, None, None, lengths), model.start(len(inputs)))[0]

    return jax.jit(run)


@lru_cache(maxsize=len(CONFIGS))
def made(name, target):
    """Parameters and ``answers`` of a model, compiled once for the tests that follow."""
    model = network(CONFIGS[name], NUMBERS, target)
    return params_of(model), answers(model)


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("target", [EVERY, LAST], ids=["all", "last"])
def test_padding_a_batch_further_changes_nothing(name, target):
    params, run = made(name, target)
    inputs, lengths = some_inputs(), jnp.array([9, 1, 5, 3])
    longer = jnp.pad(inputs, ((0, 0), (0, 6), (0, 0)), constant_values=jnp.nan)
    short, long = run(params, inputs, lengths), run(params, longer, lengths)
    if target is EVERY:  # the head's matrix product has more rows: its last bit may round otherwise
        np.testing.assert_allclose(short, long[:, :9], rtol=1e-6, atol=1e-6)
        return
    assert np.asarray(short).tobytes() == np.asarray(long).tobytes()


@pytest.mark.parametrize("name", CONFIGS)
def test_last_readout_is_that_of_each_sequence_alone(name):
    params, run = made(name, LAST)
    inputs, lengths = some_inputs(), [9, 1, 5, 3]
    together = run(params, inputs, jnp.array(lengths))
    for row, length in enumerate(lengths):
        alone = run(params, inputs[row : row + 1, :length], None)
        np.testing.assert_allclose(together[row], alone[0], rtol=1e-5, atol=1e-6)


def test_depth_and_direction_count_their_parameters():
    def count(config):
        params = jax.eval_shape(network(config, NUMBERS, LAST).init, jax.random.key(0), 1.0)
        return sum(leaf.size for leaf in jax.tree.leaves(params["recurrent"]))

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
    params = params_of(network(plain, NUMBERS, EVERY))
    head = {"kernel": jnp.eye(12, 9), "bias": jnp.zeros(9)}
    first_only = {"recurrent": params["recurrent"][:1], "head": head}
    both = params | {"head": head}
    inputs = some_inputs()
    below, above, found = (
        answers(network(config, NUMBERS, EVERY))(given, inputs, None)
        for config, given in (
            (ModelConfig(cell=cell, bidirectional=True), first_only),
            (plain, both),
            (skipping, both),
        )
    )
    np.testing.assert_allclose(found, below + above, atol=1e-6)


def test_init_scale_multiplies_recurrent_kernels_and_nothing_else():
    model = network(ModelConfig(cell=Choice("lstm", hidden=6), layers=2), NUMBERS, LAST)
    init = jax.jit(model.init)
    plain, scaled = (init(jax.random.key(0), scale) for scale in (1.0, 0.25))
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
from rnn_research.heads import HEADS
from rnn_research.heads.softmax import softmax
from rnn_research.models import network
from rnn_research.tasks import TASKS

cell, task = Choice("lstm", hidden=64, input_init="orthogonal"), TASKS["adding"](5)
for both_ways in (False, True):
    config = ModelConfig(cell=cell, layers=3, bidirectional=both_ways, head_init="orthogonal")
    init = jax.jit(network(config, task.inputs, task.target).init)
    for seed in range(40):
        jax.block_until_ready(init(jax.random.key(seed), 1.0))
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120, env=environment())


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("tied", [False, True])
def test_the_loss_is_the_cross_entropy_of_the_scores_of_the_next_token(tied, large, monkeypatch):
    """The head's own loss, of few classes and of many, beside the scores that texts are written with."""
    if large:
        monkeypatch.setitem(HEADS, "softmax", partial(softmax, large=1))
    config = ModelConfig(cell=Choice("gru", hidden=6), embedding=6, tied=tied)
    model = network(config, Inputs("ids", 21, 12), Target("softmax", 20, each_step=True))
    params = params_of(model)
    assert ("kernel" in params["head"]) != tied
    tokens = np.random.default_rng(0).integers(0, 20, (4, 13))
    batch = Batch(jnp.asarray(tokens[:, :-1]), jnp.asarray(tokens[:, 1:]), jnp.ones((4, 12)))

    def ours(params):
        terms = model.forward(params, batch, model.start(4)).terms
        return terms.loss.mean(), terms.loss

    def theirs(params):
        _, logits = model.stream.advance(params, model.start(4).state, batch.inputs)
        found = optax.losses.softmax_cross_entropy_with_integer_labels(logits, batch.targets)
        return found.mean(), found

    found, expected = (jax.jit(jax.value_and_grad(f, has_aux=True))(params) for f in (ours, theirs))
    for mine, reference in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(mine, reference, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name, bidirectional", [("elman", False), ("gru", False), ("lstm", True)])
def test_layers_and_rematerialised_ones_are_alike(name, bidirectional):
    """A layer runs its batch at once, one that rematerialises goes step by step."""
    inputs = jax.random.normal(jax.random.key(1), (3, 7, 10))

    def gradients(**settings):
        config = ModelConfig(cell=Choice(name, hidden=16), layers=2, bidirectional=bidirectional, **settings)
        model = network(config, Inputs("numbers", 10, 7), EVERY)
        params = params_of(model)
        run = answers(model)
        return jax.jit(jax.value_and_grad(lambda params: (run(params, inputs, None) ** 2).mean()))(params)

    for mine, reference in zip(jax.tree.leaves(gradients()), jax.tree.leaves(gradients(remat_every=3)), strict=True):
        np.testing.assert_allclose(mine, reference, rtol=2e-4, atol=1e-6)


def pooled(kind, outputs, both_ways):
    """What ``model.pooling`` makes of the outputs ``[steps, width]`` of one sequence."""
    half = outputs.shape[1] // 2
    last = np.append(outputs[-1, :half], outputs[0, half:]) if both_ways else outputs[-1]
    return {"last": last, "mean": outputs.mean(axis=0), "max": outputs.max(axis=0)}[kind]


@pytest.mark.parametrize("both_ways", [False, True])
def test_pooling_is_over_the_steps_that_count(both_ways):
    width = 6 * (1 + both_ways)
    config = ModelConfig(cell=Choice("elman", hidden=6), bidirectional=both_ways)
    every = Target("regression", width, each_step=True)
    params = params_of(network(config, NUMBERS, every))
    params["head"] = {"kernel": jnp.eye(width), "bias": jnp.zeros(width)}  # the head gives what it reads
    inputs, lengths = some_inputs(), np.array([9, 1, 5, 3])
    longer = jnp.pad(inputs, ((0, 0), (0, 6), (0, 0)), constant_values=jnp.nan)
    steps = np.asarray(answers(network(config, NUMBERS, every))(params, inputs, lengths))
    for kind in ("last", "mean", "max"):
        run = answers(network(dataclasses.replace(config, pooling=kind), NUMBERS, every._replace(each_step=False)))
        found = np.asarray(run(params, inputs, lengths))
        for row, length in enumerate(lengths):
            np.testing.assert_allclose(found[row], pooled(kind, steps[row, :length], both_ways), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(found, run(params, longer, lengths), rtol=1e-6)
        np.testing.assert_allclose(run(params, inputs, np.full(4, 9)), run(params, inputs, None), rtol=1e-6)
        assert not np.asarray(run(params, inputs, np.zeros(4, int))).any()


def test_pooling_is_for_one_target_a_sequence():
    with pytest.raises(ValueError, match="pooling=mean is for tasks with one target for the sequence"):
        network(ModelConfig(cell=Choice("elman", hidden=6), pooling="mean"), NUMBERS, EVERY)


@pytest.mark.parametrize("target", [EVERY, LAST], ids=["all", "last"])
def test_a_network_that_reads_back_is_one_that_reads_its_inputs_from_their_end(target):
    """Outputs stay beside their inputs; the last one is that after the first step."""
    config = ModelConfig(cell=Choice("gru", hidden=6), layers=2)
    back, ahead = (
        answers(network(dataclasses.replace(config, reverse=back), NUMBERS, target)) for back in (True, False)
    )
    params = params_of(network(config, NUMBERS, target))
    inputs, lengths = np.array(some_inputs()), np.array([9, 1, 5, 3])
    turned = inputs.copy()
    for row, length in enumerate(lengths):
        turned[row, :length] = inputs[row, :length][::-1]
    found, expected = (np.asarray(run(params, read, lengths)) for run, read in ((back, inputs), (ahead, turned)))
    for row, length in enumerate(lengths):
        same = expected[row, :length][::-1] if target is EVERY else expected[row]
        np.testing.assert_allclose(found[row, :length] if target is EVERY else found[row], same, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("settings", [{"attention": "dot"}, {"scheduled_sampling": 0.1}])
def test_what_a_decoder_alone_reads_is_refused_where_there_is_none(settings):
    with pytest.raises(ValueError, match="are of a decoder, not of the head regression"):
        network(ModelConfig(cell=Choice("elman", hidden=6), **settings), NUMBERS, LAST)
