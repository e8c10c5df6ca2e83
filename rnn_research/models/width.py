"""The width that gives a network a number of parameters."""

import dataclasses

import jax

from rnn_research.cells import count_parameters
from rnn_research.experiment.choice import Choice
from rnn_research.experiment.config import ModelConfig
from rnn_research.models.sequence import sequence_model
from rnn_research.tasks.base import Task


def match_width(config: ModelConfig, task: Task) -> ModelConfig:
    """With ``match="parameters"``, the config whose cell has the width that brings the model's size closest to that of
    one layer of LSTM cells of width ``hidden``, all else equal; counted from the real trees."""
    if config.match == "width":
        return config
    hidden = config.cell["hidden"]
    reference = _with_cell(config, Choice("lstm", hidden=hidden))
    target = count(dataclasses.replace(reference, layers=1, residual=False, layer_norm=False), task)

    def size(hidden):
        return count(_with_cell(config, config.cell.with_options(hidden=hidden)), task)

    low, high = 1, 2
    while size(high) < target:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if size(middle) < target else (low, middle)
    best = min((low, high), key=lambda h: abs(size(h) - target))
    return _with_cell(config, config.cell.with_options(hidden=best))


def count(config: ModelConfig, task: Task) -> int:
    """Parameters of the model that a config describes."""
    model = sequence_model(config, task)
    return count_parameters(jax.eval_shape(model.init, jax.random.key(0), 1.0))


def _with_cell(config: ModelConfig, cell: Choice) -> ModelConfig:
    """With another cell; a tied embedding is as wide as the cell."""
    embedding = cell["hidden"] if config.tied else config.embedding
    return dataclasses.replace(config, cell=cell, embedding=embedding)
