"""Gated recurrent unit (S11; Cho et al. 2014)."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.cells.base import Cell, SplitStep, check_size
from rnn_research.cells.initializers import after, gates


class GRUState(NamedTuple):
    hidden: jax.Array  # [hidden]


class Reset(NamedTuple):
    """Within a step of the lectures' GRU, after its gates: ``r ⊙ h_{t−1}``, z and ``h_{t−1}``, ``[hidden]`` each."""

    hidden: jax.Array
    update: jax.Array
    before: jax.Array


def gru(
    hidden: int,
    *,
    reset_after: bool = True,
    keep_bias: float = 0.0,
    input_init: str = "glorot",
    recurrent_init: str = "orthogonal",
) -> Cell:
    """GRU cell, S11, in two forms; ``r = σ(W_r x + U_r h + b_r)`` and ``z = σ(W_z x + U_z h + b_z)`` in both.

    ``reset_after=True`` (cuDNN, PyTorch): ``n = tanh(W_n x + b_n + r ⊙ (U_n h + d))``,
    ``h_t = (1−z) ⊙ n + z ⊙ h_{t−1}``.

    ``reset_after=False`` (the lectures; Cho et al.): ``n = tanh(W_n x + b_n + U_n (r ⊙ h_{t−1}))``,
    ``h_t = (1−z) ⊙ h_{t−1} + z ⊙ n``.

    Params: ``input_kernel [input, 3·hidden]``, ``recurrent_kernel [hidden, 3·hidden]``, ``bias [3·hidden]``,
    gates in the order r, z, n (PyTorch's); with ``reset_after`` also ``candidate_bias [hidden]`` (d).

    Args:
      hidden: width of the state.
      reset_after: apply the reset gate after the product with U_n, or before it.
      keep_bias: initial bias of the update gate, towards keeping the state: the GRU's counterpart of the
        LSTM's ``forget_bias``. The two forms weigh the state by z and by 1 − z, so the sign differs.
      input_init: initialiser of each gate's input kernel, a name in ``cells.initializers``.
      recurrent_init: initialiser of each gate's recurrent kernel.

    Raises:
      ValueError: a width below one, or an unknown initialiser.
    """
    check_size("hidden", hidden)
    input_gates, recurrent_gates = gates(input_init), gates(recurrent_init)

    def init(key, input_size):
        key_w, key_u = jax.random.split(key)
        input_kernel = input_gates(key_w, input_size, hidden, 3)
        params = {
            "input_kernel": input_kernel,
            "recurrent_kernel": recurrent_gates(after(key_u, input_kernel), hidden, hidden, 3),
            "bias": jnp.zeros(3 * hidden).at[hidden : 2 * hidden].set(keep_bias if reset_after else -keep_bias),
        }
        return params | {"candidate_bias": jnp.zeros(hidden)} if reset_after else params

    def initial_state():
        return GRUState(jnp.zeros(hidden))

    def pointwise(state, from_input, from_state):
        (r, z, n), (r_state, z_state, n_state) = jnp.split(from_input, 3), jnp.split(from_state, 3)
        r, z = jax.nn.sigmoid(r + r_state), jax.nn.sigmoid(z + z_state)
        n = jnp.tanh(n + r * n_state)
        return GRUState((1 - z) * n + z * state.hidden)

    def reset(state, from_input, from_state):
        r, z = jnp.split(from_input + from_state, 2)
        return Reset(jax.nn.sigmoid(r) * state.hidden, z, state.hidden)

    def renew(state, from_input, from_state):
        z, n = jax.nn.sigmoid(state.update), jnp.tanh(from_input + from_state)
        return GRUState((1 - z) * state.before + z * n)

    before = SplitStep((reset, renew), cuts=(2 * hidden,))
    return Cell(init, initial_state, SplitStep((pointwise,), apart=hidden) if reset_after else before)
