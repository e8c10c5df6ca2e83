"""Do skip connections through time carry gradients further, and does the network learn better with them? C14, S09.

    python launch.py --experiment=skip_connections

Elman RNNs, plain and with the state of k steps ago added every k-th step; equal width, so equal parameters. The error
sent back over 128 steps, at initialisation and after training. The lengths are those at which the plain RNN half learns
in 2,000 updates, so that better can be told from worse: on adding over 50 steps it comes some of the way, on temporal
order two pilots solved 70 steps and eight runs none of 100. Connections between layers are in ``depth`` (C22).

Margins: ten times as much of the error, as factors are what a product over steps is about; and a tenth of skill, or of
the runs that solve the task, as everywhere. The same rule for the rates, pilots as long as the runs. About 3 minutes on
two CPU cores.
"""

import rnn_research.experiment as ex

EXPERIMENT = ex.Experiment(
    question="How much further does the error go back with skip connections, and is more learned with them?",
    base=ex.TrialConfig(
        model=ex.ModelConfig(cell=ex.Choice("elman", hidden=32)),
        optimizer=ex.OptimizerConfig(name="adam", clip_norm=1.0),
        probes=(ex.Choice("gradients", every=1000, examples=64, length=128),),
        train=ex.TrainConfig(steps=2000, batch=32, eval_every=250),
    ),
    axes={
        "task": (ex.Choice("adding", length=50), ex.Choice("temporal_order", length=85)),
        "skip": (
            ex.Variant("none", {}),
            ex.Variant("every 4 steps", {"model.skip": 4}),
            ex.Variant("every 16 steps", {"model.skip": 16}),
        ),
    },
    compare="skip",
    seeds=16,
    tune=ex.Tune(values=(1e-3, 3e-3, 1e-2), seeds=1, steps=2000, limits=(1e-4, 0.2)),
    measures=ex.DECAY,
    claims=(
        ex.Claim(
            "C14",
            "a skip connection every 16 steps carries the error further: at least ten times as much of step 128's "
            "comes back to step 1, at initialisation and after training",
            (
                ex.Compare("skip", "every 16 steps", "none", margin=1, measure="log10 kept at start"),
                ex.Compare("skip", "every 16 steps", "none", margin=1, measure="log10 kept at end"),
            ),
        ),
        ex.Claim(
            "C14",
            "the network with them learns better: by more than a tenth",
            (ex.Compare("skip", "every 16 steps", "none", margin=0.1),),
        ),
    ),
    minutes=3,
)
