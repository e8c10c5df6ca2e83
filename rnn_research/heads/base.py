"""The head: what is made of the features of the last layer. It owns the loss."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import jax

from rnn_research.cells.base import Params
from rnn_research.heads.noise import Noise
from rnn_research.tasks.base import Batch, Terms


class Read(NamedTuple):
    """What the layers below a head have made of a batch.

    Attributes:
      steps: features after every step, ``[time, batch, width]``.
      pooled: those of the sequence as a whole, ``[batch, width]``, as ``model.pooling`` makes them of the steps that
        count: by default those after the last step, at ``lengths − 1``; of the backward direction, at step 0.
      states: the last state of every layer, leaves ``[batch, ...]``; a pair of them, ahead and back, of one that reads
        both ways.
    """

    steps: jax.Array
    pooled: jax.Array
    states: tuple[Any, ...] = ()


class InitHead(Protocol):
    """The parameters of a head."""

    def __call__(self, key: jax.Array, width: int) -> Params:
        """A dict of arrays for features of a width. What is called ``kernel [width, size]`` may be tied to the
        embedding: it is then left out of the parameters, and given to the head all the same."""
        ...


class HeadTerms(Protocol):
    """The loss of a batch, term by term."""

    def __call__(self, params: Params, read: Read, batch: Batch, noise: Noise | None) -> Terms: ...


class Answer(Protocol):
    """What the head would say of a batch."""

    def __call__(self, params: Params, read: Read, batch: Batch) -> Any:
        """A tree of leaves ``[batch, ...]``; it may be searched for. Targets and weights are not read."""
        ...


class Draw(Protocol):
    """What follows, at random."""

    def __call__(self, params: Params, features: jax.Array, key: jax.Array, temperature: jax.Array | float) -> Any:
        """One target for each row of the features of a step, ``[rows, width]``; leaves ``[rows, ...]``.

        Args:
          temperature: above 0; below 1 what is likely becomes likelier, above 1 less likely.
        """
        ...


class Decoder(NamedTuple):
    """How a head writes an answer token by token; what is read first is the id ``Target.size``.

    Attributes:
      begin: ``(params, read, lengths) -> (memory, state)``: what is looked back at, and the state before anything is
        written, leaves ``[batch, ...]``; ``lengths`` of the source, None where all its steps count.
      advance: ``(params, memory, state, ids [batch]) -> (state, logits [batch, size], weights [batch, source])``;
        weights None without attention.
    """

    begin: Callable[[Params, Read, Any], tuple[Any, Any]]
    advance: Callable[[Params, Any, Any, jax.Array], tuple[Any, jax.Array, jax.Array | None]]


class Head(NamedTuple):
    """See the Protocols.

    Attributes:
      logits: ``(params, features [..., width]) -> [..., size]``, the scores of the next token, for a head that gives
        one at every step from the features of that step alone; None for all others, which cannot write.
      draw: see ``Draw``; for a head that gives a target at every step from the features of that step alone, be it a
        token, numbers or a tree; None for all others.
      decoder: see ``Decoder``; None for a head that writes no answer of a length of its own token by token.
      classes: ``(params, read) -> [batch, size]``, logits, for a head that gives a sequence one of some classes.
    """

    init: InitHead
    terms: HeadTerms
    answer: Answer
    logits: Callable[[Params, jax.Array], jax.Array] | None = None
    draw: Draw | None = None
    decoder: Decoder | None = None
    classes: Callable[[Params, Read], jax.Array] | None = None
