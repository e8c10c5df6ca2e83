"""Random networks and stacks of matrices, and the tools for step Jacobians, compiled once for each shape."""

from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import elman, gru, lstm, stacked
from rnn_research.gradients.jacobians import (
    log_product_norms,
    lyapunov_exponents,
    product,
    singular_values,
    spectral_norms,
    step_jacobians,
)

BATCH, TIME, INPUT, HIDDEN = 2, 5, 3, 4

CELLS = {
    "elman": elman(HIDDEN),
    "lstm": lstm(HIDDEN),
    "gru": gru(HIDDEN),
    "stacked": stacked(lstm(HIDDEN), gru(2)),
}
every_cell = pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)


def randomised(tree, seed, scale=0.7):
    """Random numbers in the place of every leaf, biases and states too."""
    rng = np.random.default_rng(seed)
    return jax.tree.map(lambda leaf: jnp.asarray(rng.normal(size=leaf.shape, scale=scale)), tree)


def parameter_shapes(cell):
    return jax.eval_shape(lambda key: cell.init(key, INPUT), jax.random.key(0))


def random_case(cell, batch=BATCH, time=TIME):
    """Params, inputs and the first state of every example."""
    params = parameter_shapes(cell)
    states = jax.tree.map(lambda leaf: jnp.zeros((batch, *leaf.shape)), cell.initial_state())
    return tuple(randomised(tree, seed) for seed, tree in enumerate((params, jnp.zeros((batch, time, INPUT)), states)))


def example(states, b):
    return jax.tree.map(lambda leaf: leaf[b], states)


@partial(jax.jit, static_argnums=0)
def jacobians_of(cell, params, inputs, lengths=None, state=None):
    return step_jacobians(cell, params, inputs, lengths=lengths, state=state)


# Compiled once for each shape; run without compiling, every operation of every shape is compiled by itself.
norms_of, exponents_of = jax.jit(log_product_norms), jax.jit(lyapunov_exponents)
product_of = jax.jit(product, static_argnums=(1, 2))
spectral_of, singular_of = jax.jit(spectral_norms), jax.jit(singular_values)


def random_stack(shape, size, seed=0, scale=1.0):
    return np.random.default_rng(seed).normal(size=(*shape, size, size), scale=scale / np.sqrt(size))


def numpy_products(jacobians):
    """``J_t ··· J_1`` for every t of one example."""
    products, running = [], np.eye(jacobians.shape[-1])
    for jacobian in jacobians:
        running = jacobian @ running
        products.append(running)
    return np.stack(products)


def orthogonal(size, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(size, size)))[0]


@cache
def linear_cell(size):
    return elman(size, activation="linear")


def linear_jacobians(recurrent_kernel, time, batch=1):
    """Those of a linear network, from the network itself."""
    size = len(recurrent_kernel)
    params = {"input_kernel": jnp.ones((INPUT, size)), "recurrent_kernel": recurrent_kernel, "bias": jnp.ones(size)}
    return jacobians_of(linear_cell(size), params, jnp.ones((batch, time, INPUT)))
