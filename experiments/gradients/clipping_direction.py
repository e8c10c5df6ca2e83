"""Does clipping the norm keep the gradient's direction, and does clipping values change it? C09.

    python launch.py --experiment=clipping_direction

The cosine between the gradient and what clipping leaves of it, at every update of an Elman RNN, an LSTM and a GRU on
the adding problem. The thresholds are low, so that nearly every update is clipped. About 2 minutes on two CPU cores.
"""

import rnn_research.experiment as ex

EXPERIMENT = ex.Experiment(
    question="What does clipping do to the direction of the gradient?",
    base=ex.TrialConfig(
        task=ex.Choice("adding", length=50),
        model=ex.ModelConfig(match="parameters"),
        optimizer=ex.OptimizerConfig(name="sgd", learning_rate=3e-2, clip_norm=0.0),
        train=ex.TrainConfig(steps=1000, batch=32, eval_every=50),
    ),
    axes={
        "model.cell": (
            ex.Choice("elman", hidden=24),
            ex.Choice("lstm", hidden=24, forget_bias=1.0),
            ex.Choice("gru", hidden=24, keep_bias=1.0, reset_after=True),
        ),
        "clipping": (
            ex.Variant("none", {}),
            ex.Variant("norm 0.1", {"optimizer.clip_norm": 0.1}),
            ex.Variant("value 0.01", {"optimizer.clip_value": 0.01}),
        ),
    },
    compare="clipping",
    seeds=10,
    measures=(
        ex.Measure("cosine (mean)", "clip_cosine", split="train", at="mean"),
        ex.Measure("cosine (least)", "clip_cosine_min", split="train", at="least"),
        ex.Measure("share clipped", "clipped", split="train", at="mean", quantity="share"),
    ),
    figures=(ex.Curves("clip_cosine", "train", "cosine between gradient and clipped gradient"),),
    claims=(
        ex.Claim(
            "C09",
            "clipping the norm keeps the direction: the least cosine of a run is above 0.9999; clipping values changes "
            "it: the mean cosine is below 0.95",
            (
                ex.Level("cosine (least)", "above", 0.9999, where={"clipping": ("norm 0.1",)}),
                ex.Level("cosine (mean)", "below", 0.95, where={"clipping": ("value 0.01",)}),
            ),
        ),
    ),
    minutes=2,
)
