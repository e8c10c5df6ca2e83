"""What a trial's penalties add to its gradient, and noise on its weights; terms of weight 0 are not in its program at
all."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from rnn_research.cells import Params, Tap
from rnn_research.experiment.config import TrialConfig
from rnn_research.gradients.penalties import elman_slopes, omega, orthogonality, weight_norm
from rnn_research.training.traced import Traced


def omega_taps(config: TrialConfig, params: Params, inputs: Any) -> Tap | None:
    """Zeros to be added to every pre-activation of the Elman layer: their gradient is what Ω is made of."""
    if not config.penalty.omega:
        return None
    batch, time = jax.tree.leaves(inputs)[0].shape[:2]
    bias = params["recurrent"][0]["bias"]
    return Tap(None, ({"bias": jnp.zeros((time, batch, *bias.shape), bias.dtype)},))


def with_noise(params: Params, deviation: jax.Array | float, key: jax.Array) -> Params:
    """Parameters with Gaussian noise of this standard deviation added to every one of them."""
    flat, unravel = ravel_pytree(params)  # one draw for all: each of its own would take long to compile
    return unravel(flat + deviation * jax.random.normal(key, flat.shape))


def penalties(
    config: TrialConfig,
    traced: Traced,
    params: Params,
    features: jax.Array,
    errors: Tap | None,
    starts: Any = None,
    devices: int = 1,
    total: Callable[[Any], Any] = lambda tree: tree,
) -> tuple[dict[str, jax.Array], Any]:
    """Each penalty before its weight, and the gradient of their weighted sum; None where there is none.

    Of a batch that devices share, the mean over them is that of the whole batch.

    Args:
      features: ``[time, batch, hidden]``, the Elman layer's outputs, and
      errors: the gradient of the loss with respect to ``omega_taps``, and
      starts: ``[batch, time]``, steps before which the state is put back, or None; for Ω alone.
      devices, total: how many share the batch, and the sum over them.
    """
    terms = {}
    if config.penalty.l2:
        terms["l2"] = traced["penalty.l2"], weight_norm
    if config.penalty.orthogonality:
        terms["orthogonality"] = traced["penalty.orthogonality"], orthogonality
    if errors is not None:
        slopes = elman_slopes(features, str(config.model.cell["activation"]))
        sent_back = errors.bias[0]["bias"]
        if starts is not None:  # no step back leads from one document to the one before it
            sent_back = jnp.where(jnp.swapaxes(starts, 0, 1)[..., None], 0, sent_back)
        terms["omega"] = (
            traced["penalty.omega"],
            lambda p: devices * omega(p["recurrent"][0]["recurrent_kernel"], slopes, sent_back, total=total),
        )
    if not terms:
        return {}, None

    def weighted(params):
        values = {name: function(params) for name, (_, function) in terms.items()}
        return sum(weight * values[name] for name, (weight, _) in terms.items()), values

    gradients, values = jax.grad(weighted, has_aux=True)(params)
    return values, gradients
