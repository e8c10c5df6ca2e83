"""Recurrent networks as pure functions, and experiments on what they learn through time.

``import rnn_research as rr; cell = rr.lstm(128); state, outputs = rr.unroll(cell, cell.init(key, 32), inputs)``

Names are imported when they are first used, so that importing the package costs nothing.
"""

import importlib

_HOMES = {
    "rnn_research.cells": (
        "CELLS",
        "Cell",
        "ElmanState",
        "GRUState",
        "LSTMState",
        "LSTM1997State",
        "Tap",
        "SplitStep",
        "SkipState",
        "WindowState",
        "convolution",
        "count_cell_parameters",
        "count_parameters",
        "elman",
        "from_torch",
        "gru",
        "lstm",
        "lstm_1997",
        "tapped",
        "output_size",
        "residual",
        "restarting",
        "skip",
        "stacked",
        "to_torch",
        "window",
    ),
    "rnn_research.commands.notebook": ("Finished", "launch", "results"),
    "rnn_research.execution.loading": ("Loaded", "load"),
    "rnn_research.gradients": (
        "GradientNorms",
        "decay_curves",
        "gradient_norms",
        "log_product_norms",
        "lyapunov_exponents",
        "step_jacobians",
        "textbook_bptt",
    ),
    "rnn_research.recurrence": ("BACKENDS", "bidirectional", "run", "unroll"),
    "rnn_research.heads": ("HEADS", "Head"),
    "rnn_research.learners": ("LEARNERS", "Learner"),
    "rnn_research.models": ("Model", "match_width", "network"),
    "rnn_research.probes": ("PROBES", "Probe"),
    "rnn_research.tasks": ("TASKS", "Batch", "Task"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str):
    if name not in _HOME_OF:
        raise AttributeError(f"module 'rnn_research' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
