"""A model: everything between the inputs of a batch and the terms of its loss, as pure functions."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import jax

from rnn_research.cells import Cell, Params, State
from rnn_research.decoding.stream import Stream
from rnn_research.heads import Noise
from rnn_research.tasks.base import Batch, Terms


class Carry(NamedTuple):
    """What is not trained, yet handed on from batch to batch.

    Attributes:
      state: the recurrent state that the next batch goes on from, leaves ``[batch, ...]``; None to begin anew.
      statistics: of norms that keep some (the running mean of batch norm), and the rate of zoneout, alike for all rows;
        kept with the best parameters.
    """

    state: State
    statistics: Any


class Weights(NamedTuple):
    """What of a trained network makes its answers; see ``Carry`` for the statistics."""

    params: Params
    statistics: Any


class Forward(NamedTuple):
    """What a model makes of a batch.

    Attributes:
      terms: see ``Terms``.
      carry: for the next batch.
      features: of the last layer, ``[time, batch, width]``.
    """

    terms: Terms
    carry: Carry
    features: jax.Array


class RunForward(Protocol):
    def __call__(
        self, params: Params, batch: Batch, carry: Carry, *, noise: Noise | None = None, taps: Any = None
    ) -> Forward:
        """Args:
        noise: of training; None to score.
        taps: what ``Inside.taps`` is like, to be added to the states and biases that each step reads; the gradient
          with respect to them is the error sent back to each step.
        """
        ...


class Inside(NamedTuple):
    """What there is to see inside a model, for ``gradients`` and probes.

    Attributes:
      width: features that the first layer reads.
      embed: ``(params, inputs) -> [batch, time, width]``, what the first layer reads.
      cell: all layers as one cell; None for a network that reads both ways or normalises between layers.
      taps: ``(rows, time) -> zeros`` to be added to the state that each step reads, leaves ``[time, rows, ...]``.
    """

    width: int
    embed: Callable[[Params, Any], jax.Array]
    cell: Cell | None
    taps: Callable[[int, int], Any]


class DrawNext(Protocol):
    """One step of a sequence that the model makes itself."""

    def __call__(
        self, params: Params, state: State, step: Any, key: jax.Array, temperature: jax.Array | float
    ) -> tuple[State, Any]:
        """``(state, items)``: what it draws after reading a step more; see ``heads.base.Draw``.

        Args:
          state: ``start(rows).state`` before the first step.
          step: the inputs of one step, leaves ``[rows, ...]``.
        """
        ...


class Model(NamedTuple):
    """See the attributes; built from a config, ``Inputs`` and ``Target``, never from a task.

    Attributes:
      init: ``(key, init_scale) -> params``: ``recurrent``, a tuple of layers, ``head``; perhaps ``embedding``,
        ``norms``.
      forward: see ``RunForward``.
      answer: ``(params, batch, carry) -> (answers, carry)``; leaves of the answers ``[batch, ...]``.
      start: ``(rows) -> carry`` before anything is read; its state is None for a network that reads both ways, which
        has none to go on from.
      stream: how it writes, token by token; None where it cannot.
      inside: see ``Inside``.
      draw: see ``DrawNext``; None where the head draws nothing, or the network cannot go step by step.
      decoder: how it writes an answer to a source, token by token: a stream whose context is ``(inputs, lengths)``,
        leaves ``[rows, ...]``; None for a model without a decoder.
      probabilities: ``(params, batch, carry) -> [batch, classes]``; None where no sequence is given a class.
      anew: ``(statistics) -> `` the same, those of norms to be made anew of the batches to come (``Norm.anew``); None
        where they are scored with as training leaves them.
    """

    init: Callable[[jax.Array, jax.Array | float], Params]
    forward: RunForward
    answer: Callable[[Params, Batch, Carry], tuple[Any, Carry]]
    start: Callable[[int], Carry]
    stream: Stream | None
    inside: Inside
    draw: DrawNext | None = None
    decoder: Stream | None = None
    probabilities: Callable[[Params, Batch, Carry], jax.Array] | None = None
    anew: Callable[[Any], Any] | None = None
