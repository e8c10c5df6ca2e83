"""Long short-term memory (S10; Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000)."""

from numbers import Integral
from typing import NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.cells.base import Cell, Params, SplitStep, check_size
from rnn_research.cells.initializers import after, gates


class LSTMState(NamedTuple):
    hidden: jax.Array  # [hidden]
    cell: jax.Array  # [hidden]


def lstm(
    hidden: int,
    *,
    forget_bias: float = 1.0,
    chrono: int = 0,
    input_init: str = "glorot",
    recurrent_init: str = "orthogonal",
) -> Cell:
    """LSTM cell, S10.

    ``i, f, g, o = W x_t + U h_{t−1} + b``,
    ``c_t = σ(f) ⊙ c_{t−1} + σ(i) ⊙ tanh(g)``,
    ``h_t = σ(o) ⊙ tanh(c_t)``, output ``h_t``; ``c_0 = h_0 = 0``.

    Params: ``input_kernel [input, 4·hidden]``, ``recurrent_kernel [hidden, 4·hidden]``, ``bias [4·hidden]``, gates in
    the order i, f, g, o (PyTorch's). One bias a gate; PyTorch and cuDNN have two, which act as their sum and by SGD
    learn twice as fast.

    Args:
      hidden: width of the state.
      forget_bias: initial bias of the forget gate; 1 keeps the memory open at the start
        (Gers et al. 2000; Jozefowicz et al. 2015).
      chrono: T_max of the chrono initialisation, the longest dependency expected, in steps (Tallec and Ollivier
        2018): per unit ``b_f = log u`` with u uniform on 1 to T_max − 1, and ``b_i = −b_f``, so that the unit
        forgets over about u steps. ``forget_bias`` is then not used. 0: off.
      input_init: initialiser of each gate's input kernel, by name; see ``rnn_research.cells.initializers``.
      recurrent_init: initialiser of each gate's recurrent kernel.

    Raises:
      ValueError: a width below one, a ``chrono`` that is neither 0 nor a whole number above one, or an unknown
        initialiser.
    """
    check_size("hidden", hidden)
    if not isinstance(chrono, Integral) or isinstance(chrono, bool) or chrono == 1 or chrono < 0:
        raise ValueError(f"chrono must be 0 (off) or a whole number above one, not {chrono!r}")
    input_gates, recurrent_gates = gates(input_init), gates(recurrent_init)

    def init_bias(key):
        if not chrono:
            return jnp.zeros(4 * hidden).at[hidden : 2 * hidden].set(forget_bias)
        forget = jnp.log(jax.random.uniform(key, (hidden,), minval=1.0, maxval=chrono - 1.0))
        return jnp.concatenate([-forget, forget, jnp.zeros(2 * hidden)])

    def init(key, input_size):
        key_w, key_u = jax.random.split(key)
        input_kernel = input_gates(key_w, input_size, hidden, 4)
        return {
            "input_kernel": input_kernel,
            "recurrent_kernel": recurrent_gates(after(key_u, input_kernel), hidden, hidden, 4),
            "bias": init_bias(jax.random.fold_in(key, 2)),  # the kernels' draws are the same with chrono and without
        }

    def initial_state():
        return LSTMState(jnp.zeros(hidden), jnp.zeros(hidden))

    def pointwise(state, from_input, from_state):
        i, f, g, o = jnp.split(from_input + from_state, 4)
        c = jax.nn.sigmoid(f) * state.cell + jax.nn.sigmoid(i) * jnp.tanh(g)
        return LSTMState(jax.nn.sigmoid(o) * jnp.tanh(c), c)

    return Cell(init, initial_state, SplitStep((pointwise,)))


def forget_gate(params: Params, state: LSTMState, x: jax.Array) -> jax.Array:
    """``σ(f)`` of the step that reads ``x [input]`` in a state, ``[hidden]``: the share of each unit's c that it
    keeps."""
    columns = slice(len(state.hidden), 2 * len(state.hidden))
    product = x @ params["input_kernel"][:, columns] + state.hidden @ params["recurrent_kernel"][:, columns]
    return jax.nn.sigmoid(product + params["bias"][columns])


def with_forget_gate(params: Params, kept: jax.Array | float) -> Params:
    """The parameters of an LSTM whose forget gate is ``kept``, from 0 to 1, a number or ``[hidden]``, whatever is
    read."""
    hidden = len(params["bias"]) // 4
    columns = slice(hidden, 2 * hidden)
    return params | {
        "input_kernel": params["input_kernel"].at[:, columns].set(0),
        "recurrent_kernel": params["recurrent_kernel"].at[:, columns].set(0),
        "bias": params["bias"].at[columns].set(jax.scipy.special.logit(kept)),
    }
