"""Does the LSTM keep the error of step 128 back to step 1, where the Elman RNN loses it? C15, S29.

    python launch.py --experiment=gradient_decay

The lectures' picture (deck L2), measured: ``‖∂L_128/∂s_k‖`` for every step k before, at initialisation, during training
and after it. On the adding problem over 128 steps, whose first number stands in the first half; no Elman RNN learns it
in 1,500 updates, so what it loses there is lost by a network that has learned nothing. So also on temporal order over
50 steps, which all three cells learn: networks that have solved a task, looked at over 128 steps of it.

A run keeps the error if more than a tenth of it arrives, as some do and some do not: what is claimed of a cell is
claimed of most of its runs, more than half. Equal parameters, the same seeds and batches, the same rule for the rates,
pilots as long as the runs. About 9 minutes on two CPU cores.
"""

import rnn_research.experiment as ex

ADDING = {"task": ("adding*",)}
SOLVED = {"task": ("temporal_order*",)}


def kept_and_lost(where: dict[str, tuple[str, ...]]) -> tuple[ex.Level, ...]:
    return (
        ex.Level("keeps a tenth", "above", 0.5, where=where | {"cell": ("lstm",)}),
        ex.Level("keeps a tenth", "below", 0.5, where=where | {"cell": ("elman",)}),
    )


EXPERIMENT = ex.Experiment(
    question="How much of the error of step 128 comes back to step 1, in the Elman RNN, the LSTM and the GRU?",
    base=ex.TrialConfig(
        model=ex.ModelConfig(match="parameters"),
        optimizer=ex.OptimizerConfig(name="adam", clip_norm=1.0),
        probes=(ex.Choice("gradients", every=500, examples=64, length=128),),
        train=ex.TrainConfig(steps=1500, batch=32, eval_every=250),
    ),
    axes={
        "task": (ex.Choice("adding", length=128), ex.Choice("temporal_order", length=50)),
        "model.cell": (
            ex.Choice("elman", hidden=32),
            ex.Choice("lstm", hidden=32, forget_bias=1.0),
            ex.Choice("gru", hidden=32, keep_bias=1.0, reset_after=True),
        ),
    },
    compare="cell",
    seeds=20,
    tune=ex.Tune(values=(3e-3, 1e-2, 3e-2), seeds=1, steps=1500, limits=(1e-4, 0.4)),
    measures=(
        *ex.DECAY,
        ex.Measure("keeps a tenth", "log10_kept", above=-1),
    ),
    claims=(
        ex.Claim(
            "C15",
            "after training on adding, most LSTMs keep more than a tenth of the error from step 128 back to step 1, "
            "and most Elman RNNs do not",
            kept_and_lost(ADDING),
        ),
        ex.Claim(
            "C15, of networks that have solved their task",
            "after training on temporal order, most LSTMs keep more than a tenth of it, and most Elman RNNs do not",
            kept_and_lost(SOLVED),
        ),
        ex.Claim(
            "C15 at initialisation",
            "before training already, the LSTM keeps at least ten times as much of the error as the Elman RNN",
            (ex.Compare("cell", "lstm", "elman", margin=1, measure="log10 kept at start"),),
        ),
    ),
    minutes=9,
)
