"""Do Jacobians of norm above 1 make training diverge, and does each of the lectures' cures help? C08, C10.

    python launch.py --experiment=exploding_gradients

An Elman RNN on the adding problem, trained by plain SGD. Its recurrent matrix starts as an orthogonal one times a
factor, which is its spectral radius and its norm; relu, for whose active units ‖∂h_j/∂h_{j−1}‖ is that factor. The same
rate for all arms but the one whose cure is a smaller rate. A run diverges when its loss is no longer finite.
About 2 minutes on two CPU cores.
"""

from rnn_research.experiment import (
    ByAxis,
    Choice,
    Claim,
    Compare,
    Curves,
    Experiment,
    Measure,
    ModelConfig,
    OptimizerConfig,
    TrainConfig,
    TrialConfig,
    Variant,
)

RADII = (0.8, 1.0, 1.2, 1.4, 1.6, 2.0)
EXPLODING = ("1.4", "1.6", "2.0")
NO_CURE = {"cure": ("none",)}


def cured_by(cure: str) -> Claim:
    return Claim(
        "C10",
        f"{cure} cures explosion: at spectral radii of 1.4 to 2 more than half of the runs diverge without it and not "
        "with it",
        (Compare("cure", cure, "none", margin=0.5, measure="finished", where={"init_scale": EXPLODING}),),
    )


EXPERIMENT = Experiment(
    question="From which spectral radius on do gradients explode, and what cures it?",
    base=TrialConfig(
        task=Choice("adding", length=50),
        model=ModelConfig(cell=Choice("elman", hidden=32, activation="relu")),
        optimizer=OptimizerConfig(name="sgd", learning_rate=1e-2, clip_norm=0.0),
        train=TrainConfig(steps=200, batch=32, eval_every=2, valid_examples=32),
    ),
    axes={
        "model.init_scale": RADII,
        "cure": (
            Variant("none", {}),
            Variant("norm", {"optimizer.clip_norm": 1.0}),
            Variant("value", {"optimizer.clip_value": 0.1}),
            Variant("L2", {"penalty.l2": 0.1}),
            Variant("rate / 100", {"optimizer.learning_rate": 1e-4}),
        ),
    },
    compare="cure",
    seeds=10,
    measures=(Measure("greatest gradient norm", "grad_norm_max", split="train", at="greatest"),),
    figures=(
        ByAxis("init_scale", "finished", "spectral radius of U at the start", "share of runs that did not diverge"),
        Curves("grad_norm_max", "train", "greatest gradient norm in 2 updates", log=True),
        Curves("loss", "train", "training loss", log=True, where={"cure": ("none",)}),
    ),
    claims=(
        Claim(
            "C08",
            "with Jacobians of norm above 1 training diverges: without a cure, more than half of the runs at spectral "
            "radius 2 that do not at radius 0.8",
            (Compare("init_scale", "0.8", "2.0", margin=0.5, measure="finished", where=NO_CURE),),
        ),
        *(cured_by(cure) for cure in ("norm", "value", "L2", "rate / 100")),
    ),
    minutes=2,
)
