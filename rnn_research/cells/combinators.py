"""Cells made of cells."""

import jax

from rnn_research.cells.base import Cell, output_size


def stacked(*cells: Cell) -> Cell:
    """Layers one above the other: a layer's outputs are the next one's inputs (S13).

    Params and state are tuples, one entry a layer; the output is the top layer's.

    Raises:
      ValueError: no cell given.
    """
    if not cells:
        raise ValueError("stacked() needs at least one cell")

    def init(key, input_size):
        params = []
        for cell, layer_key in zip(cells, jax.random.split(key, len(cells)), strict=True):
            params.append(cell.init(layer_key, input_size))
            input_size = output_size(cell, input_size)
        return tuple(params)

    def initial_state():
        return tuple(cell.initial_state() for cell in cells)

    def step(params, states, x):
        new_states = []
        for cell, layer_params, state in zip(cells, params, states, strict=True):
            state, x = cell.step(layer_params, state, x)
            new_states.append(state)
        return tuple(new_states), x

    return Cell(init, initial_state, step)


def residual(cell: Cell) -> Cell:
    """Add a cell's input to its output: a skip connection between layers (S09).

    Raises:
      ValueError: on ``init``, if the input is not as wide as the output.
    """

    def init(key, input_size):
        width = output_size(cell, input_size)
        if width != input_size:
            raise ValueError(f"a residual cell needs input and output of one width, not {input_size} and {width}")
        return cell.init(key, input_size)

    def step(params, state, x):
        state, output = cell.step(params, state, x)
        return state, x + output

    return Cell(init, cell.initial_state, step)
