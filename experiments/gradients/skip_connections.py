"""Do skip connections carry gradients further, through time and between layers? C14, S09.

    python launch.py --experiment=skip_connections

Elman RNNs on the adding problem over 128 steps: plain, with the state of k steps ago added every k-th step, and of
three layers with and without each layer's input added to its output. The error sent back from the last step, at
initialisation and after training. Equal width, so equal parameters in each pair. About 3 minutes on two CPU cores.
"""

import rnn_research.experiment as ex

DEEP = {"model.layers": 3}

EXPERIMENT = ex.Experiment(
    question="How much further does the error go back with skip connections?",
    base=ex.TrialConfig(
        task=ex.Choice("adding", length=128),
        model=ex.ModelConfig(cell=ex.Choice("elman", hidden=32)),
        optimizer=ex.OptimizerConfig(name="adam", clip_norm=1.0),
        probes=(ex.Choice("gradients", every=500, examples=64),),
        train=ex.TrainConfig(steps=1000, batch=32, eval_every=250),
    ),
    axes={
        "skip": (
            ex.Variant("none", {}),
            ex.Variant("every 4 steps", {"model.skip": 4}),
            ex.Variant("every 16 steps", {"model.skip": 16}),
            ex.Variant("3 layers", DEEP),
            ex.Variant("3 layers, residual", DEEP | {"model.residual": True}),
        ),
    },
    compare="skip",
    seeds=10,
    tune=ex.Tune(values=(3e-4, 1e-3, 3e-3), seeds=1, steps=1000),
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
            "the network with them learns better: its skill is higher by more than a tenth",
            (ex.Compare("skip", "every 16 steps", "none", margin=0.1),),
        ),
    ),
    minutes=3,
)
