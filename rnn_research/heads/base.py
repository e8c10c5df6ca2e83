"""The head: what is made of the features of the last layer. It owns the loss."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import jax

from rnn_research.cells.base import Params
from rnn_research.tasks.base import Batch, Terms


def _same(tree: Any) -> Any:
    return tree


class Noise(NamedTuple):
    """What makes training differ from scoring; there is none of it (None) where a model is scored or used.

    Attributes:
      key: of this update, the same on all devices that share its batch; what differs by row is drawn by ``draw``.
      dropout: the share of features to leave out (S14; Zaremba et al. 2014); None for no dropout.
      share: of the batch: which of how many equal parts this device has.
      total: ``(tree) -> tree``, the sum over the devices that share it.
    """

    key: jax.Array
    dropout: jax.Array | float | None = None
    share: tuple[jax.Array | int, int] = (0, 1)
    total: Callable[[Any], Any] = _same

    def draw(self, function: Callable[..., jax.Array], number: int, shape: Sequence[int], rows: int) -> jax.Array:
        """``function(key, shape)`` for this device's rows of a batch: what a device that has the whole batch would draw
        for them.

        Args:
          function: as ``jax.random.normal``.
          number: of the draw; those of one update have different ones.
          shape: of this device's rows.
          rows: the axis of the batch in it.
        """
        index, count = self.share
        whole = [*shape]
        whole[rows] *= count
        drawn = function(jax.random.fold_in(self.key, number), tuple(whole))
        return drawn if count == 1 else jax.lax.dynamic_slice_in_dim(drawn, index * shape[rows], shape[rows], rows)


class Read(NamedTuple):
    """What the layers below a head have made of a batch.

    Attributes:
      steps: features after every step, ``[time, batch, width]``.
      pooled: those of the sequence as a whole, ``[batch, width]``, as ``model.pooling`` makes them of the steps that
        count: by default those after the last step, at ``lengths − 1``; of the backward direction, at step 0.
    """

    steps: jax.Array
    pooled: jax.Array


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


class Head(NamedTuple):
    """See the Protocols.

    Attributes:
      logits: ``(params, features [..., width]) -> [..., size]``, the scores of the next token, for a head that gives
        one at every step from the features of that step alone; None for all others, which cannot write.
      draw: see ``Draw``; for a head that gives a target at every step from the features of that step alone, be it a
        token, numbers or a tree; None for all others.
      classes: ``(params, read) -> [batch, size]``, logits, for a head that gives a sequence one of some classes.
    """

    init: InitHead
    terms: HeadTerms
    answer: Answer
    logits: Callable[[Params, jax.Array], jax.Array] | None = None
    draw: Draw | None = None
    classes: Callable[[Params, Read], jax.Array] | None = None
