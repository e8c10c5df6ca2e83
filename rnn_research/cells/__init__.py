"""Cells: pure functions, one small file each. A new cell is a file here and a line in ``CELLS``."""

from rnn_research.cells.base import Cell, Params, SplitStep, State, count_cell_parameters, count_parameters, output_size
from rnn_research.cells.combinators import SkipState, Tap, residual, restarting, skip, stacked, tapped
from rnn_research.cells.convolution import WindowState, convolution, window
from rnn_research.cells.elman import ElmanState, elman
from rnn_research.cells.gru import GRUState, gru
from rnn_research.cells.lstm import LSTMState, lstm
from rnn_research.cells.lstm_1997 import LSTM1997State, lstm_1997
from rnn_research.cells.torch_layout import from_torch, to_torch

CELLS = {
    "elman": elman,
    "lstm": lstm,
    "lstm_1997": lstm_1997,
    "gru": gru,
    "window": window,
    "convolution": convolution,
}

__all__ = [
    "CELLS",
    "Cell",
    "ElmanState",
    "GRUState",
    "LSTM1997State",
    "LSTMState",
    "Params",
    "SkipState",
    "SplitStep",
    "State",
    "Tap",
    "WindowState",
    "convolution",
    "count_cell_parameters",
    "count_parameters",
    "elman",
    "from_torch",
    "gru",
    "lstm",
    "lstm_1997",
    "output_size",
    "residual",
    "restarting",
    "skip",
    "stacked",
    "tapped",
    "to_torch",
    "window",
]
