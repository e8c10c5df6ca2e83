"""Drawings as the moves of a pen, from one point to the next (Graves 2013; Ha and Eck 2018)."""

from typing import Any, NamedTuple

import numpy as np

DOWN, LIFTED, OVER = range(3)  # the pen after a point: it draws on, is lifted, or the drawing is over
PEN = 3


class Move(NamedTuple):
    """``offset [..., 2]`` to the next point, and ``pen [...]`` after it, int32: ``DOWN``, ``LIFTED`` or ``OVER``."""

    offset: Any
    pen: Any


def moves(points: np.ndarray, strokes: np.ndarray) -> Move:
    """The n − 1 moves of a drawing of n points ``[n, 2]``, n above 1, in strokes ``[n]``; the first point is where it
    begins, with the pen down."""
    pen = np.where(np.diff(strokes)[1:] != 0, LIFTED, DOWN)
    return Move(np.diff(points, axis=0), np.append(pen, OVER).astype(np.int32))


def drawn(move: Move) -> list[np.ndarray]:
    """The strokes of moves ``[n, ...]``, ``[m, 2]`` each, from (0, 0) on; all moves where none says that it is over."""
    over = np.flatnonzero(np.asarray(move.pen) == OVER)
    count = over[0] + 1 if len(over) else len(move.pen)
    points = np.concatenate([np.zeros((1, 2)), np.cumsum(np.asarray(move.offset)[:count], axis=0)])
    ends = np.flatnonzero(np.asarray(move.pen)[:count] == LIFTED) + 2  # the point after a move, and past it
    return [stroke for stroke in np.split(points, ends) if len(stroke)]
