"""Weights to and from PyTorch's ``state_dict`` layout, as NumPy arrays; PyTorch itself is not needed.

PyTorch keeps kernels as ``[gates·hidden, input]`` and two bias vectors that are added; ours are the
transposes with one bias, but for the GRU's candidate, whose second bias stands inside the reset product.
"""

from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np

from rnn_research.cells.base import Params


def from_torch(weights: Mapping[str, np.ndarray], *, layer: int = 0, reverse: bool = False) -> Params:
    """One layer's params from a ``torch.nn.RNN``, ``LSTM`` or ``GRU`` ``state_dict``.

    Args:
      weights: ``weight_ih_l0 [gates·hidden, input]``, ``weight_hh_l0 [gates·hidden, hidden]`` and, unless the
        module was made with ``bias=False``, ``bias_ih_l0`` and ``bias_hh_l0 [gates·hidden]``.
      layer: which layer.
      reverse: the backward direction of a bidirectional module.

    Returns:
      Params of ``elman``, ``lstm`` or ``gru(reset_after=True)``, by the number of gates.

    Raises:
      KeyError: an array is missing.
      ValueError: the shapes are not those of an RNN, LSTM or GRU, or the module has a projection.
    """
    suffix = _suffix(layer, reverse)
    if f"weight_hr{suffix}" in weights:
        raise ValueError("an LSTM with proj_size has no counterpart here")
    w, u = np.asarray(weights[f"weight_ih{suffix}"]), np.asarray(weights[f"weight_hh{suffix}"])
    zeros = np.zeros(u.shape[0], u.dtype)
    b_ih = np.asarray(weights.get(f"bias_ih{suffix}", zeros))
    b_hh = np.asarray(weights.get(f"bias_hh{suffix}", zeros))
    gates = _gates(u.shape)
    params = {"input_kernel": jnp.asarray(w.T), "recurrent_kernel": jnp.asarray(u.T)}
    if gates != 3:
        return params | {"bias": jnp.asarray(b_ih + b_hh)}
    hidden = u.shape[1]
    outside = np.concatenate([b_hh[: 2 * hidden], np.zeros(hidden, u.dtype)])
    return params | {"bias": jnp.asarray(b_ih + outside), "candidate_bias": jnp.asarray(b_hh[2 * hidden :])}


def to_torch(params: Params, *, layer: int = 0, reverse: bool = False) -> dict[str, np.ndarray]:
    """One layer's params as entries of a PyTorch ``state_dict``; the inverse of ``from_torch``.

    Raises:
      ValueError: params of ``gru(reset_after=False)``, which PyTorch does not have.
    """
    suffix = _suffix(layer, reverse)
    w, u = np.asarray(params["input_kernel"]).T, np.asarray(params["recurrent_kernel"]).T
    gates = _gates(u.shape)
    second = np.zeros(u.shape[0], u.dtype)
    if gates == 3:
        if "candidate_bias" not in params:
            raise ValueError("PyTorch's GRU resets after the product: only gru(reset_after=True) converts")
        second[2 * u.shape[1] :] = np.asarray(params["candidate_bias"])
    return {
        f"weight_ih{suffix}": np.ascontiguousarray(w),
        f"weight_hh{suffix}": np.ascontiguousarray(u),
        f"bias_ih{suffix}": np.asarray(params["bias"]),
        f"bias_hh{suffix}": second,
    }


def _suffix(layer: int, reverse: bool) -> str:
    return f"_l{layer}" + ("_reverse" if reverse else "")


def _gates(shape: tuple[int, ...]) -> int:
    gates, rest = divmod(shape[0], shape[1])
    if rest or gates not in (1, 3, 4):
        raise ValueError(f"a recurrent kernel of shape {shape} is no RNN's, LSTM's or GRU's")
    return gates
