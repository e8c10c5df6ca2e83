"""Two settings of ``lstm_vs_gru`` with 200 seeds an arm, at one rate: real scores, some of them with two humps."""

import dataclasses

import rnn_research.experiment as ex
from rnn_research.experiment import registry

WHOLE = registry.load("lstm_vs_gru")

EXPERIMENT = dataclasses.replace(
    WHOLE,
    base=dataclasses.replace(WHOLE.base, optimizer=ex.OptimizerConfig(name="adam", clip_norm=1.0, learning_rate=3e-3)),
    axes={
        "task": (ex.Choice("adding", length=50), ex.Choice("temporal_order", length=100)),
        "model.cell": WHOLE.axes["model.cell"],
    },
    tune=None,
    seeds=200,
    claims=(),
)
