"""Do Jacobians of norm above 1 make training diverge, and does each of the lectures' cures help? C08, C10.

    python launch.py --experiment=exploding_gradients

An Elman RNN on the adding problem, trained by plain SGD. Its recurrent matrix starts as an orthogonal one times a
factor, which is its spectral radius and its norm; relu, for whose active units ‖∂h_j/∂h_{j−1}‖ is that factor. The same
rate for all arms but the one whose cure is a smaller rate. A run diverges when its loss is no longer finite.
About 2 minutes on two CPU cores.
"""

import rnn_research.experiment as ex

RADII = (0.8, 1.0, 1.2, 1.4, 1.6, 2.0)
EXPLODING = ("1.4", "1.6", "2.0")
NO_CURE = {"cure": ("none",)}


def cured_by(cure: str) -> ex.Claim:
    return ex.Claim(
        "C10",
        f"{cure} cures explosion: at spectral radii of 1.4 to 2 more than half of the runs diverge without it and not "
        "with it",
        (ex.Compare("cure", cure, "none", margin=0.5, measure="finished", where={"init_scale": EXPLODING}),),
    )


EXPERIMENT = ex.Experiment(
    question="From which spectral radius on do gradients explode, and what cures it?",
    base=ex.TrialConfig(
        task=ex.Choice("adding", length=50),
        model=ex.ModelConfig(cell=ex.Choice("elman", hidden=32, activation="relu")),
        optimizer=ex.OptimizerConfig(name="sgd", learning_rate=1e-2, clip_norm=0.0),
        train=ex.TrainConfig(steps=200, batch=32, eval_every=2, valid_examples=32),
    ),
    axes={
        "model.init_scale": RADII,
        "cure": (
            ex.Variant("none", {}),
            ex.Variant("norm", {"optimizer.clip_norm": 1.0}),
            ex.Variant("value", {"optimizer.clip_value": 0.1}),
            ex.Variant("L2", {"penalty.l2": 0.1}),
            ex.Variant("rate / 100", {"optimizer.learning_rate": 1e-4}),
        ),
    },
    compare="cure",
    seeds=10,
    measures=(ex.Measure("greatest gradient norm", "grad_norm_max", split="train", at="greatest"),),
    figures=(
        ex.ByAxis("init_scale", "finished", "spectral radius of U at the start", "share of runs that did not diverge"),
        ex.Curves("grad_norm_max", "train", "greatest gradient norm in 2 updates", log=True),
        ex.Curves("loss", "train", "training loss", log=True, where={"cure": ("none",)}),
    ),
    claims=(
        ex.Claim(
            "C08",
            "with Jacobians of norm above 1 training diverges: without a cure, more than half of the runs at spectral "
            "radius 2 that do not at radius 0.8",
            (ex.Compare("init_scale", "0.8", "2.0", margin=0.5, measure="finished", where=NO_CURE),),
        ),
        *(cured_by(cure) for cure in ("norm", "value", "L2", "rate / 100")),
    ),
    minutes=2,
)
