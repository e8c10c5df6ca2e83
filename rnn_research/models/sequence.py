"""Embedding, recurrent layers and a dense head: many-to-one (S20), many-to-many (S21), language models (S05)."""

from collections.abc import Callable
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from rnn_research.cells import (
    CELLS,
    Cell,
    Params,
    SplitStep,
    State,
    Tap,
    output_size,
    residual,
    restarting,
    skip,
    stacked,
    tapped,
)
from rnn_research.cells.initializers import after, named
from rnn_research.experiment.choice import build
from rnn_research.experiment.config import ModelConfig
from rnn_research.matmul import matmul
from rnn_research.models.cross_entropy import cross_entropy
from rnn_research.models.embedding import make_embedding
from rnn_research.recurrence import unroll, unroll_batch
from rnn_research.tasks.base import Task

# Features of an input from which on a layer runs its batch at once: the product of fewer costs nothing in the loop, and
# on a CPU an LSTM of width 64 then trains a tenth faster there.
WIDE = 32


class Dropout(NamedTuple):
    """The share of features to leave out, and the key that says which (S14; Zaremba et al. 2014)."""

    key: jax.Array
    rate: jax.Array | float


class Model(NamedTuple):
    """A network as pure functions.

    Attributes:
      init: ``(key, init_scale) -> params``: ``recurrent``, a tuple of layers, ``head``; perhaps ``embedding``,
        ``norms``.
      apply: ``(params, inputs, lengths [batch] or None) -> outputs``, from the initial state:
        ``[batch, output_size]`` for a readout at the last step, ``[batch, time, output_size]`` at every step. Inputs
        are ``[batch, time, features]``, or ids ``[batch, time]`` where the task says so.
      run: ``(params, inputs, lengths=None, *, starts=None, state=None, taps=None, dropout=None) -> (state, features
        [time, batch, width])``: all but the head. ``starts [batch, time]``: steps before which the state is put back.
      read: ``(params, features, lengths=None) -> outputs``, the head.
      nats: ``(params, features, ids [batch, time]) -> [batch, time]``, the cross-entropy of ids with the softmax of
        what ``read`` gives at every step.
      start: ``(batch) -> state`` before anything is read, leaves ``[batch, ...]``; None for a network that reads both
        ways, which has no state to go on from.
      embed: ``(params, inputs) -> [batch, time, width]``, what the first layer reads.
      taps: ``(batch, time) -> zeros`` to be added to the state that each step reads, leaves ``[time, batch, ...]``;
        the gradient with respect to them is the error sent back to each step.
      cell: all layers as one cell; None for a network that reads both ways or normalises between layers.
    """

    init: Callable[[jax.Array, jax.Array | float], Params]
    apply: Callable[..., jax.Array]
    run: Callable[..., tuple[State, jax.Array]]
    read: Callable[..., jax.Array]
    nats: Callable[[Params, jax.Array, jax.Array], jax.Array]
    start: Callable[[int], State]
    embed: Callable[[Params, jax.Array], jax.Array]
    taps: Callable[..., Any]
    cell: Cell | None


class Layer(NamedTuple):
    """What one layer is made of; ``width`` is that of its outputs."""

    cell: Cell
    input_size: int
    width: int


def sequence_model(config: ModelConfig, task: Task) -> Model:
    """The network that a config describes, of the task's input and output sizes.

    Every layer's outputs are normalised (``layer_norm``), thinned (``dropout``), then added to its inputs
    (``residual``). A readout at the last step takes the output at ``lengths − 1`` (of the backward direction, that at
    step 0).

    Raises:
      ValueError: tied embeddings that do not fit the last layer, an embedding for a task without ids.
    """
    both_ways = config.bidirectional
    embedding = make_embedding(config, task)
    layers = make_layers(config, embedding.width)
    width = layers[-1].width
    init_head = _head_init(config, task, embedding.width, width)
    norm = nn.LayerNorm()

    def init(key: jax.Array, init_scale: jax.Array | float = 1.0) -> Params:
        recurrent_key, head_key = jax.random.split(key)
        recurrent: list[Params] = []
        for layer, layer_key in zip(layers, jax.random.split(recurrent_key, len(layers)), strict=True):
            recurrent.append(_init_layer(layer, after(layer_key, recurrent), both_ways))
        head = init_head(after(head_key, recurrent))
        params = {"recurrent": scale_recurrent(tuple(recurrent), init_scale), "head": head}
        if config.embedding:
            params["embedding"] = embedding.init(after(jax.random.fold_in(key, 1), head))
        if config.layer_norm:
            params["norms"] = tuple(norm.init(key, jnp.zeros(layer.width))["params"] for layer in layers)
        return params

    def run(params, inputs, lengths=None, *, starts=None, state=None, taps=None, dropout=None):
        inputs = jnp.swapaxes(inputs, 0, 1)
        starts = None if starts is None else jnp.swapaxes(starts, 0, 1)
        x = _drop(dropout, 0, embedding.apply(params, inputs)) if config.embedding else embedding.apply(params, inputs)
        after = []
        for depth, layer in enumerate(layers):
            before = None if state is None else state[depth]
            run_layer = _both_ways if both_ways else _ahead
            ended, outputs = run_layer(
                layer.cell, params["recurrent"][depth], x, lengths, starts, before, _of_layer(taps, depth), config
            )
            if config.layer_norm:
                outputs = jnp.asarray(norm.apply({"params": params["norms"][depth]}, outputs))
            outputs = _drop(dropout, depth + 1, outputs)
            x = x + outputs if config.residual and depth else outputs
            after.append(ended)
        return (None if both_ways else tuple(after)), x

    def read(params: Params, features: jax.Array, lengths: jax.Array | None = None) -> jax.Array:
        if task.readout == "last":
            return dense(params, _last(features, lengths, both_ways))
        return dense(params, jnp.swapaxes(features, 0, 1))

    def nats(params: Params, features: jax.Array, ids: jax.Array) -> jax.Array:
        rows = jnp.swapaxes(features, 0, 1).reshape(-1, width)
        return cross_entropy(rows, kernel_of(params), params["head"]["bias"], ids.reshape(-1)).reshape(ids.shape)

    def kernel_of(params: Params) -> jax.Array:
        return params["embedding"]["kernel"][: task.output_size].T if config.tied else params["head"]["kernel"]

    def dense(params: Params, features: jax.Array) -> jax.Array:
        # As one product of two matrices: with more axes it is slower on a CPU.
        outputs = matmul(features.reshape(-1, width), kernel_of(params)) + params["head"]["bias"][None]
        return outputs.reshape(*features.shape[:-1], task.output_size)

    def apply(params: Params, inputs: jax.Array, lengths: jax.Array | None = None) -> jax.Array:
        return read(params, run(params, inputs, lengths)[1], lengths)

    def start(batch: int) -> State:
        if both_ways:
            return None
        states = tuple(layer.cell.initial_state() for layer in layers)
        return jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (batch, *leaf.shape)), states)

    def taps(batch: int, time: int) -> Any:
        states = tuple(layer.cell.initial_state() for layer in layers)
        zeros = jax.tree.map(lambda leaf: jnp.zeros((time, batch, *leaf.shape), leaf.dtype), states)
        if not both_ways:
            return Tap(zeros, None)
        return tuple((Tap(zero, None), Tap(jax.tree.map(jnp.zeros_like, zero), None)) for zero in zeros)

    return Model(init, apply, run, read, nats, start, embedding.apply, taps, _as_one_cell(config, layers))


def make_layers(config: ModelConfig, input_size: int) -> list[Layer]:
    """The layers from the lowest on; a layer that reads both ways is twice as wide as its cell."""
    layers = []
    for _ in range(config.layers):
        cell = build(config.cell, CELLS, "cell")
        cell = skip(cell, every=config.skip) if config.skip else cell
        width = output_size(cell, input_size) * (2 if config.bidirectional else 1)
        layers.append(Layer(cell, input_size, width))
        input_size = width
    return layers


def scale_recurrent(params: Params, scale: jax.Array | float) -> Params:
    """Multiply every recurrent kernel, and nothing else."""

    def visit(path, leaf):
        return leaf * scale if path[-1] == jax.tree_util.DictKey("recurrent_kernel") else leaf

    return jax.tree_util.tree_map_with_path(visit, params)


def _head_init(config: ModelConfig, task: Task, embedded: int, width: int) -> Callable[[jax.Array], Params]:
    if config.tied and embedded != width:
        raise ValueError(
            f"model.tied needs an embedding as wide as the last layer, not model.embedding={config.embedding} "
            f"and a layer of {width}"
        )
    initializer = named(config.head_init)

    def init(key: jax.Array) -> Params:
        bias = {"bias": jnp.zeros(task.output_size)}
        return bias if config.tied else bias | {"kernel": initializer(key, (width, task.output_size))}

    return init


def _init_layer(layer: Layer, key: jax.Array, both_ways: bool) -> Params:
    if not both_ways:
        return layer.cell.init(key, layer.input_size)
    ahead_key, behind_key = jax.random.split(key)
    ahead = layer.cell.init(ahead_key, layer.input_size)
    return ahead, layer.cell.init(after(behind_key, ahead), layer.input_size)


def _as_one_cell(config: ModelConfig, layers: list[Layer]) -> Cell | None:
    if config.bidirectional or config.layer_norm:
        return None
    cells = [layer.cell for layer in layers]
    return stacked(cells[0], *(map(residual, cells[1:]) if config.residual else cells[1:]))


def _of_layer(taps: Any, depth: int) -> Any:
    """A layer's part of what ``Model.taps`` is like."""
    if not isinstance(taps, Tap):
        return None if taps is None else taps[depth]
    state, bias = taps
    return Tap(None if state is None else state[depth], None if bias is None else bias[depth])


def _drop(dropout: Dropout | None, place: int, features: jax.Array) -> jax.Array:
    """Inverted dropout: features of one example and step are left out independently of each other."""
    if dropout is None:
        return features
    kept = jax.random.bernoulli(jax.random.fold_in(dropout.key, place), 1 - dropout.rate, features.shape)
    return jnp.where(kept, features / (1 - dropout.rate), 0)


def _ahead(cell, params, x, lengths, starts, state, taps, config, reverse=False):
    """A cell over a batch, ``x [time, batch, features]``."""
    if state is None:
        state = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (x.shape[1], *leaf.shape)), cell.initial_state())
    plain = lengths is None and taps is None and not config.remat_every
    if plain and isinstance(cell.step, SplitStep) and x.shape[-1] >= WIDE:
        return unroll_batch(cell, params, x, state, starts=starts, reverse=reverse)
    inputs, in_axes = x, 1
    if starts is not None:
        cell, inputs, in_axes = restarting(cell), (inputs, starts), 1
    if taps is not None:
        cell, inputs, in_axes = tapped(cell), (inputs, taps), 1

    def one(params, inputs, state, length):
        return unroll(cell, params, inputs, state, length=length, reverse=reverse, remat_every=config.remat_every)

    axes = (None, in_axes, 0, None if lengths is None else 0)
    return jax.vmap(one, in_axes=axes, out_axes=(0, 1))(params, inputs, state, lengths)


def _both_ways(cell, params, x, lengths, starts, state, taps, config):
    if starts is not None:
        raise ValueError("a network that reads both ways cannot begin documents in the middle of a sequence")
    ahead, behind = (None, None) if taps is None else taps
    _, forward = _ahead(cell, params[0], x, lengths, None, None, ahead, config)
    _, backward = _ahead(cell, params[1], x, lengths, None, None, behind, config, reverse=True)
    return None, jnp.concatenate([forward, backward], axis=-1)


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
