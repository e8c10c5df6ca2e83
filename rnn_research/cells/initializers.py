"""Initialisers of kernels, by name: ``(key, shape) -> array``."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from rnn_research.names import lookup

Initializer = Callable[[jax.Array, tuple[int, int]], jax.Array]


def orthogonal(key: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """Uniformly distributed orthogonal matrix, by QR (S08; Saxe et al. 2014).

    A rectangular shape gets orthonormal columns, or rows where it is wide.
    """
    return jax.nn.initializers.orthogonal()(key, shape)


def orthogonal_svd(key: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """Orthogonal matrix as the lectures make it (S08): ``U Vᵀ`` of the SVD of a Gaussian matrix."""
    u, _, vt = jnp.linalg.svd(jax.random.normal(key, shape), full_matrices=False)
    return u @ vt


def glorot(key: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """Uniform on ±√(6 / (fan_in + fan_out)) (Glorot and Bengio 2010)."""
    return jax.nn.initializers.glorot_uniform()(key, shape)


def uniform(key: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """Uniform on ±1/√hidden, ``hidden`` being the columns: PyTorch's default for recurrent layers."""
    bound = shape[1] ** -0.5
    return jax.random.uniform(key, shape, minval=-bound, maxval=bound)


def identity(key: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """The identity matrix (Le, Jaitly and Hinton 2015: with relu, the IRNN)."""
    del key
    return jnp.eye(*shape)


INITIALIZERS: dict[str, Initializer] = {f.__name__: f for f in (orthogonal, orthogonal_svd, glorot, uniform, identity)}


def gates(name: str) -> Callable[[jax.Array, int, int, int], jax.Array]:
    """``(key, rows, hidden, count) -> [rows, count·hidden]``: one independent draw per gate, side by side.

    Raises:
      ValueError: no initialiser of that name.
    """
    initializer = lookup(INITIALIZERS, name, "initialiser")

    def init(key, rows, hidden, count):
        blocks = jax.vmap(lambda k: initializer(k, (rows, hidden)))(jax.random.split(key, count))
        return jnp.moveaxis(blocks, 0, 1).reshape(rows, count * hidden)

    return init
