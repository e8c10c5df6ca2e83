"""Dropout, and where it is applied: ``model.dropout_kind`` (S14).

Masks have time leading, so that a batch that is padded longer, or cut shorter, has the same ones for the steps that it
shares; what differs by row is drawn for the whole batch (``Noise.draw``).
"""

import jax
import jax.numpy as jnp

from rnn_research.cells import Cell, Params, State
from rnn_research.cells.base import SplitStep
from rnn_research.experiment.config import ModelConfig
from rnn_research.heads.noise import Noise, drop, kept_features
from rnn_research.recurrence.layers import Layer, Noisy

STATES = 1000  # the first number of the draws for states; those for outputs are numbered from 0


def drop_outputs(config: ModelConfig, noise: Noise | None, number: int, features: jax.Array) -> jax.Array:
    """The features of the embedding (number 0) or of a layer (from 1 on), thinned as the kind of dropout has it."""
    if config.dropout_kind in ("recurrent", "zoneout"):
        return features
    return drop(noise, number, features, once=config.dropout_kind == "variational")


def noisy_states(config: ModelConfig, noise: Noise | None, rate: jax.Array | None, depth: int) -> Noisy:
    """What becomes of a layer's cell and its inputs ``[time, batch, features]``.

    Args:
      noise: of training; None to score, or one without dropout.
      rate: of zoneout, to score with.
      depth: of the layer, from 0 on.
    """

    def noisy(cell: Cell, x: jax.Array, direction: int):
        number = STATES + 10 * (2 * depth + direction)
        if config.dropout_kind == "zoneout":
            return zoneout(cell), (x, _held(cell, x, noise, rate, number))
        if noise is None or noise.dropout is None:
            return cell, x
        shape = (*x.shape[:2], *cell.initial_state().hidden.shape)
        kept = kept_features(noise, number, shape, config.dropout_kind == "variational")
        scaled = jnp.broadcast_to(jnp.where(kept, 1 / (1 - noise.dropout), 0), shape)
        return drop_recurrent(cell), (x, scaled.astype(x.dtype))

    return noisy


def has_noisy_states(config: ModelConfig, layers: list[Layer]) -> bool:
    """Whether there is noise on states.

    Raises:
      ValueError: there is to be, in a cell without a state that is multiplied by a recurrent kernel.
    """
    if not config.dropout or config.dropout_kind == "outputs":
        return False
    if not all(isinstance(layer.cell.step, SplitStep) for layer in layers):
        raise ValueError(
            f"model.dropout_kind={config.dropout_kind} is for cells whose state is multiplied by a recurrent kernel "
            f"(elman, lstm, gru), without model.skip"
        )
    return True


def drop_recurrent(cell: Cell) -> Cell:
    """A cell whose input is a pair ``(x [input], kept [hidden])``: what its recurrent kernel is multiplied by is
    multiplied by ``kept`` first (Gal and Ghahramani 2016). The state itself is left alone, a GRU's that it keeps too.
    """

    def step(params: Params, state: State, x_kept):
        x, kept = x_kept
        assert isinstance(cell.step, SplitStep)
        return cell.step(params, state, x, kept)

    return Cell(cell.init, cell.initial_state, step)


def zoneout(cell: Cell) -> Cell:
    """A cell whose input is a pair ``(x [input], held)``: of every number of its state the share ``held``, a tree like
    the state, stays what it was (Krueger et al. 2017). The output is the state's ``hidden``.

    ``s_t = d ⊙ s_{t−1} + (1 − d) ⊙ s̃_t``: d is 0 or 1 in training, and its mean in scoring.
    """

    def step(params: Params, state: State, x_held):
        x, held = x_held
        new, _ = cell.step(params, state, x)
        state = jax.tree.map(lambda share, old, new: share * old + (1 - share) * new, held, state, new)
        return state, state.hidden

    return Cell(cell.init, cell.initial_state, step)


def _held(cell: Cell, x: jax.Array, noise: Noise | None, rate: jax.Array | None, number: int) -> State:
    """Of every number of the state at every step, whether it is held, or in scoring how likely."""
    leaves, tree = jax.tree.flatten(cell.initial_state())
    found = []
    for place, leaf in enumerate(leaves):
        shape = (*x.shape[:2], *leaf.shape)
        if noise is None or noise.dropout is None:
            assert rate is not None
            found.append(jnp.broadcast_to(rate, shape).astype(leaf.dtype))
        else:
            found.append((~kept_features(noise, number + place, shape, False)).astype(leaf.dtype))
    return jax.tree.unflatten(tree, found)
