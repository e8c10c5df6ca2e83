"""Arms of ``exploding_gradients`` with 200 seeds each: runs that finish or diverge."""

import dataclasses

from rnn_research.experiment import registry

WHOLE = registry.load("exploding_gradients")

EXPERIMENT = dataclasses.replace(
    WHOLE,
    axes={
        "model.init_scale": (1.2, 1.4, 1.6),
        "cure": tuple(cure for cure in WHOLE.axes["cure"] if cure.name in ("none", "L2")),
    },
    seeds=200,
    figures=(),
    claims=(),
)
