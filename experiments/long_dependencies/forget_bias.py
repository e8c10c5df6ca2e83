"""How does the forget gate's first bias decide what an LSTM can learn? Jozefowicz et al. 2015, Tallec et al. 2018.

    python launch.py --experiment=forget_bias

Bias 0, bias 1, and chrono initialisation (as many time scales as the sequence has), on adding and on copying, with the
decay of the error beside the learning curve. About 4 minutes on two CPU cores.

In the papers' units: chrono's T_max is the length, 120, for both tasks (copying over a delay of 100 has 120 steps);
Tallec and Ollivier take the length for adding and 3/2 of the delay, 150, for copying. They train 128 units by RMSProp
at 1e-3 without clipping, on these losses: the squared error, whose baseline is 1/6, and nats per step over all of a
sequence. A bias here is one number a gate, as in Jozefowicz et al.; where a library has two, it is their sum.
"""

import rnn_research.experiment as ex

EXPERIMENT = ex.Experiment(
    question="What does the forget gate's first bias do to the LSTM's gradients, and to what it learns?",
    base=ex.TrialConfig(
        model=ex.ModelConfig(cell=ex.Choice("lstm", hidden=32)),
        optimizer=ex.OptimizerConfig(name="adam", clip_norm=1.0),
        probes=(ex.Choice("gradients", every=500, examples=64),),
        train=ex.TrainConfig(steps=1500, batch=32, eval_every=250),
    ),
    axes={
        "task": (ex.Choice("adding", length=120), ex.Choice("copy_memory", delay=100)),
        "forget gate": (
            ex.Variant("bias 0", {"model.cell.forget_bias": 0.0}),
            ex.Variant("bias 1", {"model.cell.forget_bias": 1.0}),
            ex.Variant("chrono", {"model.cell.chrono": 120}),
        ),
    },
    compare="forget gate",
    seeds=8,
    tune=ex.Tune(values=(1e-3, 3e-3, 1e-2), seeds=1, steps=1000, limits=(1e-4, 0.2)),
    measures=ex.DECAY,
    claims=(
        ex.Claim(
            "Jozefowicz 2015",
            "a bias of 1 keeps more of the error at the start than one of 0, and gives a higher skill on adding",
            (
                ex.Compare("forget gate", "bias 1", "bias 0", margin=1, measure="log10 kept at start"),
                ex.Compare("forget gate", "bias 1", "bias 0", margin=0, where={"task": ("adding*",)}),
            ),
        ),
        ex.Claim(
            "Tallec 2018",
            "chrono initialisation keeps more than a hundred times as much as bias 1, and gives a higher skill on both "
            "tasks together",
            (
                ex.Compare("forget gate", "chrono", "bias 1", margin=2, measure="log10 kept at start"),
                ex.Compare("forget gate", "chrono", "bias 1", margin=0),
            ),
        ),
    ),
    minutes=4,
)
