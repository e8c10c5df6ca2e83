"""How the error of a model's last loss decays on its way back, and how fast that is."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.cells import Params, SkipState, Tap
from rnn_research.gradients.norms import vector_norm
from rnn_research.models import Carry, Model
from rnn_research.tasks.base import Batch
from rnn_research.tasks.measures import weighted

FLOOR = float(np.finfo(np.float32).tiny)  # a norm of 0 is one too small for float32


def decay_curves(model: Model, params: Params, batch: Batch, statistics: Any = ()) -> dict[str, jax.Array]:
    """The error sent back from the last scored step, by distance (S29): means over examples, one backward pass.

    ``‖∂L_T/∂s_{T−d}‖`` for d = 1 … time − 1; ``L_T`` is the loss at the last step that is scored, ``s`` the state.

    Returns:
      Arrays ``[time − 1]``: ``decay`` over all parts of the state, and one for each part, as in ``decay/0/cell``:
      layer 0, the LSTM's c. Of a network that reads both ways, the layers that read ahead. NaN at distances that no
      example has.
    """
    count, steps = size_of(batch)
    ends = last_steps(batch)
    if batch.weights.ndim > 1:
        last = jnp.arange(steps)[None] == ends[:, None] - 1
        batch = batch._replace(weights=last.astype(batch.weights.dtype))
    carry = Carry(None, statistics)

    def last_loss(taps):
        terms = model.forward(params, batch, carry, taps=taps).terms
        return weighted(terms.loss, terms.weight).total

    taps = jax.grad(last_loss)(model.inside.taps(count, steps))
    layers = taps.state if isinstance(taps, Tap) else tuple(ahead.state for ahead, _ in taps)
    # A tap to the state that a step reads passes on through the skip connection, so its memory counts no second time.
    layers = jax.tree.map(_without_skip, layers, is_leaf=lambda state: isinstance(state, SkipState))
    named = jax.tree_util.tree_flatten_with_path(layers)[0]
    parts = {
        jax.tree_util.keystr(path, simple=True, separator="/"): vector_norm(leaf, range(2, leaf.ndim))
        for path, leaf in named
    }
    parts = {f"decay/{name}": norms for name, norms in parts.items()} if len(parts) > 1 else {}
    total = vector_norm(jnp.concatenate([leaf.reshape(steps, count, -1) for _, leaf in named], axis=2), (2,))
    return {name: _by_distance(norms, ends) for name, norms in ({"decay": total} | parts).items()}


def size_of(batch: Batch) -> tuple[int, int]:
    """Examples and steps of a batch."""
    rows, steps = jax.tree.leaves(batch.inputs)[0].shape[:2]
    return rows, steps


def last_steps(batch: Batch) -> jax.Array:
    """The last step that is scored, ``[batch]``, counted from 1; 0 for an example that is not."""
    count, steps = size_of(batch)
    if batch.weights.ndim > 1:
        return jnp.where(batch.weights > 0, jnp.arange(1, steps + 1)[None], 0).max(axis=1)
    return jnp.full(count, steps) if batch.lengths is None else jnp.asarray(batch.lengths)


def half_life(curve: np.ndarray) -> float:
    """Steps back at which the norm is first half of what it was one step back.

    Between two steps the norm is taken to fall exponentially.

    Args:
      curve: ``[distance]``, ``‖∂L_T/∂s_{T−d}‖`` for d = 1, 2, …

    Returns:
      A distance from 1 up; the length of the curve if the norm stays above half throughout; NaN if its first value
      is 0 or not finite, or there is none.
    """
    if not len(curve) or not np.isfinite(curve[0]) or curve[0] == 0:
        return float("nan")
    levels = np.log2(np.maximum(np.asarray(curve, np.float64), FLOOR) / curve[0])
    below = np.flatnonzero(levels <= -1)
    if not len(below):
        return float(len(curve))
    after = int(below[0])
    before_level, level = levels[after - 1], levels[after]
    return after + float((before_level + 1) / (before_level - level))


def log10_kept(curve: np.ndarray) -> float:
    """Logarithm of the share of the error that arrives: the norm at the greatest distance over that one step back.

    A norm of 0 counts as the least that float32 can hold, about 1e-38. NaN of a curve without distances.
    """
    if not len(curve):
        return float("nan")
    first, last = (float(np.log10(max(value, FLOOR))) if value == value else np.nan for value in (curve[0], curve[-1]))
    return last - first


def _without_skip(state: Any) -> Any:
    return state.inner if isinstance(state, SkipState) else state


def _by_distance(norms: jax.Array, ends: jax.Array) -> jax.Array:
    """``[time, examples]`` of the states that steps read, as means by distance from each example's last step.

    What step j (from 0) reads is the state after j steps; so distance d from the end is j = end − d, from 1 up.
    """
    steps = norms.shape[0]
    reads = ends[None] - jnp.arange(1, steps)[:, None]
    there = reads >= 1
    found = jnp.take_along_axis(norms, jnp.maximum(reads, 0), axis=0)
    return jnp.sum(jnp.where(there, found, 0), axis=1) / jnp.sum(there, axis=1)
