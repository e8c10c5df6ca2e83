"""What is handed on from batch to batch, documents that begin in between, causality; for every cell."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.experiment import Choice, ModelConfig
from rnn_research.heads import Noise
from rnn_research.models import Carry, network
from rnn_research.models.dropout import drop
from rnn_research.tasks.base import Batch, Inputs, Target
from tests.support.at_random import params_of

CELLS = {
    "elman": Choice("elman", hidden=5),
    "lstm": Choice("lstm", hidden=5),
    "gru": Choice("gru", hidden=5),
    "window": Choice("window", hidden=5, size=4),
    "convolution": Choice("convolution", hidden=5, depth=3),
}
CONFIGS = {name: ModelConfig(cell=cell, layers=2) for name, cell in CELLS.items()} | {
    "embedded": ModelConfig(cell=CELLS["lstm"], embedding=7, norm="layer", layers=2),
    "tied": ModelConfig(cell=CELLS["gru"], embedding=5, tied=True, residual=True, layers=3),
}
SIZE, ROWS, TIME = 20, 3, 12
IDS, NEXT = Inputs("ids", SIZE + 1, TIME), Target("softmax", SIZE, each_step=True)


class Run:
    """A model with its parameters; each length of batch is compiled once."""

    def __init__(self, config):
        self.model = network(config, IDS, NEXT)
        self.params = params_of(self.model)
        self.forward = jax.jit(self.model.forward)

    def __call__(self, inputs, starts=None, carry=None):
        """``(carry, features [time, rows, width], nats [rows, time])``."""
        inputs = jnp.asarray(inputs)
        starts = np.zeros(inputs.shape, bool) if starts is None else starts
        batch = Batch(inputs, inputs % SIZE, jnp.ones(inputs.shape), starts=jnp.asarray(starts))
        carry = self.model.start(len(inputs)) if carry is None else carry
        terms, after, features = self.forward(self.params, batch, carry)
        return after, np.asarray(features), np.asarray(terms.loss)


@pytest.fixture(scope="module", params=CONFIGS)
def run(request):
    return Run(CONFIGS[request.param])


@pytest.fixture(scope="module")
def ids():
    return np.random.default_rng(0).integers(0, SIZE + 1, (ROWS, TIME))


def test_the_state_carried_over_two_halves_gives_what_one_pass_gives(run, ids):
    starts = np.zeros((ROWS, TIME), bool)
    starts[0, 3] = starts[1, 8] = starts[2, 6] = True
    whole_carry, whole, nats = run(ids, starts)
    carry, first, first_nats = run(ids[:, :6], starts[:, :6])
    carry, second, second_nats = run(ids[:, 6:], starts[:, 6:], carry)
    np.testing.assert_allclose(np.concatenate([first, second]), whole, atol=1e-5)
    np.testing.assert_allclose(np.concatenate([first_nats, second_nats], axis=1), nats, atol=1e-5)
    for mine, theirs in zip(jax.tree.leaves(carry), jax.tree.leaves(whole_carry), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-5)


def test_a_start_makes_the_rest_a_document_of_its_own(run, ids):
    starts = np.zeros((ROWS, TIME), bool)
    starts[:, 6] = True
    _, both, _ = run(ids, starts)
    _, second, _ = run(ids[:, 6:])
    np.testing.assert_allclose(both[6:], second, atol=1e-5)
    _, together, _ = run(ids)
    assert not np.allclose(both[6:], together[6:], atol=1e-5)


def test_no_output_depends_on_later_tokens(run, ids):
    changed = ids.copy()
    changed[:, 6:] = (changed[:, 6:] + 1) % SIZE
    (_, before, nats), (_, after, changed_nats) = run(ids), run(changed)
    np.testing.assert_array_equal(before[:6], after[:6])
    np.testing.assert_array_equal(nats[:, :6], changed_nats[:, :6])
    assert not np.allclose(before[6:], after[6:])


def test_a_network_that_reads_both_ways_knows_later_tokens_and_has_no_state_to_go_on_from(ids):
    model = network(ModelConfig(cell=CELLS["lstm"], bidirectional=True), IDS, NEXT)
    params = params_of(model)
    changed = ids.copy()
    changed[:, 6:] = (changed[:, 6:] + 1) % SIZE

    @jax.jit
    def features(inputs):
        return model.forward(params, Batch(inputs, inputs % SIZE, jnp.ones(inputs.shape)), Carry(None, ())).features

    assert not np.allclose(features(ids)[:6], features(changed)[:6])
    assert model.start(3).state is None and model.stream is None
    batch = Batch(ids, ids % SIZE, jnp.ones(ids.shape), starts=np.ones(ids.shape, bool))
    with pytest.raises(ValueError, match="cannot begin documents in the middle of a sequence"):
        model.forward(params, batch, Carry(None, ()))


def test_the_stream_gives_the_probabilities_that_the_loss_is_made_of(run, ids):
    """They sum to one over the tokens, and the loss is the logarithm of the target's."""
    _, _, nats = run(ids)
    _, logits = jax.jit(run.model.stream.advance)(run.params, run.model.stream.start(run.params, None, ROWS), ids)
    assert logits.shape == (ROWS, TIME, SIZE)
    p = np.asarray(jax.nn.softmax(logits, axis=-1), np.float64)
    np.testing.assert_allclose(p.sum(axis=-1), 1, rtol=1e-5)
    np.testing.assert_allclose(-np.log(np.take_along_axis(p, ids[..., None] % SIZE, axis=-1)[..., 0]), nats, rtol=1e-4)


def test_dropout_thins_in_training_only(ids):
    model = network(ModelConfig(cell=CELLS["lstm"], embedding=6, dropout=0.5), IDS, NEXT)
    params = params_of(model)
    batch = Batch(jnp.asarray(ids), jnp.asarray(ids % SIZE), jnp.ones(ids.shape))

    def features(noise=None):
        return model.forward(params, batch, model.start(ROWS), noise=noise).features

    keys = jax.random.split(jax.random.key(2), 300)
    draws = jax.jit(jax.vmap(lambda key, share: features(Noise(key, share)), in_axes=(0, None)))
    thinned = np.asarray(draws(keys, 0.5)[0])
    assert 0.3 < float((thinned == 0).mean()) < 0.7
    whole = np.asarray(jax.jit(features)())
    assert (whole != 0).all()
    np.testing.assert_allclose(draws(keys, 0.1).mean(axis=0), whole, atol=0.1)
    np.testing.assert_array_equal(jax.jit(lambda: features(Noise(keys[0])))(), whole)


def test_rows_are_thinned_alike_on_one_device_and_on_several():
    x, key = jnp.ones((5, 6, 4)), jax.random.key(3)
    whole = drop(Noise(key, 0.5), 1, x)
    parts = [drop(Noise(key, 0.5, (jnp.int32(part), 3)), 1, x[:, :2]) for part in range(3)]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole)
    assert not np.array_equal(parts[0], parts[1])
