"""Backpropagation through time as the lecture writes it (S06): every factor formed, every term added, O(T²)."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp

from rnn_research.cells.elman import ACTIVATIONS, elman
from rnn_research.gradients.penalties import elman_slopes
from rnn_research.lookup import lookup
from rnn_research.recurrence import unroll


def textbook_bptt(
    params: Mapping[str, jax.Array], inputs: jax.Array, targets: jax.Array, activation: str = "tanh"
) -> tuple[jax.Array, dict[str, jax.Array]]:
    """The loss of an Elman network with a softmax at every step (S05), and its gradient by the sum over paths (S06).

    ``h_t = f(x_t W + h_{t−1} U + b)``, ``h_0 = 0``; ``o_t = h_t O + b_o``; ``L_t = −log softmax(o_t)[target_t]``;
    ``L = Σ_t L_t``. The gradient is written out, without automatic differentiation:

    ``dL/dU = Σ_t dL_t/do_t · do_t/dh_t · [Σ_{k=1..t} (Π_{j=k+1..t} ∂h_j/∂h_{j−1}) ∂h_k/∂U]``,

    and alike for W and b; ``∂h_k/∂U`` is the immediate derivative, with ``h_{k−1}`` held constant.

    Args:
      params: ``input_kernel [input, hidden]`` (W), ``recurrent_kernel [hidden, hidden]`` (U), ``bias [hidden]`` (b),
        ``output_kernel [hidden, classes]`` (O), ``output_bias [classes]`` (b_o).
      inputs: ``[time, input]``, one example.
      targets: ``[time]``, class numbers from 0.
      activation: f: ``tanh``, ``sigmoid``, ``relu`` or ``linear``.

    Returns:
      ``(loss, gradients)``: L in nats, and a dict of the parameters' names and shapes.

    Raises:
      ValueError: inputs or targets of another shape, an unknown activation.
    """
    _check(inputs, targets)
    f = lookup(ACTIVATIONS, activation, "activation").function
    W, U, b = params["input_kernel"], params["recurrent_kernel"], params["bias"]
    O, b_o = params["output_kernel"], params["output_bias"]  # noqa: E741
    time, identity = len(inputs), jnp.eye(len(b), dtype=b.dtype)

    # Forward; every dict is by the step, t = 1..T.
    h, dh_dh, dh_dU, dh_dW, dh_db = {0: jnp.zeros_like(b)}, {}, {}, {}, {}
    for t, x_t in enumerate(inputs, start=1):
        h[t] = f(x_t @ W + h[t - 1] @ U + b)
        slope = jnp.diag(elman_slopes(h[t], activation))  # f'(z_t) on the diagonal
        dh_dh[t] = slope @ U.T  # ∂h_t/∂h_{t−1} [h_t, h_{t−1}]
        dh_dU[t] = jnp.einsum("i,aj->aij", h[t - 1], slope)  # ∂h_t/∂U [h_t, row of U, column of U]
        dh_dW[t] = jnp.einsum("i,aj->aij", x_t, slope)  # ∂h_t/∂W [h_t, row of W, column of W]
        dh_db[t] = slope  # ∂h_t/∂b [h_t, b]

    loss = jnp.zeros((), b.dtype)
    dL_dW, dL_dU, dL_db, dL_dO, dL_dbo = (jnp.zeros_like(p) for p in (W, U, b, O, b_o))
    for t in range(1, time + 1):
        o_t = h[t] @ O + b_o
        loss -= jax.nn.log_softmax(o_t)[targets[t - 1]]

        dLt_dot = jax.nn.softmax(o_t).at[targets[t - 1]].add(-1)  # [classes]
        dot_dht = O.T  # [classes, hidden]
        dL_dO += jnp.outer(h[t], dLt_dot)
        dL_dbo += dLt_dot

        dht_dhk = identity  # Π_{j=k+1..t} ∂h_j/∂h_{j−1}, empty for k = t
        for k in range(t, 0, -1):
            dLt_dhk = dLt_dot @ dot_dht @ dht_dhk
            dL_dU += jnp.tensordot(dLt_dhk, dh_dU[k], 1)
            dL_dW += jnp.tensordot(dLt_dhk, dh_dW[k], 1)
            dL_db += jnp.tensordot(dLt_dhk, dh_db[k], 1)
            dht_dhk = dht_dhk @ dh_dh[k]

    gradients = {
        "input_kernel": dL_dW,
        "recurrent_kernel": dL_dU,
        "bias": dL_db,
        "output_kernel": dL_dO,
        "output_bias": dL_dbo,
    }
    return loss, gradients


def loss_of(
    params: Mapping[str, jax.Array], inputs: jax.Array, targets: jax.Array, activation: str = "tanh"
) -> jax.Array:
    """The same L by ``unroll`` over the library's Elman cell; ``jax.grad`` of it is what ``textbook_bptt`` must equal.

    Args and errors as for ``textbook_bptt``.
    """
    _check(inputs, targets)
    cell = elman(len(params["bias"]), activation=activation)
    _, hidden = unroll(cell, params, inputs)
    log_probabilities = jax.nn.log_softmax(hidden @ params["output_kernel"] + params["output_bias"][None])
    return -jnp.take_along_axis(log_probabilities, targets[:, None], axis=1).sum()


def _check(inputs: jax.Array, targets: jax.Array) -> None:
    if inputs.ndim != 2 or targets.shape != inputs.shape[:1]:
        raise ValueError(f"inputs must be [time, input] and targets [time], not {inputs.shape} and {targets.shape}")
