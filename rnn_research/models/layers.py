"""Recurrent layers one above the other, in one direction or both (S12, S13)."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.cells import CELLS, Cell, Params, State, Tap, output_size, residual, skip, stacked
from rnn_research.cells.initializers import after
from rnn_research.experiment.choice import build
from rnn_research.experiment.config import ModelConfig
from rnn_research.recurrence import run
from rnn_research.recurrence.masking import valid_steps
from rnn_research.tasks.base import Batch

Noisy = Callable[[Cell, jax.Array, int], tuple[Cell, Any]]


def _as_it_is(cell: Cell, x: jax.Array, direction: int) -> tuple[Cell, Any]:
    return cell, x


class Layer(NamedTuple):
    """What one layer is made of; ``width`` is that of its outputs."""

    cell: Cell
    input_size: int
    width: int


def make_layers(config: ModelConfig, input_size: int) -> list[Layer]:
    """The layers from the lowest on; a layer that reads both ways is twice as wide as its cell."""
    cell = build(config.cell, CELLS, "cell")
    cell = skip(cell, every=config.skip) if config.skip else cell
    layers: list[Layer] = []
    for _ in range(config.layers):
        if layers and layers[-1].input_size == input_size:
            layers.append(layers[-1])
            continue
        width = output_size(cell, input_size) * (2 if config.bidirectional else 1)
        layers.append(Layer(cell, input_size, width))
        input_size = width
    return layers


def init_layer(layer: Layer, key: jax.Array, both_ways: bool) -> Params:
    """The cell's parameters, or those of the cell ahead and of the cell back."""
    if not both_ways:
        return layer.cell.init(key, layer.input_size)
    ahead_key, back_key = jax.random.split(key)
    ahead = layer.cell.init(ahead_key, layer.input_size)
    return ahead, layer.cell.init(after(back_key, ahead), layer.input_size)


def run_layer(
    layer: Layer,
    params: Params,
    x: jax.Array,
    batch: Batch,
    state: State,
    taps: Any,
    config: ModelConfig,
    noisy: Noisy = _as_it_is,
) -> tuple[State, jax.Array]:
    """One layer over ``x [time, batch, features]``: ``(state, outputs)``; a layer that reads both ways gives no state.

    Args:
      noisy: ``(cell, x, direction) -> (cell, inputs)``, with noise on its states; direction 0 or, back, 1.

    Raises:
      ValueError: documents that begin in mid-sequence, read both ways.
    """
    starts = None if batch.starts is None else jnp.swapaxes(batch.starts, 0, 1)
    options = {"lengths": batch.lengths, "remat_every": config.remat_every}
    cell, inputs = noisy(layer.cell, x, 0)
    if not config.bidirectional:
        return run(cell, params, inputs, state, starts=starts, taps=taps, **options)
    if starts is not None:
        raise ValueError("a network that reads both ways cannot begin documents in the middle of a sequence")
    ahead, back = (None, None) if taps is None else taps
    _, forward = run(cell, params[0], inputs, taps=ahead, **options)
    cell, inputs = noisy(layer.cell, x, 1)
    _, backward = run(cell, params[1], inputs, taps=back, reverse=True, **options)
    return None, jnp.concatenate([forward, backward], axis=-1)


def last_features(features: jax.Array, lengths: jax.Array | None, both_ways: bool) -> jax.Array:
    """``[time, batch, width] -> [batch, width]``: what each direction gave when it had read everything."""
    if lengths is None:
        last = features[-1]
    else:
        last = jnp.take_along_axis(features, jnp.maximum(lengths - 1, 0)[None, :, None], axis=0)[0]
    if not both_ways:
        return last
    half = features.shape[-1] // 2
    return jnp.concatenate([last[:, :half], features[0, :, half:]], axis=-1)


def pool(kind: str, features: jax.Array, lengths: jax.Array | None, both_ways: bool) -> jax.Array:
    """``[time, batch, width] -> [batch, width]``, as ``model.pooling`` says; of no steps, zeros."""
    if kind == "last":
        return last_features(features, lengths, both_ways)
    count = jnp.full(features.shape[1], len(features)) if lengths is None else lengths
    valid = valid_steps(len(features), count)[..., None]
    if kind == "mean":
        return jnp.where(valid, features, 0).sum(axis=0) / jnp.maximum(count, 1)[:, None]
    return jnp.where(count[:, None] > 0, jnp.where(valid, features, -jnp.inf).max(axis=0), 0)


def tap_of_layer(taps: Any, layer: int) -> Any:
    """A layer's part of what ``Inside.taps`` is like."""
    if not isinstance(taps, Tap):
        return None if taps is None else taps[layer]
    state, bias = taps
    return Tap(None if state is None else state[layer], None if bias is None else bias[layer])


def zero_taps(layers: list[Layer], both_ways: bool, rows: int, time: int) -> Any:
    """Zeros for the states that each step reads, leaves ``[time, rows, ...]``."""
    states = tuple(layer.cell.initial_state() for layer in layers)
    zeros = jax.tree.map(lambda leaf: jnp.zeros((time, rows, *leaf.shape), leaf.dtype), states)
    if not both_ways:
        return Tap(zeros, None)
    return tuple((Tap(zero, None), Tap(jax.tree.map(jnp.zeros_like, zero), None)) for zero in zeros)


def as_one_cell(config: ModelConfig, layers: list[Layer]) -> Cell | None:
    """All layers as one cell, where that is what they are."""
    if config.bidirectional or config.norm != "none" or (config.dropout and config.dropout_kind == "zoneout"):
        return None
    cells = [layer.cell for layer in layers]
    return stacked(cells[0], *(map(residual, cells[1:]) if config.residual else cells[1:]))
