"""The width that gives a network a number of parameters."""

import dataclasses
from collections.abc import Callable
from functools import lru_cache
from math import ceil, sqrt

import jax

from rnn_research.cells import CELLS, count_parameters
from rnn_research.experiment.choice import Choice, build
from rnn_research.experiment.config import PRETRAINED, ModelConfig
from rnn_research.models.embedding import check_embedding, make_embedding
from rnn_research.models.network import network
from rnn_research.tasks.base import Inputs, Target

FIRST = (1, 2, 3)  # widths that solving begins with


def match_width(config: ModelConfig, inputs: Inputs, target: Target) -> ModelConfig:
    """With ``match="parameters"``, the config whose cell has the width that brings the model's size closest to that of
    one layer of LSTM cells of width ``hidden`` without norm and attention, all else equal; counted from the real trees.

    Raises:
      ValueError: what no width can make a network of.
    """
    check_embedding(config)
    if config.match == "width":
        return config
    # Vectors learned beforehand are as many numbers as any others: none are read, and the cache keeps no text for them.
    drawn = config.embedding_init if config.embedding_init not in PRETRAINED else "normal(0.1)"
    counted = dataclasses.replace(config, embedding_init=drawn)
    if not config.embedding:
        embedding = make_embedding(counted, inputs)
        if embedding.init is None:  # the width is all that counts of such inputs: tasks that share it share a solution
            inputs = Inputs("numbers", embedding.width, time=0)
    return _with_cell(config, _matched(counted, inputs._replace(vectors=None), target))


def unmatched(config: ModelConfig) -> ModelConfig:
    """The config with the width that it asks for, not the one that is solved for: for a check, as solving takes longer
    than all the rest of making a network.

    Raises:
      ValueError: a cell that cannot have the widths that solving begins with.
    """
    if config.match == "width":
        return config
    for hidden in FIRST:
        build(config.cell.with_options(hidden=hidden), CELLS, "cell")
    return dataclasses.replace(_with_cell(config, config.cell), match="width")


def _matched(config: ModelConfig, inputs: Inputs, target: Target) -> Choice:
    """The cell with the width that is solved for."""
    hidden = config.cell["hidden"]
    reference = _with_cell(config, Choice("lstm", hidden=hidden))
    plain = dataclasses.replace(reference, layers=1, residual=False, norm="none", attention="none")
    wanted = count(plain, inputs, target)

    def size(hidden: int) -> int:
        return count(_with_cell(config, config.cell.with_options(hidden=hidden)), inputs, target)

    if config.cell.name == "lstm" and size(hidden) == wanted:
        return config.cell
    return config.cell.with_options(hidden=_nearest(size, wanted))


def _nearest(size: Callable[[int], int], wanted: int) -> int:
    """The width, 1 at least, whose size is nearest to what is wanted; sizes grow with the width.

    The size of a network of most cells is a parabola in their width: three sizes say where it comes nearest, and a
    fourth, there or next to there, that it is one. Where it is none, it is searched.
    """
    one, two, three = map(size, FIRST)
    square = (three - 2 * two + one) / 2
    linear = two - one - 3 * square
    constant = one - square - linear - wanted

    def over(hidden: int) -> float:
        return square * hidden**2 + linear * hidden + constant

    low = _root(square, linear, constant)
    best = min((low, low + 1), key=lambda hidden: abs(over(hidden)))
    unseen = best if best not in FIRST else low + 1
    if (low == 1 or over(low) < 0) and over(low + 1) >= 0 and size(unseen) - wanted == over(unseen):
        return best
    low = _bisect(size, wanted)
    return min((low, low + 1), key=lambda hidden: abs(size(hidden) - wanted))


def _root(square: float, linear: float, constant: float) -> int:
    """The last whole number, 1 at least, before a growing parabola comes to 0."""
    try:
        root = (-linear + sqrt(linear**2 - 4 * square * constant)) / (2 * square) if square else -constant / linear
    except (ValueError, ZeroDivisionError):
        return 1
    return max(1, ceil(root) - 1)


def _bisect(size: Callable[[int], int], wanted: int) -> int:
    """The last width, 1 at least, of a smaller size than is wanted."""
    low, high = 1, 2
    while size(high) < wanted:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if size(middle) < wanted else (low, middle)
    return low


# Counting traces the initialisation: once for the arms of a task, a trial's forecast and its program alike.
@lru_cache(maxsize=4096)
def count(config: ModelConfig, inputs: Inputs, target: Target) -> int:
    """Parameters of the model that a config describes."""
    return count_parameters(jax.eval_shape(network(config, inputs, target).init, jax.random.key(0), 1.0))


def _with_cell(config: ModelConfig, cell: Choice) -> ModelConfig:
    """With another cell; a tied embedding is as wide as the cell."""
    embedding = cell["hidden"] if config.tied else config.embedding
    return dataclasses.replace(config, cell=cell, embedding=embedding)
