"""A task: batches, a loss and metrics, all pure and jit-able."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp

# "shuffled": the test text with its tokens in random order, for language models.
Split = Literal["train", "valid", "test", "shuffled"]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")
ENDLESS: Mapping[Split, int | None] = MappingProxyType(dict.fromkeys(SPLITS))


class Batch(NamedTuple):
    """Examples read together.

    Attributes:
      inputs: ``[batch, time, features]``, or ids ``[batch, time]``.
      targets: ``[batch, ...]`` for a readout at the last step, ``[batch, time, ...]`` for one at every step; for some
        tasks a tree of such arrays.
      weights: ``[batch]`` or ``[batch, time]``; 0 leaves a term out of the loss and the metrics.
      lengths: steps that count in each example ``[batch]``, or None where all do.
      starts: steps ``[batch, time]`` before which the state is put back, as a document begins there; None for none.
    """

    inputs: Any
    targets: Any
    weights: Any
    lengths: Any = None
    starts: Any = None


class Mean(NamedTuple):
    """A mean in two parts, so that means over batches of unlike sizes add up exactly."""

    total: jax.Array
    weight: jax.Array


class Task(NamedTuple):
    """What a network is asked to learn.

    Attributes:
      input_size, output_size: features of an input step and of an output.
      time: steps in a sequence.
      readout: ``last`` scores the output after the last step, ``all`` that of every step.
      batch: ``(data, key, split, index, size) -> Batch``, a function of its arguments only. Training
        batches depend on key and index; those of valid and test on the index alone.
      metrics: ``(outputs, batch) -> {name: Mean}``; ``loss`` is always among them.
      metric: the name to report.
      better: which way that metric improves.
      baseline: the metrics of a trivial answer, computed from the definition of the task.
      data: arrays handed to ``batch``; empty for a task made on the device.
      examples: size of each split, or None where it has no end.
      ids: whether inputs are whole numbers below ``input_size``.
      carries: whether each sequence of a batch goes on where that of the batch before ended, so that the state is
        carried over (truncated backpropagation through time).
      held_out: ``(split, examples) -> batches stacked along a leading axis``, where ``batch`` cannot make them.
      tested: the splits scored at the end, with the chosen parameters.
      conclude: ``(metrics by split of tested) -> the row of the test``.
      of_nats: ``(nats [batch, time], batch) -> {name: Mean}``: the metrics, for a task that needs no more than the
        cross-entropies of ``targets.ids`` with the softmax of the outputs; see ``Model.nats``.
      derive: ``(averages) -> further numbers`` made of the averaged metrics.
      text: what the tokens of a text mean; None for other tasks.
    """

    input_size: int
    output_size: int
    time: int
    readout: Literal["last", "all"]
    batch: Callable[[Any, jax.Array, Split, Any, int], Batch]
    metrics: Callable[[jax.Array, Batch], dict[str, Mean]]
    metric: str
    better: Literal["lower", "higher"]
    baseline: dict[str, float]
    data: Any = ()
    examples: Mapping[Split, int | None] = ENDLESS
    ids: bool = False
    carries: bool = False
    held_out: Callable[[Split, int], Batch] | None = None
    tested: tuple[Split, ...] = ("test",)
    conclude: Callable[[Mapping[Any, dict[str, Any]]], dict[str, Any]] = lambda rows: rows["test"]
    of_nats: Callable[[jax.Array, Batch], dict[str, Mean]] | None = None
    derive: Callable[[dict[str, Any]], dict[str, Any]] = lambda averages: {}
    text: Any = None


def loss(task: Task, outputs: jax.Array, batch: Batch) -> jax.Array:
    """The mean loss of a batch, a scalar; terms of weight 0 change nothing."""
    total, weight = task.metrics(outputs, batch)["loss"]
    return total / weight


def whole(uniform: jax.Array, low: int | jax.Array, high: int | jax.Array) -> jax.Array:
    """Numbers uniform on [0, 1) as whole numbers uniform on [low, high).

    A task draws all it needs in one call and cuts it up: each call of its own adds a third of a second to the
    compile time on a CPU.
    """
    return low + jnp.floor(uniform * (high - low)).astype(jnp.int32)


def synthetic_key(key: jax.Array, split: Split, index: Any) -> jax.Array:
    """The key of a batch: (seed, step) for training, a fixed sequence for valid and for test."""
    if split == "train":
        return jax.random.fold_in(key, index)
    return jax.random.fold_in(jax.random.fold_in(jax.random.key(20140901), SPLITS.index(split)), index)
