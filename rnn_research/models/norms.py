"""What normalises the outputs of a layer (S14). A new norm is a function here and a line in ``NORMS``."""

from collections.abc import Callable
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from rnn_research.cells import Params
from rnn_research.lookup import nearest

Total = Callable[[Any], Any]
EPSILON = 1e-5  # added to a variance
FORGOTTEN = 1e-6  # of an update: what moments weigh that are begun anew


class Norm(NamedTuple):
    """A norm over features ``[time, batch, width]``.

    Whatever it makes of the padding is read by nobody; nothing else may depend on what it finds there.

    Attributes:
      init: ``(key, width) -> params``.
      statistics: ``(width, time) -> `` what it keeps beside them, not trained, for sequences of so many steps; () for
        nothing.
      apply: ``(params, statistics, features, valid, total) -> (features, statistics)``; ``valid``, bool ``[time,
        batch]``, says which steps count; None where all do. ``total`` is None where a model is scored or used; in
        training it is ``(tree) -> tree``, the sum over the devices that share the batch.
      anew: ``(statistics) -> `` the same to be made anew of the batches to come, at parameters that stay as they are,
        before they are scored with; None for a norm that is scored with what training leaves.
    """

    init: Callable[[jax.Array, int], Params]
    statistics: Callable[[int, int], Any]
    apply: Callable[[Params, Any, jax.Array, jax.Array | None, Total | None], tuple[jax.Array, Any]]
    anew: Callable[[Any], Any] | None = None


def layer() -> Norm:
    """Layer norm: over the features of each token (Ba, Kiros and Hinton 2016)."""
    # The mean of squares less the square of the mean, flax's own way, has lost most digits of a small variance.
    norm = nn.LayerNorm(use_fast_variance=False)

    def apply(params, statistics, features, valid, total):
        return jnp.asarray(norm.apply({"params": params}, features)), statistics

    return Norm(lambda key, width: norm.init(key, jnp.zeros(width))["params"], lambda width, time: (), apply)


class Moments(NamedTuple):
    """Running moments: the plain mean over updates, of which those before they were begun anew weigh nothing where
    there are any since. Batches in which fewer than two steps count add nothing, as they have no variance.

    Attributes:
      mean, variance: of each feature, ``[width]``, or ``[time, width]``.
      updates: that they were made of, a float ``[1]``, or ``[time, 1]``; 0 for none, which normalises nothing.
    """

    mean: jax.Array
    variance: jax.Array
    updates: jax.Array


def batch() -> Norm:
    """Batch norm: over all steps that count of all sequences, feature by feature (Ioffe and Szegedy 2015; for
    recurrent networks between layers, Laurent et al. 2016).

    ``y = γ (x − m) / √(v + ε) + β``; m and v are the batch's moments in training, the running ones in scoring. Of a
    batch that devices share they are those of the whole of it.
    """

    def apply(params, statistics, features, valid, total):
        used = statistics
        if total is not None:
            used = moments(features, valid, (0, 1), total)
            statistics = updated(statistics, used)
        return scaled(params, features, used), statistics

    return Norm(init_scale_and_shift, lambda width, time: no_moments(width), apply, begun_anew)


def batch_per_step() -> Norm:
    """Batch norm with moments of each step's own: over the sequences that reach it (Cooijmans et al. 2016, section
    3). Scale and shift are those of all steps. Where longer sequences are scored than any in training, the steps beyond
    have the moments of the last one."""

    def apply(params, statistics, features, valid, total):
        time, known = len(features), len(statistics.mean)
        if total is None:
            last = jnp.maximum(jnp.sum(statistics.updates[:, 0] > 0) - 1, 0)
            steps = jnp.minimum(jnp.arange(time), last)
            used = jax.tree.map(lambda leaf: leaf[steps][:, None], statistics)
            return scaled(params, features, used), statistics
        used = moments(features, valid, (1,), total)
        both = min(time, known)
        found = updated(*(jax.tree.map(lambda leaf: leaf[:both], of) for of in (statistics, used)))
        statistics = jax.tree.map(lambda old, new: jnp.concatenate([new, old[both:]]), statistics, found)
        return scaled(params, features, used), statistics

    return Norm(init_scale_and_shift, lambda width, time: no_moments(time, width), apply, begun_anew)


def init_scale_and_shift(key: jax.Array, width: int) -> Params:
    """γ and β, so that nothing is changed."""
    return {"scale": jnp.ones(width), "bias": jnp.zeros(width)}


def no_moments(*shape: int) -> Moments:
    """Before any update."""
    return Moments(jnp.zeros(shape), jnp.ones(shape), jnp.zeros((*shape[:-1], 1)))


def begun_anew(running: Moments) -> Moments:
    """The moments to be made anew; of steps that no batch reaches they stay what they were."""
    return running._replace(updates=jnp.minimum(running.updates, FORGOTTEN))


def moments(features: jax.Array, valid: jax.Array | None, axes: tuple[int, ...], total: Total) -> Moments:
    """Those of a batch, of the axes kept as 1; in the place of ``updates`` how many steps counted."""
    if valid is None:
        valid = jnp.ones(features.shape[:2], bool)
    counts = valid[..., None]

    def summed(array):
        return total(jnp.where(counts, array, 0).sum(axes, keepdims=True))

    number = total(counts.sum(axes, keepdims=True)).astype(features.dtype)
    mean = summed(features) / jnp.maximum(number, 1)
    # Squares of what is left without the mean: the mean of squares would have lost the digits of a small variance.
    variance = summed((jnp.where(counts, features, mean) - mean) ** 2) / jnp.maximum(number, 1)
    return Moments(mean, variance, number)


def updated(running: Moments, found: Moments) -> Moments:
    """The running moments with those of one more batch, its variance without bias: n / (n − 1) of what it normalises by
    itself."""
    found = jax.lax.stop_gradient(Moments(*(leaf.reshape(old.shape) for leaf, old in zip(found, running, strict=True))))
    number = found.updates
    found = found._replace(variance=found.variance * number / jnp.maximum(number - 1, 1))
    told = (number >= 2).astype(number.dtype)
    updates = running.updates + told
    rate = told / jnp.maximum(updates, 1)
    mean, variance = (old + rate * (new - old) for old, new in zip(running[:2], found[:2], strict=True))
    return Moments(mean, variance, jnp.minimum(updates, 2**20))


def scaled(params: Params, features: jax.Array, used: Moments) -> jax.Array:
    """``γ (x − m) / √(v + ε) + β``."""
    scale, shift, mean, variance = (
        jnp.expand_dims(leaf, range(3 - leaf.ndim)) for leaf in (params["scale"], params["bias"], *used[:2])
    )
    return scale * (features - mean) * jax.lax.rsqrt(variance + EPSILON) + shift


NORMS: dict[str, Callable[[], Norm]] = {"layer": layer, "batch": batch, "batch_per_step": batch_per_step}


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
