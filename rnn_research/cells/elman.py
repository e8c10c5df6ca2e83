"""Elman's simple recurrent network (S05; Elman 1990)."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.cells.base import Cell, SplitStep, check_size
from rnn_research.cells.initializers import after, gates
from rnn_research.lookup import lookup


class Activation(NamedTuple):
    """An elementwise function f.

    Attributes:
      function: f.
      slope: ``f'(z)`` as a function of ``f(z)``.
      steepest: the greatest ``f'(z)`` there is.
    """

    function: Callable[[jax.Array], jax.Array]
    slope: Callable[[jax.Array], jax.Array]
    steepest: float


ACTIVATIONS = {
    "tanh": Activation(jnp.tanh, lambda h: 1 - h**2, 1.0),
    "sigmoid": Activation(jax.nn.sigmoid, lambda h: h * (1 - h), 0.25),
    "relu": Activation(jax.nn.relu, lambda h: (h > 0).astype(h.dtype), 1.0),
    "linear": Activation(lambda z: z, jnp.ones_like, 1.0),
}


class ElmanState(NamedTuple):
    hidden: jax.Array  # [hidden]


def elman(
    hidden: int, *, activation: str = "tanh", input_init: str = "glorot", recurrent_init: str = "orthogonal"
) -> Cell:
    """Elman cell, S05.

    ``h_t = f(W x_t + U h_{t−1} + b)``, output ``h_t``; ``f`` is tanh (deck L2), sigmoid (deck L1), relu
    or the identity (``linear``).

    Params: ``input_kernel [input, hidden]`` (W), ``recurrent_kernel [hidden, hidden]`` (U), ``bias [hidden]``.

    Args:
      hidden: width of the state.
      activation: ``tanh``, ``sigmoid``, ``relu`` or ``linear``.
      input_init: initialiser of W, by name; see ``rnn_research.cells.initializers``.
      recurrent_init: initialiser of U.

    Raises:
      ValueError: a width below one, or an unknown activation or initialiser.
    """
    check_size("hidden", hidden)
    input_gates, recurrent_gates = gates(input_init), gates(recurrent_init)
    f = lookup(ACTIVATIONS, activation, "activation").function

    def init(key, input_size):
        key_w, key_u = jax.random.split(key)
        input_kernel = input_gates(key_w, input_size, hidden, 1)
        return {
            "input_kernel": input_kernel,
            "recurrent_kernel": recurrent_gates(after(key_u, input_kernel), hidden, hidden, 1),
            "bias": jnp.zeros(hidden),
        }

    def initial_state():
        return ElmanState(jnp.zeros(hidden))

    def pointwise(state, from_input, from_state):
        return ElmanState(f(from_input + from_state))

    return Cell(init, initial_state, SplitStep((pointwise,)))
