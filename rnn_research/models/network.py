"""Embedding, recurrent layers and a head: many-to-one (S20), many-to-many (S21), language models (S05)."""

from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.cells import Params, SplitStep, State
from rnn_research.cells.initializers import after
from rnn_research.decoding.stream import Stream
from rnn_research.experiment.config import ModelConfig
from rnn_research.heads import HEADS, Noise, Read
from rnn_research.lookup import lookup
from rnn_research.models.base import Carry, Forward, Inside, Model
from rnn_research.models.dropout import drop_outputs, has_noisy_states, noisy_states
from rnn_research.models.embedding import make_embedding
from rnn_research.models.norms import make_norm
from rnn_research.recurrence.layers import (
    as_one_cell,
    init_layer,
    make_layers,
    pool,
    run_layer,
    tap_of_layer,
    zero_taps,
)
from rnn_research.recurrence.masking import valid_steps
from rnn_research.tasks.base import Batch, Inputs, Target

# Up to so many ids that are embedded, the first layer's product is made once of each id, not of each step's.
FEW = 256
PRODUCTS = "input_products"  # those products, in params that are prepared to write


def network(config: ModelConfig, inputs: Inputs, target: Target) -> Model:
    """The network that a config describes, for these inputs and this target.

    Every layer's outputs are normalised (``norm``), thinned (``dropout``), then added to its inputs (``residual``).

    Raises:
      ValueError: an unknown kind of inputs, head, norm or initialiser; attention without a decoder; a tied
        embedding that does not fit the last layer; an embedding for inputs without ids; pooling for a target at every
        step.
    """
    both_ways = config.bidirectional
    one_way = not both_ways and not config.reverse  # from the first step on, so that it can go on step by step
    embedding = make_embedding(config, inputs)
    layers = make_layers(config, embedding.width)
    width = layers[-1].width
    head = lookup(HEADS, target.head, "head")(config, target, **dict(target.options))
    norm = make_norm(config.norm)
    noisy = has_noisy_states(config, layers)
    zones_out = noisy and config.dropout_kind == "zoneout"
    # A row for each id of what the first layer's input kernel makes of it; of one-hot ids that is the kernel itself.
    by_table = embedding.table is not None and isinstance(layers[0].cell.step, SplitStep) and not both_ways
    few = by_table and (embedding.init is None or inputs.size <= FEW)
    if config.tied and embedding.width != width:
        raise ValueError(
            f"model.tied needs an embedding as wide as the last layer, not model.embedding={config.embedding} "
            f"and a layer of {width}"
        )
    if head.decoder is None and (config.attention != "none" or config.scheduled_sampling):
        raise ValueError(
            f"model.attention and model.scheduled_sampling are of a decoder, not of the head {target.head}"
        )
    if config.pooling != "last" and target.each_step:
        raise ValueError(f"model.pooling={config.pooling} is for tasks with one target for the sequence")

    def init(key: jax.Array, init_scale: jax.Array | float = 1.0) -> Params:
        recurrent_key, head_key = jax.random.split(key)
        recurrent: list[Params] = []
        for layer, layer_key in zip(layers, jax.random.split(recurrent_key, len(layers)), strict=True):
            recurrent.append(init_layer(layer, after(layer_key, recurrent), both_ways))
        of_head = head.init(after(head_key, recurrent), width)
        if config.tied and "kernel" not in of_head:
            raise ValueError(f"model.tied: the head {target.head} has no one kernel that could be the embedding's")
        if config.tied:
            del of_head["kernel"]
        params = scale_recurrent({"recurrent": tuple(recurrent), "head": of_head}, init_scale)
        if embedding.init:
            params["embedding"] = embedding.init(after(jax.random.fold_in(key, 1), of_head))
        if norm:
            params["norms"] = tuple(norm.init(key, layer.width) for layer in layers)
        return params

    def table_of(params: Params) -> jax.Array:
        assert embedding.table is not None
        return embedding.table(params.get("embedding"), params["recurrent"][0]["input_kernel"])

    def begin(params: Params, found: Any, noise: Noise | None) -> tuple[jax.Array, Params]:
        """What the first layer reads, and the parameters that all layers read it with."""
        thinned = noise is not None and noise.dropout is not None and config.dropout_kind in ("outputs", "variational")
        dropped = thinned and embedding.init is not None
        if PRODUCTS in params or (few and not dropped):
            table = params[PRODUCTS] if PRODUCTS in params else table_of(params)
            first, *others = params["recurrent"]
            first = {name: leaf for name, leaf in first.items() if name != "input_kernel"}
            return table[found], (first, *others)
        x = embedding.apply(params.get("embedding"), found)
        return drop_outputs(config, noise, 0, x) if embedding.init else x, params["recurrent"]

    def read(params, batch: Batch, carry: Carry, noise, taps) -> tuple[Read, Carry]:
        time_first = jax.tree.map(lambda leaf: jnp.swapaxes(leaf, 0, 1), batch.inputs)
        x, recurrent = begin(params, time_first, noise)
        valid = None if batch.lengths is None else valid_steps(len(x), batch.lengths)
        total = noise.total if noise else None
        rate = carry.statistics[-1] if zones_out else None
        states, statistics = [], []
        for depth, layer in enumerate(layers):
            before = None if carry.state is None else carry.state[depth]
            options = {"lengths": batch.lengths, "starts": batch.starts, "taps": tap_of_layer(taps, depth)}
            options |= {"noisy": noisy_states(config, noise, rate, depth)} if noisy else {}
            state, outputs = run_layer(layer, recurrent[depth], x, before, config, **options)
            if norm:
                of_norm = params["norms"][depth]
                outputs, kept = norm.apply(of_norm, carry.statistics[depth], outputs, valid, total)
                statistics.append(kept)
            outputs = drop_outputs(config, noise, depth + 1, outputs)
            x = x + outputs if config.residual and depth else outputs
            states.append(state)
        if zones_out:  # scoring needs the rate, which is traced: what a network was trained with, it is scored with
            statistics.append(rate if noise is None or noise.dropout is None else jnp.float32(noise.dropout))
        found = Read(x, pool(config, x, batch.lengths), tuple(states))
        return found, Carry(tuple(states) if one_way else None, tuple(statistics))

    def of_head(params: Params) -> Params:
        if not config.tied:
            return params["head"]
        return params["head"] | {"kernel": params["embedding"]["kernel"][: target.size].T}

    def forward(params, batch, carry, *, noise=None, taps=None) -> Forward:
        found, carry = read(params, without_filling(batch), carry, noise, taps)
        return Forward(head.terms(of_head(params), found, batch, noise), carry, found.steps)

    def answer(params, batch, carry):
        found, carry = read(params, batch, carry, None, None)
        return head.answer(of_head(params), found, batch), carry

    def probabilities(params, batch, carry):
        found, _ = read(params, batch, carry, None, None)
        assert head.classes is not None
        return jax.nn.softmax(head.classes(of_head(params), found))

    def start(rows: int) -> Carry:
        states = tuple(layer.cell.initial_state() for layer in layers)
        state: Any = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (rows, *leaf.shape)), states)
        statistics = [norm.statistics(layer.width, inputs.time) for layer in layers] if norm else []
        statistics += [jnp.float32(0)] if zones_out else []
        return Carry(state if one_way else None, tuple(statistics))

    def advance(params: Params, state: State, ids: jax.Array) -> tuple[State, jax.Array]:
        found, carry = read(params, Batch(ids, None, None), Carry(state, start(1).statistics), None, None)
        assert head.logits is not None
        return carry.state, head.logits(of_head(params), jnp.swapaxes(found.steps, 0, 1))

    def prepared(params: Params, count: int) -> Params:
        return params | {PRODUCTS: table_of(params)} if by_table and count >= inputs.size else params

    def draw(params: Params, state: State, step: Any, key: jax.Array, temperature: Any) -> tuple[State, Any]:
        found = jax.tree.map(lambda leaf: leaf[:, None], step)
        features, carry = read(params, Batch(found, None, None), Carry(state, start(1).statistics), None, None)
        assert head.draw is not None
        return carry.state, head.draw(of_head(params), features.steps[0], key, temperature)

    def begin_answer(params: Params, context: Any, rows: int) -> State:
        inputs, lengths = context
        found, _ = read(params, Batch(inputs, None, None, lengths), start(rows)._replace(state=None), None, None)
        assert head.decoder is not None
        return head.decoder.begin(of_head(params), found, lengths)

    def go_on(params: Params, state: State, ids: jax.Array) -> tuple[State, jax.Array]:
        memory, states = state

        def one_more(states, ids):
            assert head.decoder is not None
            states, logits, _ = head.decoder.advance(of_head(params), memory, states, ids)
            return states, logits

        states, logits = jax.lax.scan(one_more, states, ids.T)
        return (memory, states), jnp.swapaxes(logits, 0, 1)

    def anew(statistics: Any) -> Any:
        assert norm is not None and norm.anew is not None
        return (*map(norm.anew, statistics[: len(layers)]), *statistics[len(layers) :])

    by_step = one_way and not jax.tree.leaves(start(1).statistics)
    writes = head.logits is not None and by_step
    stream = Stream(lambda params, context, rows: start(rows).state, advance, prepared) if writes else None
    inside = Inside(
        width=embedding.width,
        embed=lambda params, found: embedding.apply(params.get("embedding"), found),
        cell=as_one_cell(config, layers),
        taps=lambda rows, time: zero_taps(layers, both_ways, rows, time),
    )
    return Model(
        init,
        forward,
        answer,
        start,
        stream,
        inside,
        draw=draw if head.draw is not None and by_step else None,
        decoder=Stream(begin_answer, go_on) if head.decoder else None,
        probabilities=probabilities if head.classes is not None else None,
        anew=anew if norm and norm.anew else None,
    )


def without_filling(batch: Batch) -> Batch:
    """With zeros in the place of the numbers of examples that weigh nothing: whatever they hold, a NaN too, would reach
    the gradient of the kernels as 0 · NaN."""
    counts = batch.weights > 0 if batch.weights.ndim == 1 else (batch.weights > 0).any(axis=1)

    def zeroed(leaf: jax.Array) -> jax.Array:
        if not jnp.issubdtype(leaf.dtype, jnp.floating):
            return leaf
        return jnp.where(jnp.expand_dims(counts, range(1, leaf.ndim)), leaf, jnp.zeros_like(leaf))

    return batch._replace(inputs=jax.tree.map(zeroed, batch.inputs))


def scale_recurrent(params: Params, scale: jax.Array | float) -> Params:
    """Multiply every recurrent kernel, and nothing else."""

    def visit(path, leaf):
        return leaf * scale if path[-1] == jax.tree_util.DictKey("recurrent_kernel") else leaf

    return jax.tree_util.tree_map_with_path(visit, params)
