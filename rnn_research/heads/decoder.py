"""The decoder of a sequence to sequence model, with attention or without (S25, S27)."""

import dataclasses
import math
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from rnn_research.cells.base import Params, SplitStep, State
from rnn_research.cells.initializers import after, lecun
from rnn_research.data.pairs import END
from rnn_research.decoding import n_best as search
from rnn_research.experiment.config import ModelConfig
from rnn_research.heads.attention import Memory, Similarity, attend, remember, similarity
from rnn_research.heads.base import Decoder, Head, Read
from rnn_research.heads.dense import check_pooling, dense, init_dense
from rnn_research.heads.noise import Noise, drop
from rnn_research.recurrence.layers import Layer, init_layer, make_layers, run_layer
from rnn_research.recurrence.masking import valid_steps
from rnn_research.tasks.base import Batch, Labelling, Target, Terms

EMBEDDING_SCALE = 0.1  # standard deviation of the vectors of tokens before training
DRAWS = 500  # the first number of the decoder's draws of noise; the encoder's are below
COINS = 900  # of those that decide which token a step reads


def decoder(
    config: ModelConfig,
    target: Target,
    beam: int = 1,
    n_best: int = 0,
    length_penalty: float = 0.0,
    coverage: float = 0.0,
) -> Head:
    """A recurrent network that begins with the encoder's last states and writes token by token, reading the one before.

    ``s_t = g(z_t, s_{t−1})`` with ``z_t`` the vector of token t − 1, and ``p_t = softmax(s_t W + b)``. With
    ``model.attention`` also ``d_t``, what it looks back at by the state of its last layer (``heads.attention``):
    ``s_t = g(W_1 z_t + W_2 s_{t−1} + W_3 d_t)``; the first layer reads it. It has the encoder's cell, width, layers,
    residual connections, dropout and width of vectors (``model.embedding``; 0: one-hot). Of an encoder that reads both
    ways, a dense layer for every part of the state makes one of two, and one makes what is looked back at.

    Targets are ``Labelling``s of ids below ``target.size``, each ending with ``END``; what is read first is the id
    ``target.size``. A loss is ``−ln p`` of a token given the true ones before it, in nats; ``right`` says whether it is
    the likeliest: where all of a row are, greedy decoding answers exactly. Answers have ``target.time`` tokens at most.

    Args:
      beam: answers are searched for with (S26); 1: greedily.
      n_best: 0: answers are ``Labelling``s of the best; else ``NBest``s of so many, ``beam`` at most.
      length_penalty, coverage: see ``decoding.n_best.Rank``.

    Raises:
      ValueError: a target without its greatest length, or with an output at every step; a norm, pooling, dropout of
        states, or attention by a cell without a hidden state; a beam below 1 or below ``n_best``, penalties that are
        negative or not finite, coverage without attention.
    """
    _check(config, target, beam, n_best, length_penalty, coverage)
    plan = make_plan(config, target)

    def terms(params: Params, read: Read, batch: Batch, noise: Noise | None) -> Terms:
        ids, lengths = batch.targets
        memory, states = begin(plan, params, read, batch.lengths)
        before = shifted(plan, ids)
        if plan.kind or (noise is not None and noise.sampled is not None):
            features = in_turn(plan, params, memory, states, before, noise)
        else:
            features = at_once(plan, params, states, before, lengths, noise)
        scores = jnp.swapaxes(dense(params["output"], features), 0, 1)
        scores = jnp.where(batch.weights[..., None] > 0, scores, 0)
        loss = optax.losses.softmax_cross_entropy_with_integer_labels(scores, ids)
        return Terms(loss, batch.weights, jnp.argmax(scores, axis=-1) == ids)

    def answer(params: Params, read: Read, batch: Batch) -> Any:
        memory, states = begin(plan, params, read, batch.lengths)
        one_more: Any = jax.vmap(partial(advance, plan, params, memory), in_axes=1, out_axes=1)
        rank = search.Rank(length_penalty, coverage, None if memory is None else memory.counts)
        ends = {"begin": target.size, "end": END, "length": target.time}
        found = search.n_best(one_more, states, **ends, width=beam, count=max(n_best, 1), rank=rank)
        if not n_best:
            return Labelling(found.ids[:, 0], found.lengths[:, 0])
        return found._replace(weights=weights_of(plan, params, memory, states, found) if memory else None)

    return Head(partial(init, plan), terms, answer, decoder=Decoder(partial(begin, plan), partial(advance, plan)))


class Plan(NamedTuple):
    """What a decoder is made of.

    Attributes:
      config: of the model.
      layers: see ``recurrence.layers``.
      size: tokens that it may write.
      vector: features of a token that is read.
      hidden: of the last layer.
      kind: how it looks back; None for not at all.
      split: whether the first layer's product with what it reads can be made beforehand.
    """

    config: ModelConfig
    layers: list[Layer]
    size: int
    vector: int
    hidden: int
    kind: Similarity | None
    split: bool


def make_plan(config: ModelConfig, target: Target) -> Plan:
    """See ``decoder``.

    Raises:
      ValueError: attention by a cell without a hidden state.
    """
    config = dataclasses.replace(config, reverse=False)
    one_way = dataclasses.replace(config, bidirectional=False)
    kind = None if config.attention == "none" else similarity(config.attention)
    vector = config.embedding or target.size + 1
    hidden = make_layers(one_way, vector)[-1].width
    layers = make_layers(one_way, vector + (hidden if kind else 0))
    if kind and not hasattr(layers[-1].cell.initial_state(), "hidden"):
        raise ValueError(f"model.attention: the cell {config.cell.name} has no hidden state to look back with")
    return Plan(config, layers, target.size, vector, hidden, kind, isinstance(layers[0].cell.step, SplitStep))


def init(plan: Plan, key: jax.Array, width: int) -> Params:
    """``recurrent``, a tuple of layers, and ``output``; perhaps ``embedding``, ``bridge``, ``memory``, ``attention``.

    Args:
      width: of the encoder's outputs.
    """
    config, keys = plan.config, jax.random.split(key, 5)
    recurrent: list[Params] = []
    for layer, of_layer in zip(plan.layers, jax.random.split(keys[0], len(plan.layers)), strict=True):
        recurrent.append(init_layer(layer, after(of_layer, recurrent), both_ways=False))
    params: dict[str, Any] = {"recurrent": tuple(recurrent)}
    if config.embedding:
        vectors = jax.random.normal(after(keys[1], recurrent), (plan.size + 1, plan.vector))
        params["embedding"] = {"kernel": EMBEDDING_SCALE * vectors}
    if config.bidirectional:
        params["bridge"] = _init_bridge(after(keys[2], recurrent), plan.layers)
    if plan.kind:
        params["attention"] = plan.kind.init(after(keys[3], recurrent), plan.hidden)
    if plan.kind and config.bidirectional:
        of_memory = jax.random.fold_in(keys[3], 1)
        params["memory"] = {"kernel": lecun(of_memory, (width, plan.hidden)), "bias": jnp.zeros(plan.hidden)}
    return params | {"output": init_dense(plan.size, config)(after(keys[4], recurrent), plan.hidden)}


def begin(plan: Plan, params: Params, read: Read, lengths: jax.Array | None) -> tuple[Memory | None, tuple[State, ...]]:
    """See ``heads.base.Decoder``."""
    states = read.states
    if plan.config.bidirectional:
        states = tuple(_joined(bridge, *pair) for bridge, pair in zip(params["bridge"], states, strict=True))
    if plan.kind is None:
        return None, states
    values = jnp.swapaxes(read.steps, 0, 1)
    values = dense(params["memory"], values) if plan.config.bidirectional else values
    rows, source = values.shape[:2]
    counts = jnp.ones((rows, source), bool) if lengths is None else valid_steps(source, lengths).T
    return remember(plan.kind, params["attention"], values, counts), states


def advance(plan: Plan, params: Params, memory: Memory | None, states: Any, ids: jax.Array) -> Any:
    """See ``heads.base.Decoder``."""
    states, features, weights = step(plan, params, memory, states, enter(plan, params, embed(plan, params, ids)))
    return states, dense(params["output"], features), weights


def shifted(plan: Plan, ids: jax.Array) -> jax.Array:
    """What is read to write ids ``[rows, time]``: the token before each, ``[time, rows]``."""
    first = jnp.full((len(ids), 1), plan.size, ids.dtype)
    return jnp.concatenate([first, ids[:, :-1]], axis=1).T


def embed(plan: Plan, params: Params, ids: jax.Array) -> jax.Array:
    """The vectors of tokens, ``[..., vector]``."""
    return params["embedding"]["kernel"][ids] if plan.config.embedding else jax.nn.one_hot(ids, plan.size + 1)


def enter(plan: Plan, params: Params, vectors: jax.Array) -> jax.Array:
    """What of the first layer's step depends on the tokens alone: their product with its kernel, where it has one."""
    return vectors @ params["recurrent"][0]["input_kernel"][: plan.vector] if plan.split else vectors


def step(
    plan: Plan, params: Params, memory: Memory | None, states: Any, entered: jax.Array, masks: Any = None
) -> tuple[Any, jax.Array, jax.Array | None]:
    """``(states, features [rows, hidden], weights [rows, source])`` after one token more.

    Args:
      entered: what ``enter`` made of it.
      masks: of every layer, what its outputs are multiplied by.
    """
    first, weights = params["recurrent"][0], None
    if plan.kind:
        assert memory is not None
        context, weights = attend(plan.kind, params["attention"], states[-1].hidden, memory)
        if plan.split:
            entered = entered + context @ first["input_kernel"][plan.vector :]
        else:
            entered = jnp.concatenate([entered, context], axis=-1)
    if plan.split:
        first = {name: leaf for name, leaf in first.items() if name != "input_kernel"}
    x, found = entered, []
    for depth, layer in enumerate(plan.layers):
        of_layer = params["recurrent"][depth] if depth else first
        state, outputs = jax.vmap(layer.cell.step, in_axes=(None, 0, 0))(of_layer, states[depth], x)
        outputs = outputs if masks is None else outputs * masks[depth]
        x = x + outputs if plan.config.residual and depth else outputs
        found.append(state)
    return tuple(found), x, weights


def in_turn(
    plan: Plan, params: Params, memory: Memory | None, states: Any, ids: jax.Array, noise: Noise | None
) -> jax.Array:
    """Features ``[time, rows, hidden]`` of tokens that are read ``[time, rows]``, step by step: all of them true or,
    with scheduled sampling, some the decoder's own."""
    vectors, masks = embed(plan, params, ids), _masks(plan, noise, ids.shape)
    thinned = _of_vectors(plan, noise, jnp.ones_like(vectors))

    def read_true(states, now):
        states, features, _ = step(plan, params, memory, states, *now)
        return states, features

    if noise is None or noise.sampled is None:
        return jax.lax.scan(read_true, states, (enter(plan, params, vectors * thinned), masks))[1]
    rate = noise.sampled
    own = noise.draw(lambda key, shape: jax.random.bernoulli(key, rate, shape), COINS, ids.shape, rows=1)
    own = own.at[0].set(False)  # what begins an answer is always read

    def read_own(carry, now):
        states, last = carry
        ids, own, thinned, masks = now
        vectors = embed(plan, params, jnp.where(own, last, ids)) * thinned
        states, features, _ = step(plan, params, memory, states, enter(plan, params, vectors), masks)
        return (states, jnp.argmax(dense(params["output"], features), axis=-1).astype(ids.dtype)), features

    return jax.lax.scan(read_own, (states, ids[0]), (ids, own, thinned, masks))[1]


def at_once(
    plan: Plan, params: Params, states: Any, ids: jax.Array, lengths: jax.Array, noise: Noise | None
) -> jax.Array:
    """Those features layer by layer, on the fastest backend: nothing is looked back at, and all tokens are true."""
    one_way = dataclasses.replace(plan.config, bidirectional=False)
    x = _of_vectors(plan, noise, embed(plan, params, ids))
    for depth, layer in enumerate(plan.layers):
        _, outputs = run_layer(layer, params["recurrent"][depth], x, states[depth], one_way, lengths=lengths)
        outputs = _thinned(plan, noise, depth + 1, outputs)
        x = x + outputs if plan.config.residual and depth else outputs
    return x


def weights_of(plan: Plan, params: Params, memory: Memory, states: Any, found: search.NBest) -> jax.Array:
    """What each token of the best answers looked back at, ``[rows, time, source]``; 0 past their ends."""
    ids, lengths = found.ids[:, 0], found.lengths[:, 0]

    def reads(states, ids):
        states, _, weights = advance(plan, params, memory, states, ids)
        return states, weights

    weights = jnp.swapaxes(jax.lax.scan(reads, states, shifted(plan, ids))[1], 0, 1)
    return jnp.where(valid_steps(ids.shape[1], lengths).T[..., None], weights, 0)


def _check(config: ModelConfig, target: Target, beam: int, n_best: int, length_penalty: float, coverage: float) -> None:
    if target.time < 1 or target.each_step:
        raise ValueError("a decoder needs a target with its greatest length (time), and one answer for the sequence")
    check_pooling(config, target.head)
    if config.norm != "none":
        raise ValueError(f"model.norm={config.norm} is not for a model with a decoder, which has none")
    if config.dropout and config.dropout_kind not in ("outputs", "variational"):
        raise ValueError(f"model.dropout_kind={config.dropout_kind} is not for a model with a decoder: outputs only")
    if beam < 1 or not 0 <= n_best <= beam:
        raise ValueError(f"beam must be 1 or more, and n_best from 0 to beam, not {beam} and {n_best}")
    if not (0 <= length_penalty < math.inf and 0 <= coverage < math.inf):
        raise ValueError(f"length_penalty and coverage must be finite, 0 or more, not {length_penalty} and {coverage}")
    if coverage and config.attention == "none":
        raise ValueError("coverage is of a model with attention")


def _init_bridge(key: jax.Array, layers: list[Layer]) -> tuple[list[Params], ...]:
    """For every layer, and every part of its state, a dense layer from two to one."""
    bridge = []
    for number, layer in enumerate(layers):
        widths = [leaf.shape[-1] for leaf in jax.tree.leaves(layer.cell.initial_state())]
        parts = zip(jax.random.split(jax.random.fold_in(key, number), len(widths)), widths, strict=True)
        bridge.append([{"kernel": lecun(part, (2 * width, width)), "bias": jnp.zeros(width)} for part, width in parts])
    return tuple(bridge)


def _joined(bridge: list[Params], ahead: State, back: State) -> State:
    """One state of two that read a source from both ends."""
    leaves, tree = jax.tree.flatten(ahead)
    pairs = zip(bridge, leaves, jax.tree.leaves(back), strict=True)
    return jax.tree.unflatten(tree, [dense(part, jnp.concatenate(pair, axis=-1)) for part, *pair in pairs])


def _thinned(plan: Plan, noise: Noise | None, number: int, features: jax.Array) -> jax.Array:
    """``[time, rows, width]``, as dropout has it."""
    return drop(noise, DRAWS + number, features, once=plan.config.dropout_kind == "variational")


def _of_vectors(plan: Plan, noise: Noise | None, vectors: jax.Array) -> jax.Array:
    """The vectors of tokens, thinned where they are learned, as the encoder's are."""
    return _thinned(plan, noise, 0, vectors) if plan.config.embedding else vectors


def _masks(plan: Plan, noise: Noise | None, shape: tuple[int, ...]) -> Any:
    """What every layer's outputs are multiplied by at every step; None where they are left as they are."""
    if noise is None or noise.dropout is None:
        return None
    ones = jnp.ones((*shape, plan.hidden))
    return tuple(_thinned(plan, noise, depth + 1, ones) for depth in range(len(plan.layers)))
