"""A stack of recurrent layers and a dense head: many-to-one (S20) and many-to-many (S21)."""

from collections.abc import Callable
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from rnn_research.cells import (
    CELLS,
    Cell,
    Nudge,
    Params,
    count_parameters,
    nudged,
    output_size,
    residual,
    skip,
    stacked,
)
from rnn_research.cells.initializers import named
from rnn_research.experiment.choice import build
from rnn_research.experiment.config import ModelConfig
from rnn_research.recurrence import unroll
from rnn_research.tasks.base import Task


class Model(NamedTuple):
    """A network as pure functions.

    Attributes:
      init: ``(key, init_scale) -> params``; ``{"recurrent": ..., "head": ...}``.
      apply: ``(params, inputs [batch, time, features], lengths [batch] or None) -> outputs``:
        ``[batch, output_size]`` for a readout at the last step, ``[batch, time, output_size]`` at every step.
      recur: ``(params, inputs, lengths, nudges=None) -> features [time, batch, width]``, the recurrent layers alone.
      read: ``(params, features, lengths) -> outputs``, the rest of ``apply``.
      nudges: ``(batch, time) -> zeros`` to be added to the state that each step reads, leaves ``[time, batch, ...]``;
        the gradient with respect to them is the error sent back to each step.
      cell: all layers as one cell, or None for a network that reads both ways.
    """

    init: Callable[[jax.Array, jax.Array | float], Params]
    apply: Callable[[Params, jax.Array, jax.Array | None], jax.Array]
    recur: Callable[..., jax.Array]
    read: Callable[[Params, jax.Array, jax.Array | None], jax.Array]
    nudges: Callable[..., Any]
    cell: Cell | None


def sequence_model(config: ModelConfig, task: Task) -> Model:
    """The network that a config describes, of the task's input and output sizes.

    The recurrence runs with time as the leading axis; a readout at the last step takes the output at
    ``lengths − 1`` (of the backward direction, that at step 0).
    """
    cells = [build(config.cell, CELLS, "cell") for _ in range(config.layers)]
    if config.skip:
        cells = [skip(cell, every=config.skip) for cell in cells]
    direction = _both_ways if config.bidirectional else _left_to_right
    cell, still, init_recurrent, run = direction(cells, config.residual, config.remat_every)
    initializer = named(config.head_init)
    head = nn.Dense(task.output_size, kernel_init=lambda key, shape, dtype=None: initializer(key, (shape[0], shape[1])))
    width = output_size(cells[-1], task.input_size) * (2 if config.bidirectional else 1)

    def init(key: jax.Array, init_scale: jax.Array | float = 1.0) -> Params:
        recurrent_key, head_key = jax.random.split(key)
        return {
            "recurrent": scale_recurrent(init_recurrent(recurrent_key, task.input_size), init_scale),
            "head": head.init(head_key, jnp.zeros(width))["params"],
        }

    def recur(params: Params, inputs: jax.Array, lengths: jax.Array | None = None, nudges: Any = None) -> jax.Array:
        axes = (None, 0, None if lengths is None else 0, 1)
        return jax.vmap(run, in_axes=axes, out_axes=1)(params["recurrent"], inputs, lengths, nudges)

    def read(params: Params, features: jax.Array, lengths: jax.Array | None = None) -> jax.Array:
        if task.readout == "last":
            return dense(params, _last(features, lengths, config.bidirectional))
        return jnp.swapaxes(dense(params, features), 0, 1)

    def dense(params: Params, features: jax.Array) -> jax.Array:
        return jnp.asarray(head.apply({"params": params["head"]}, features))

    def apply(params: Params, inputs: jax.Array, lengths: jax.Array | None = None) -> jax.Array:
        return read(params, recur(params, inputs, lengths), lengths)

    def nudges(batch: int, time: int) -> Any:
        return jax.tree.map(lambda leaf: jnp.zeros((time, batch, *leaf.shape), leaf.dtype), still)

    return Model(init, apply, recur, read, nudges, cell)


def scale_recurrent(params: Params, scale: jax.Array | float) -> Params:
    """Multiply every recurrent kernel, and nothing else."""

    def visit(path, leaf):
        return leaf * scale if path[-1] == jax.tree_util.DictKey("recurrent_kernel") else leaf

    return jax.tree_util.tree_map_with_path(visit, params)


def match_width(config: ModelConfig, task: Task) -> ModelConfig:
    """With ``match="parameters"``, the config whose cell has the width that brings the model's size closest
    to that of the same model with LSTM cells of width ``hidden``; counted from the real trees."""
    if config.match == "width":
        return config
    hidden = config.cell["hidden"]

    def size(cell):
        model = sequence_model(_with_cell(config, cell), task)
        return count_parameters(jax.eval_shape(model.init, jax.random.key(0), 1.0))

    target = size(config.cell.__class__("lstm", hidden=hidden))
    low, high = 1, 2
    while size(config.cell.with_options(hidden=high)) < target:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if size(config.cell.with_options(hidden=middle)) < target else (low, middle)
    best = min((low, high), key=lambda h: abs(size(config.cell.with_options(hidden=h)) - target))
    return _with_cell(config, config.cell.with_options(hidden=best))


def _with_cell(config: ModelConfig, cell) -> ModelConfig:
    return config.__class__(**(vars(config) | {"cell": cell}))


def _left_to_right(cells: list[Cell], skips: bool, remat_every: int):
    cell = stacked(cells[0], *(map(residual, cells[1:]) if skips else cells[1:]))

    def run(params, inputs, length, nudges):
        return _unroll(cell, params, inputs, nudges, length=length, remat_every=remat_every)

    return cell, Nudge(cell.initial_state(), None), cell.init, run


def _both_ways(cells: list[Cell], skips: bool, remat_every: int):
    def init(key, input_size):
        params = []
        for cell, layer_key in zip(cells, jax.random.split(key, len(cells)), strict=True):
            ahead, behind = jax.random.split(layer_key)
            params.append((cell.init(ahead, input_size), cell.init(behind, input_size)))
            input_size = 2 * output_size(cell, input_size)
        return tuple(params)

    def run(params, inputs, length, nudges):
        for depth, (cell, layer) in enumerate(zip(cells, params, strict=True)):
            ahead, behind = (None, None) if nudges is None else nudges[depth]
            options = {"length": length, "remat_every": remat_every}
            forward = _unroll(cell, layer[0], inputs, ahead, **options)
            backward = _unroll(cell, layer[1], inputs, behind, reverse=True, **options)
            outputs = jnp.concatenate([forward, backward], axis=-1)
            inputs = inputs + outputs if skips and depth else outputs
        return inputs

    still = [(Nudge(cell.initial_state(), None),) * 2 for cell in cells]
    return None, still, init, run


def _unroll(cell: Cell, params: Params, inputs: jax.Array, nudges: Nudge | None, **options) -> jax.Array:
    if nudges is None:
        return unroll(cell, params, inputs, **options)[1]
    return unroll(nudged(cell), params, (inputs, nudges), **options)[1]


def _last(outputs: jax.Array, lengths: jax.Array | None, both_ways: bool) -> jax.Array:
    """``[time, batch, width] -> [batch, width]``: what each direction gave when it had read everything."""
    if lengths is None:
        last = outputs[-1]
    else:
        last = jnp.take_along_axis(outputs, jnp.maximum(lengths - 1, 0)[None, :, None], axis=0)[0]
    if not both_ways:
        return last
    half = outputs.shape[-1] // 2
    return jnp.concatenate([last[:, :half], outputs[0, :, half:]], axis=-1)
