"""Dropout of states, step by step in NumPy with the masks that were drawn; padding; and what scoring makes of it."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import CELLS
from rnn_research.experiment import Choice, ModelConfig
from rnn_research.heads import Noise
from rnn_research.models import Carry, network
from rnn_research.models.dropout import STATES, drop, drop_recurrent, zoneout
from rnn_research.recurrence import run
from rnn_research.tasks import Batch, Inputs, Target
from tests.support.at_random import at_random

TIME, ROWS, WIDTH, HIDDEN = 5, 3, 2, 4
KINDS = ("outputs", "variational", "recurrent", "zoneout")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(TIME, ROWS, WIDTH)).astype(np.float32)


def params_of(cell):
    """Random numbers for all of them, biases too."""
    return at_random(lambda: cell.init(jax.random.key(0), WIDTH))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gru_by_hand(params, x, kept):
    w, u, b, d = (
        np.asarray(params[name], np.float64) for name in ("input_kernel", "recurrent_kernel", "bias", "candidate_bias")
    )
    h, found = np.zeros((ROWS, HIDDEN)), []
    for t in range(TIME):
        (r, z, n), (ru, zu, nu) = np.split(x[t] @ w + b, 3, axis=-1), np.split((kept[t] * h) @ u, 3, axis=-1)
        r, z = sigmoid(r + ru), sigmoid(z + zu)
        h = (1 - z) * np.tanh(n + r * (nu + d)) + z * h
        found.append(h)
    return np.stack(found)


def test_what_a_recurrent_kernel_reads_is_thinned_and_the_state_is_not():
    cell = CELLS["gru"](HIDDEN)
    params, kept = params_of(cell), 2.0 * RNG.integers(2, size=(TIME, ROWS, HIDDEN)).astype(np.float32)
    _, found = jax.jit(partial(run, drop_recurrent(cell)))(params, (X, kept))
    np.testing.assert_allclose(found, gru_by_hand(params, X, kept), rtol=1e-4, atol=1e-6)
    _, plain = jax.jit(partial(run, drop_recurrent(cell)))(params, (X, np.ones_like(kept)))
    np.testing.assert_allclose(plain, run(cell, params, X)[1], rtol=1e-5, atol=1e-6)


def test_zoneout_keeps_numbers_of_the_state_as_they_were():
    """An LSTM's hidden state and its cell, each its own."""
    cell = CELLS["lstm"](HIDDEN)
    params, state = params_of(cell), cell.initial_state()
    held = jax.tree.map(lambda leaf: RNG.integers(2, size=(TIME, ROWS, HIDDEN)).astype(np.float32), state)
    _, found = jax.jit(partial(run, zoneout(cell)))(params, (X, held))
    w, u, b = (np.asarray(params[name], np.float64) for name in ("input_kernel", "recurrent_kernel", "bias"))
    h = c = np.zeros((ROWS, HIDDEN))
    for t in range(TIME):
        i, f, g, o = np.split(X[t] @ w + h @ u + b, 4, axis=-1)
        new = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = np.where(held.hidden[t] > 0, h, sigmoid(o) * np.tanh(new))
        c = np.where(held.cell[t] > 0, c, new)
        np.testing.assert_allclose(found[t], h, rtol=1e-4, atol=1e-6)


def test_one_mask_for_all_steps_of_a_sequence():
    noise = Noise(jax.random.key(1), 0.5)
    once = np.asarray(drop(noise, 1, jnp.ones((TIME, 50, WIDTH)), once=True))
    assert set(np.unique(once)) == {0, 2}
    assert (once == once[:1]).all() and 0.3 < (once == 0).mean() < 0.7
    assert len(np.unique(once[0], axis=0)) == 4


@pytest.fixture(scope="module", params=KINDS)
def made(request):
    config = ModelConfig(cell=Choice("lstm", hidden=HIDDEN), layers=2, dropout=0.5, dropout_kind=request.param)
    model = network(config, Inputs("numbers", WIDTH, TIME), Target("regression", 1, each_step=True))
    params = at_random(lambda: model.init(jax.random.key(2), 1.0))

    @jax.jit
    def forward(batch, noise, statistics):
        carry = Carry(None, statistics)
        if noise is not None:
            noise = Noise(*noise)
        forward = model.forward(params, batch, carry, noise=noise)
        return forward.terms.loss, forward.carry.statistics, forward.features

    return request.param, model, forward


def batch_of(x, lengths):
    x = np.swapaxes(x, 0, 1)
    counts = (np.arange(x.shape[1])[None] < np.array(lengths)[:, None]).astype(np.float32)
    return Batch(x, np.ones(x.shape[:2], np.float32), counts, np.array(lengths))


def test_a_batch_padded_longer_has_the_same_masks(made):
    _, model, forward = made
    statistics, noise = model.start(ROWS).statistics, (jax.random.key(3), 0.5)
    loss, kept, _ = forward(batch_of(X, (5, 2, 4)), noise, statistics)
    longer, kept_of_longer, _ = forward(batch_of(np.pad(X, ((0, 2), (0, 0), (0, 0))), (5, 2, 4)), noise, statistics)
    counts = np.arange(TIME)[None] < np.array((5, 2, 4))[:, None]
    np.testing.assert_allclose(longer[:, :TIME][counts], loss[counts], rtol=1e-6)
    assert kept == kept_of_longer


def test_scores_are_without_noise_and_draws_differ(made):
    kind, model, forward = made
    batch, statistics = batch_of(X, (5, 5, 5)), model.start(ROWS).statistics
    draws = [forward(batch, (jax.random.key(seed), 0.3), statistics) for seed in range(200)]
    assert not np.array_equal(draws[0][2], draws[1][2])
    score = forward(batch, None, draws[0][1])[2]
    np.testing.assert_allclose(np.mean([features for _, _, features in draws], axis=0), score, atol=0.05)
    if kind == "zoneout":  # it is scored with the rate that it was trained with
        assert float(draws[0][1][-1]) == pytest.approx(0.3)
        assert model.stream is None and model.inside.cell is None
        assert np.abs(np.asarray(forward(batch, None, statistics)[2]) - score).max() > 1e-3
    else:
        assert draws[0][1] == ()


def test_zoneout_on_two_devices_draws_what_one_would():
    draw = partial(jax.random.bernoulli, p=0.5)

    def drawn(share, rows):
        noise = Noise(jax.random.key(0), 0.5, share)
        return noise.draw(lambda key, shape: draw(key, shape=shape), STATES, (TIME, rows, HIDDEN), rows=1)

    parts = [drawn((part, 2), 3) for part in range(2)]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), drawn((0, 1), 6))


@pytest.mark.parametrize("settings", [{"cell": Choice("convolution", hidden=4)}, {"skip": 2}])
def test_cells_without_a_recurrent_product_are_refused(settings):
    config = ModelConfig(**{"cell": Choice("gru", hidden=4)} | settings, dropout=0.2, dropout_kind="zoneout")
    with pytest.raises(ValueError, match="zoneout is for cells whose state is multiplied"):
        network(config, Inputs("numbers", WIDTH, TIME), Target("regression", 1, each_step=True))
