"""Recurrent layers one above the other, in one direction or both (S12, S13)."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.cells import CELLS, Cell, Params, State, Tap, output_size, residual, skip, stacked
from rnn_research.cells.initializers import after
from rnn_research.experiment.choice import build
from rnn_research.experiment.config import ModelConfig
from rnn_research.recurrence.masking import valid_steps
from rnn_research.recurrence.run import run

Noisy = Callable[[Cell, jax.Array, int], tuple[Cell, Any]]


def _as_it_is(cell: Cell, x: jax.Array, direction: int) -> tuple[Cell, Any]:
    return cell, x


class Layer(NamedTuple):
    """What one layer is made of; ``width`` is that of its outputs."""

    cell: Cell
    input_size: int
    width: int


def cell_of(config: ModelConfig) -> Cell:
    """The cell of every layer, with the skip connections it is asked to have."""
    cell = build(config.cell, CELLS, "cell")
    return skip(cell, every=config.skip) if config.skip else cell


def make_layers(config: ModelConfig, input_size: int) -> list[Layer]:
    """The layers from the lowest on; a layer that reads both ways is twice as wide as its cell."""
    cell = cell_of(config)
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
    state: State,
    config: ModelConfig,
    *,
    lengths: jax.Array | None = None,
    starts: jax.Array | None = None,
    taps: Any = None,
    noisy: Noisy = _as_it_is,
) -> tuple[State, jax.Array]:
    """One layer over ``x [time, batch, features]``: ``(state, outputs)``; of a layer that reads both ways the pair of
    the states, ahead and back.

    Args:
      state: the first, leaves ``[batch, ...]``; None for the cell's own.
      lengths, starts: as of ``tasks.base.Batch``.
      noisy: ``(cell, x, direction) -> (cell, inputs)``, with noise on its states; direction 0 or, back, 1.

    Raises:
      ValueError: documents that begin in mid-sequence, read both ways or back.
    """
    if starts is not None and (config.bidirectional or config.reverse):
        raise ValueError("a network that reads back or both ways cannot begin documents in the middle of a sequence")
    starts = None if starts is None else jnp.swapaxes(starts, 0, 1)
    options = {"lengths": lengths, "remat_every": config.remat_every}
    cell, inputs = noisy(layer.cell, x, 0)
    if not config.bidirectional:
        return run(cell, params, inputs, state, starts=starts, taps=taps, reverse=config.reverse, **options)
    ahead, back = (None, None) if taps is None else taps
    last, forward = run(cell, params[0], inputs, taps=ahead, **options)
    cell, inputs = noisy(layer.cell, x, 1)
    first, backward = run(cell, params[1], inputs, taps=back, reverse=True, **options)
    return (last, first), jnp.concatenate([forward, backward], axis=-1)


def last_features(
    features: jax.Array, lengths: jax.Array | None, both_ways: bool = False, reverse: bool = False
) -> jax.Array:
    """``[time, batch, width] -> [batch, width]``: what each direction gave when it had read everything."""
    if reverse and not both_ways:
        return features[0]
    if lengths is None:
        last = features[-1]
    else:
        last = jnp.take_along_axis(features, jnp.maximum(lengths - 1, 0)[None, :, None], axis=0)[0]
    if not both_ways:
        return last
    half = features.shape[-1] // 2
    return jnp.concatenate([last[:, :half], features[0, :, half:]], axis=-1)


def pool(config: ModelConfig, features: jax.Array, lengths: jax.Array | None) -> jax.Array:
    """``[time, batch, width] -> [batch, width]``, as ``model.pooling`` says; of no steps, zeros."""
    if config.pooling == "last":
        return last_features(features, lengths, config.bidirectional, config.reverse)
    count = jnp.full(features.shape[1], len(features)) if lengths is None else lengths
    valid = valid_steps(len(features), count)[..., None]
    if config.pooling == "mean":
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
    if (
        config.bidirectional
        or config.reverse
        or config.norm != "none"
        or (config.dropout and config.dropout_kind == "zoneout")
    ):
        return None
    cells = [layer.cell for layer in layers]
    return stacked(cells[0], *(map(residual, cells[1:]) if config.residual else cells[1:]))
