"""Long short-term memory as it was first published (Hochreiter and Schmidhuber 1997): no forget gate."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.cells.base import Cell, check_size
from rnn_research.cells.initializers import after, named, within

BIAS = within(0.1)  # the paper's range of all first weights


class LSTM1997State(NamedTuple):
    hidden: jax.Array  # [hidden], outputs of the memory cells
    cell: jax.Array  # [hidden], their internal states
    gates: jax.Array  # [2·blocks], input gates, then output gates


def lstm_1997(
    hidden: int,
    *,
    block: int = 1,
    input_bias: float = 0.0,
    truncated: bool = True,
    input_init: str = "uniform(0.1)",
    recurrent_init: str = "uniform(0.1)",
) -> Cell:
    """LSTM of 1997 (Neural Computation 9(8), sections 4 and 5.4, appendix A.1).

    The ``block`` memory cells of a block share one input gate i and one output gate o; all units read the outputs of
    all cells and of all gates of the step before, ``u_{t−1} = (h_{t−1}, σ(i_{t−1}), σ(o_{t−1}))``:
    ``i, o, g = W x_t + U u_{t−1} + b``,
    ``c_t = c_{t−1} + σ(i) ⊙ 2 tanh(g/2)``,
    ``h_t = σ(o) ⊙ tanh(c_t/2)``, output ``h_t``; ``c_0 = u_0 = 0``.
    In the paper's terms ``2 tanh(z/2) = 4σ(z) − 2`` is its squashing g, of range [−2, 2], and ``tanh(z/2) = 2σ(z) − 1``
    its h, of range [−1, 1].

    Truncated, the error stops where it reaches ``u_{t−1}``: it goes back through ``c`` alone, unchanged, as in the
    paper. Otherwise it is that of backpropagation through time.

    Params, with ``units = hidden + 2·blocks``, columns in the order input gates, output gates, cells: ``input_kernel
    [input, units]``, ``recurrent_kernel [units, units]``, whose rows are in the order of u, ``bias [units]``. Biases
    are drawn uniformly from ±0.1, as all the paper's weights are.

    Args:
      hidden: memory cells, the width of the output.
      block: cells of a block, a divisor of ``hidden``.
      input_bias: if it is not 0, the input gate of block k = 1, 2, ... begins with bias ``k · input_bias``: the paper's
        −3 and −6 (against a drift of the states).
      truncated: whether the gradient is the paper's.
      input_init: initialiser of the input kernel, by name; see ``rnn_research.cells.initializers``.
      recurrent_init: initialiser of the recurrent kernel.

    Raises:
      ValueError: a width or a block below one, cells that do not fill their blocks, or an unknown initialiser.
    """
    check_size("hidden", hidden)
    check_size("block", block)
    if hidden % block:
        raise ValueError(f"hidden ({hidden}) must be a multiple of block ({block})")
    blocks = hidden // block
    units = hidden + 2 * blocks
    input_kernel_of, recurrent_kernel_of = named(input_init), named(recurrent_init)

    def init(key, input_size):
        key_w, key_u, key_b = jax.random.split(key, 3)
        kernel = input_kernel_of(key_w, (input_size, units))
        bias = BIAS(key_b, (1, units))[0]
        return {
            "input_kernel": kernel,
            "recurrent_kernel": recurrent_kernel_of(after(key_u, kernel), (units, units)),
            "bias": bias.at[:blocks].set(input_bias * jnp.arange(1, blocks + 1)) if input_bias else bias,
        }

    def initial_state():
        return LSTM1997State(jnp.zeros(hidden), jnp.zeros(hidden), jnp.zeros(2 * blocks))

    def step(params, state, x):
        before = jnp.concatenate([state.hidden, state.gates])
        before = jax.lax.stop_gradient(before) if truncated else before
        net = x @ params["input_kernel"] + before @ params["recurrent_kernel"] + params["bias"]
        gates = jax.nn.sigmoid(net[: 2 * blocks])
        write, read = (jnp.repeat(gate, block) for gate in jnp.split(gates, 2))
        cell = state.cell + write * 2 * jnp.tanh(net[2 * blocks :] / 2)
        hidden = read * jnp.tanh(cell / 2)
        return LSTM1997State(hidden, cell, gates), hidden

    return Cell(init, initial_state, step)
