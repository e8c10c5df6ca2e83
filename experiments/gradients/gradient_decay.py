"""Does the LSTM keep the error of step 128 back to step 1, where the Elman RNN loses it? C15, S29.

    python launch.py --experiment=gradient_decay

The lectures' picture (deck L2), measured: ``‖∂L_128/∂s_k‖`` for every step k before, at initialisation, during training
and after it, on the adding problem, whose first number stands in the first half. Equal parameters, the same seeds and
batches, the same three candidate learning rates for each cell. About 4 minutes on two CPU cores.
"""

import rnn_research.experiment as ex

EXPERIMENT = ex.Experiment(
    question="How much of the error of step 128 comes back to step 1, in the Elman RNN, the LSTM and the GRU?",
    base=ex.TrialConfig(
        task=ex.Choice("adding", length=128),
        model=ex.ModelConfig(match="parameters"),
        optimizer=ex.OptimizerConfig(name="adam", clip_norm=1.0),
        probes=(ex.Choice("gradients", every=250, examples=64),),
        train=ex.TrainConfig(steps=1500, batch=32, eval_every=250),
    ),
    axes={
        "model.cell": (
            ex.Choice("elman", hidden=32),
            ex.Choice("lstm", hidden=32, forget_bias=1.0),
            ex.Choice("gru", hidden=32, keep_bias=1.0, reset_after=False),
        ),
    },
    compare="cell",
    seeds=10,
    tune=ex.Tune(values=(1e-3, 3e-3, 1e-2), seeds=1, steps=1000),
    measures=ex.DECAY,
    claims=(
        ex.Claim(
            "C15",
            "after training, the LSTM keeps more than a tenth of the error from step 128 back to step 1, the Elman RNN "
            "less than a thousandth",
            (
                ex.Level("log10 kept at end", "above", -1, where={"cell": ("lstm",)}),
                ex.Level("log10 kept at end", "below", -3, where={"cell": ("elman",)}),
            ),
        ),
        ex.Claim(
            "C15 at initialisation",
            "before training already, the LSTM keeps at least ten times as much of the error as the Elman RNN",
            (ex.Compare("cell", "lstm", "elman", margin=1, measure="log10 kept at start"),),
        ),
    ),
    minutes=4,
)
