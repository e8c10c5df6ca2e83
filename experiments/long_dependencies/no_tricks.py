"""Can tricks repair the Elman RNN's vanishing gradient, as far as the LSTM goes without any? C12.

    python launch.py --experiment=no_tricks

"It cannot be mended by tricks" (deck L1). The Elman RNN with every trick of the lectures (orthogonal start and a
penalty that keeps it so, clipping by norm, skip connections through time) and without any, against a plain LSTM, on two
tasks as the distance grows. Equal parameters; the same candidate learning rates, pilots, seeds and batches for each.
About 8 minutes on two CPU cores.
"""

import rnn_research.experiment as ex

TRICKS = {
    "model.cell": ex.Choice("elman", hidden=24, recurrent_init="orthogonal"),
    "model.skip": 16,
    "optimizer.clip_norm": 1.0,
    "penalty.orthogonality": 0.01,
}

EXPERIMENT = ex.Experiment(
    question="Can tricks give the Elman RNN the reach of a plain LSTM, as the distance grows?",
    base=ex.TrialConfig(
        model=ex.ModelConfig(match="parameters"),
        optimizer=ex.OptimizerConfig(name="adam", clip_norm=0.0),
        train=ex.TrainConfig(steps=1000, batch=32, eval_every=200),
    ),
    axes={
        "task.name": ("adding", "temporal_order"),
        "task.length": (50, 100, 200),
        "network": (
            ex.Variant("plain RNN", {"model.cell": ex.Choice("elman", hidden=24, recurrent_init="glorot")}),
            ex.Variant("RNN with every trick", TRICKS),
            ex.Variant("plain LSTM", {"model.cell": ex.Choice("lstm", hidden=24)}),
        ),
    },
    compare="network",
    seeds=8,
    tune=ex.Tune(values=(1e-3, 3e-3, 1e-2), seeds=1, steps=400),
    figures=(ex.ByAxis("length", "skill", "length of the sequence (steps)", "skill (0 trivial, 1 perfect)"),),
    claims=(
        ex.Claim(
            "C12",
            "tricks do not repair it: over 200 steps the plain LSTM's skill is more than a tenth above that of the "
            "Elman RNN with every trick",
            (ex.Compare("network", "plain LSTM", "RNN with every trick", margin=0.1, where={"length": ("200",)}),),
        ),
        ex.Claim(
            "C12",
            "nor over 100 steps",
            (ex.Compare("network", "plain LSTM", "RNN with every trick", margin=0.1, where={"length": ("100",)}),),
        ),
        ex.Claim(
            "C12",
            "the tricks do help: over all lengths they add more than a tenth to the Elman RNN's skill",
            (ex.Compare("network", "RNN with every trick", "plain RNN", margin=0.1),),
        ),
    ),
    minutes=8,
)
