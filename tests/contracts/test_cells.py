"""What every cell promises of a batch of sequences, on every backend that fits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import CELLS, output_size
from rnn_research.experiment.choice import build
from rnn_research.recurrence import run
from rnn_research.recurrence.backends import BACKENDS, Call
from tests.contracts.small import names, once, same, small
from tests.support.at_random import at_random

TIME, BATCH, FEATURES = 4, 4, 2
LENGTHS = np.array([4, 0, 1, 3])


@pytest.mark.parametrize("name", names("cell"))
def test_padding_on_every_backend(name):
    cell = build(small("cell", name).with_options(hidden=3), CELLS, "cell")
    params = at_random(lambda: cell.init(jax.random.key(0), FEATURES))
    inputs = np.random.default_rng(0).normal(size=(TIME, BATCH, FEATURES)).astype(np.float32)
    padding = np.arange(TIME)[:, None] >= LENGTHS[None]
    spoilt = np.where(padding[..., None], np.nan, inputs)
    start = jax.tree.map(lambda leaf: jnp.zeros((BATCH, *leaf.shape)), cell.initial_state())

    def everything(backend):
        def loss(params, inputs):
            state, outputs = run(cell, params, inputs, lengths=jnp.asarray(LENGTHS), backend=backend)
            return (outputs**2).sum() + sum((leaf**2).sum() for leaf in jax.tree.leaves(state)), (state, outputs)

        (_, found), gradients = once(jax.value_and_grad(loss, argnums=(0, 1), has_aux=True))(params, spoilt)
        return found, gradients

    expected = everything("loop")
    (state, outputs), (_, to_inputs) = expected
    assert jax.tree.structure(state) == jax.tree.structure(start)
    for leaf, first in zip(*map(jax.tree.leaves, (state, start))):
        assert (leaf.shape, leaf.dtype) == (first.shape, first.dtype)  # a carry of a scan
        np.testing.assert_array_equal(leaf[1], first[1])  # of length 0: as it began
    assert outputs.shape == (TIME, BATCH, output_size(cell, FEATURES))
    assert not np.asarray(outputs)[padding].any() and np.isfinite(outputs).all()
    assert np.abs(np.asarray(outputs)[~padding]).min() > 0 or name in ("convolution",)
    assert not np.asarray(to_inputs)[padding].any()
    call = Call(params, jnp.asarray(inputs), start, jnp.asarray(LENGTHS), jnp.asarray(~padding))
    fitting = [backend for backend, one in BACKENDS.items() if backend != "loop" and not one.fits(cell, call)]
    assert "scan" in fitting
    for backend in fitting:
        found = everything(backend)
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6), found, expected)


@pytest.mark.parametrize("name", names("cell"))
def test_init_depends_on_the_key_alone(name):
    cell = build(small("cell", name).with_options(hidden=3), CELLS, "cell")
    init = once(lambda key: cell.init(key, FEATURES))
    assert same(init(jax.random.key(0)), init(jax.random.key(0)))
    assert not same(init(jax.random.key(0)), init(jax.random.key(1)))
    assert all(not np.asarray(leaf).any() for leaf in jax.tree.leaves(cell.initial_state()))
