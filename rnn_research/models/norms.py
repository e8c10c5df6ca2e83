"""What normalises the outputs of a layer (S14). A new norm is a function here and a line in ``NORMS``."""

from collections.abc import Callable
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from rnn_research.cells import Params
from rnn_research.lookup import nearest


class Norm(NamedTuple):
    """A norm over features ``[time, batch, width]``.

    Whatever it makes of the padding is read by nobody; nothing else may depend on what it finds there.

    Attributes:
      init: ``(key, width) -> params``.
      statistics: ``(width) -> `` what it keeps beside them, not trained; () for nothing.
      apply: ``(params, statistics, features, valid, training) -> (features, statistics)``; ``valid``, bool ``[time,
        batch]``, says which steps are no padding; None where all are.
    """

    init: Callable[[jax.Array, int], Params]
    statistics: Callable[[int], Any]
    apply: Callable[[Params, Any, jax.Array, jax.Array | None, bool], tuple[jax.Array, Any]]


def layer() -> Norm:
    """Layer norm: over the features of each token (Ba, Kiros and Hinton 2016)."""
    # The mean of squares less the square of the mean, flax's own way, has lost most digits of a small variance.
    norm = nn.LayerNorm(use_fast_variance=False)

    def apply(params, statistics, features, valid, training):
        return jnp.asarray(norm.apply({"params": params}, features)), statistics

    return Norm(lambda key, width: norm.init(key, jnp.zeros(width))["params"], lambda width: (), apply)


NORMS: dict[str, Callable[[], Norm]] = {"layer": layer}


def make_norm(name: str) -> Norm | None:
    """The norm that ``model.norm`` names; None for ``none``.

    Raises:
      ValueError: an unknown name.
    """
    if name == "none":
        return None
    if name not in NORMS:
        raise ValueError(f"model.norm: unknown norm {name!r}; {nearest(name, ['none', *NORMS])}")
    return NORMS[name]()
