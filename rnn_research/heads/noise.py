"""What makes training differ from scoring: random numbers, alike for any number of devices that share a batch."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp


def _same(tree: Any) -> Any:
    return tree


class Noise(NamedTuple):
    """What makes training differ from scoring; there is none of it (None) where a model is scored or used.

    Attributes:
      key: of this update, the same on all devices that share its batch; what differs by row is drawn by ``draw``.
      dropout: the share of features to leave out (S14; Zaremba et al. 2014); None for no dropout.
      share: of the batch: which of how many equal parts this device has.
      total: ``(tree) -> tree``, the sum over the devices that share it.
      sampled: the share of a decoder's steps that read its own token before; None for none.
    """

    key: jax.Array
    dropout: jax.Array | float | None = None
    share: tuple[jax.Array | int, int] = (0, 1)
    total: Callable[[Any], Any] = _same
    sampled: jax.Array | float | None = None

    def draw(self, function: Callable[..., jax.Array], number: int, shape: Sequence[int], rows: int) -> jax.Array:
        """``function(key, shape)`` for this device's rows of a batch: what a device that has the whole batch would draw
        for them.

        Args:
          function: as ``jax.random.normal``.
          number: of the draw; those of one update have different ones.
          shape: of this device's rows.
          rows: the axis of the batch in it.
        """
        index, count = self.share
        whole = [*shape]
        whole[rows] *= count
        drawn = function(jax.random.fold_in(self.key, number), tuple(whole))
        return drawn if count == 1 else jax.lax.dynamic_slice_in_dim(drawn, index * shape[rows], shape[rows], rows)


def drop(noise: Noise | None, number: int, features: jax.Array, *, once: bool = False) -> jax.Array:
    """Inverted dropout of ``[time, batch, width]``: features of one example and step are left out independently, or
    ``once``, the same ones at all steps."""
    if noise is None or noise.dropout is None:
        return features
    return jnp.where(kept_features(noise, number, features.shape, once), features / (1 - noise.dropout), 0)


def kept_features(noise: Noise, number: int, shape: tuple[int, ...], once: bool) -> jax.Array:
    """Which are not left out, bool of a shape ``[time, batch, ...]``; of a time of 1 where it is ``once`` for all."""
    assert noise.dropout is not None
    left = 1 - noise.dropout
    shape = (1, *shape[1:]) if once else shape
    return noise.draw(lambda key, shape: jax.random.bernoulli(key, left, shape), number, shape, rows=1)
