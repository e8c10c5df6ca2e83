"""Character models as in ``char_lm``, one layer, 400 updates, with 200 seeds a cell: scores with one hump."""

import dataclasses

import rnn_research.experiment as ex
from rnn_research.experiment import registry

WHOLE = registry.load("char_lm")

EXPERIMENT = dataclasses.replace(
    WHOLE,
    base=dataclasses.replace(
        WHOLE.base,
        optimizer=ex.OptimizerConfig(schedule="linear", warmup=0.1, learning_rate=1e-2),
        train=dataclasses.replace(WHOLE.base.train, steps=400),
        probes=(),
    ),
    axes={"model.cell": (ex.Choice("elman", hidden=32), ex.Choice("lstm", hidden=32, forget_bias=1.0))},
    tune=None,
    seeds=200,
    measures=(),
    figures=(),
    claims=(),
)
