"""Initialisers of kernels, by name: ``(key, shape) -> array``.

A kernel is ``[rows, columns]`` and stands after its vector: a column holds the weights coming in to one unit.
A name is one in ``INITIALIZERS``, or one in ``INITIALIZERS_OF`` with its argument, as ``normal(0.1)``.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.lookup import nearest

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


def lecun(key: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """Normal of variance 1/rows, cut off at two deviations (LeCun et al. 1998): flax's default for dense layers."""
    return jax.nn.initializers.lecun_normal()(key, shape)


def uniform(key: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """Uniform on ±1/√hidden, ``hidden`` being the columns: PyTorch's default for recurrent layers."""
    bound = shape[1] ** -0.5
    return jax.random.uniform(key, shape, minval=-bound, maxval=bound)


def identity(key: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """The identity matrix (Le, Jaitly and Hinton 2015: with relu, the IRNN)."""
    del key
    return jnp.eye(*shape)


def gaussian(key: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """N(0, 1/columns): where square and large, of spectral radius about 1 and spectral norm about 2 (Ginibre 1965)."""
    return jax.random.normal(key, shape) * shape[1] ** -0.5


def normal(deviation: float) -> Initializer:
    """N(0, deviation²); Pascanu et al. (2013) start tanh units at ``normal(0.1)``, sigmoid ones at ``normal(0.01)``.

    Raises:
      ValueError: a deviation that is not a positive number.
    """
    if not (deviation > 0 and math.isfinite(deviation)):
        raise ValueError(f"the deviation of normal() must be a positive number, not {deviation}")
    return lambda key, shape: deviation * jax.random.normal(key, shape)


def within(bound: float) -> Initializer:
    """Uniform on ±bound: ``uniform(0.1)`` of Zaremba et al. (2014), ``uniform(0.08)`` of Karpathy et al. (2015).

    Raises:
      ValueError: a bound that is not a positive number.
    """
    if not (bound > 0 and math.isfinite(bound)):
        raise ValueError(f"the bound of uniform() must be a positive number, not {bound}")
    return lambda key, shape: jax.random.uniform(key, shape, minval=-bound, maxval=bound)


def sparse(count: int) -> Initializer:
    """Every unit gets N(0, 1) weights from ``min(count, rows)`` units drawn at random, and zeros from the rest.

    A square matrix is then divided by its spectral radius, so that a scale applied to it later is its spectral
    radius; any other shape is left as drawn. Pascanu et al. (2013) take ``sparse(15)`` at radius 0.95, after
    Sutskever et al. (2013).

    Raises:
      ValueError: a count below one.
    """
    if count < 1:
        raise ValueError(f"the count of sparse() must be a positive whole number, not {count}")

    def init(key, shape):
        key_places, key_weights = jax.random.split(key)
        # Each column's rows in a random order; the first ones are connected.
        order = jnp.argsort(jax.random.uniform(key_places, shape), axis=0)
        rank = jnp.argsort(order, axis=0)
        weights = jnp.where(rank < min(count, shape[0]), jax.random.normal(key_weights, shape), 0)
        # The radius is not 0: where every unit has an incoming edge there is a cycle.
        return weights / spectral_radius(weights) if shape[0] == shape[1] else weights

    return init


def after(key: jax.Array, made: Any) -> jax.Array:
    """The same key, but not before the arrays in ``made`` are there.

    In one program on a CPU, two of LAPACK's factorisations at once, each waiting for a thread of XLA's pool, can wait
    for each other for ever; so kernels are made one after another.
    """
    leaves = jax.tree.leaves(made)
    if not leaves:
        return key
    broken = jnp.stack([jnp.isnan(leaf).any() for leaf in leaves]).any()  # never; but XLA cannot know
    return jax.random.wrap_key_data(jax.random.key_data(key) ^ broken.astype(jnp.uint32))


def spectral_radius(matrix: jax.Array) -> jax.Array:
    """Largest modulus among the eigenvalues of a square matrix, to about 1e-5 of itself in single precision.

    Gelfand's formula by repeated squaring: ``log ρ(A) = lim 2^−m log‖A^(2^m)‖`` at m = 20, each power brought back to
    norm 1 and the logarithms summed. Matrix products only: accelerators have no eigenvalues of nonsymmetric matrices.
    """

    def divide(matrix):
        norm = jnp.linalg.norm(matrix)
        return matrix / jnp.where(norm > 0, norm, 1), jnp.log(norm)

    def square(_, carry):
        power, log_norm = carry
        # An accelerator's default product keeps 8 to 11 bits.
        power, change = divide(jnp.matmul(power, power, precision="highest"))
        return power, 2 * log_norm + change

    return jnp.exp(jax.lax.fori_loop(0, 20, square, divide(matrix))[1] / 2**20)


INITIALIZERS: dict[str, Initializer] = {
    f.__name__: f for f in (orthogonal, orthogonal_svd, glorot, lecun, uniform, identity, gaussian)
}
# Those whose name carries an argument: what makes one, the argument's type, and a usual value.
INITIALIZERS_OF: dict[str, tuple[Callable[..., Initializer], type, str]] = {
    "normal": (normal, float, "0.1"),
    "sparse": (sparse, int, "15"),
    "uniform": (within, float, "0.1"),
}


def named(name: str) -> Initializer:
    """The initialiser that a name stands for, such as ``orthogonal`` or ``normal(0.1)``.

    Raises:
      ValueError: an unknown name, or an argument that is missing, superfluous, unreadable or out of range.
    """
    if name in INITIALIZERS:
        return INITIALIZERS[name]
    base, _, argument = name.partition("(")
    if base in INITIALIZERS_OF and argument.endswith(")"):
        make, kind, usual = INITIALIZERS_OF[base]
        try:
            return make(kind(argument[:-1]))
        except ValueError as error:
            raise ValueError(f"initialiser {name!r}: {error}; did you mean '{base}({usual})'?") from error
    known = [*INITIALIZERS, *(f"{base}({usual})" for base, (_, _, usual) in INITIALIZERS_OF.items())]
    raise ValueError(f"unknown initialiser {name!r}; {nearest(name, known)}")


def gates(name: str) -> Callable[[jax.Array, int, int, int], jax.Array]:
    """``(key, rows, hidden, count) -> [rows, count·hidden]``: one independent draw per gate, side by side.

    Raises:
      ValueError: no initialiser of that name; see ``named``.
    """
    named(name)
    return partial(_gates, name)


# Traced once for each shape, not for each network; inlined, so that programs are what they would be without.
@partial(jax.jit, static_argnums=(0, 2, 3, 4), inline=True)
def _gates(name: str, key: jax.Array, rows: int, hidden: int, count: int) -> jax.Array:
    blocks = jax.vmap(lambda k: named(name)(k, (rows, hidden)))(jax.random.split(key, count))
    return jnp.moveaxis(blocks, 0, 1).reshape(rows, count * hidden)


def of_setting(setting: str, name: str) -> Initializer:
    """The initialiser of a name, which a setting holds.

    Raises:
      ValueError: an unknown name.
    """
    try:
        return named(name)
    except ValueError as error:
        raise ValueError(f"{setting}: {error}") from error
