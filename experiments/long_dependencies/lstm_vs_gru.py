"""Do gated cells learn longer dependencies than the Elman RNN, and is the GRU as good as the LSTM? C16, C17, C19.

    python launch.py --experiment=lstm_vs_gru                                  at equal parameters
    python launch.py --experiment=lstm_vs_gru --config.model.match=width \\
        --workdir=runs/lstm_vs_gru_equal_width                                 at equal width
    python launch.py --experiment=lstm_vs_gru --full

About 5 minutes on two CPU cores. Every arm is treated alike: the same steps, batches and seeds, the same first three
candidate learning rates and the same rule to add more where the best is at an end, the recurrent kernels orthogonal,
and where a cell has a gate that keeps its memory, that gate's bias starts at 1 (at 0, the LSTM did not recall the first
of 20 symbols in 1,000 updates, n = 4 seeds at each of three rates, and the GRU only on some seeds).
The GRU is the lectures' form (S11), with the reset gate before the product.

``--full``: every run has pilots of its own and the rate that these choose, so that the intervals hold what tuning adds
to the spread; about 9 minutes (by the forecast).
"""

import dataclasses

import rnn_research.experiment as ex

LONG_DEPENDENCIES = ("adding*", "copy_memory*", "temporal_order*")
TUNE = ex.Tune(values=(3e-3, 9e-3, 2.7e-2), seeds=1, steps=1000, limits=(1e-4, 0.3))

EXPERIMENT = ex.Experiment(
    question="How do the Elman RNN, the LSTM and the GRU compare on long dependencies, at equal parameters?",
    base=ex.TrialConfig(
        model=ex.ModelConfig(match="parameters"),
        optimizer=ex.OptimizerConfig(name="adam", clip_norm=1.0),
        train=ex.TrainConfig(steps=1000, batch=32, eval_every=100),
    ),
    axes={
        "task": (
            ex.Choice("adding", length=50),
            ex.Choice("adding", length=100),
            ex.Choice("copy_memory", delay=5),
            ex.Choice("copy_memory", delay=20),
            ex.Choice("temporal_order", length=50),
            ex.Choice("temporal_order", length=100),
            ex.Choice("sequential_digits"),
        ),
        "model.cell": (
            ex.Choice("elman", hidden=24),
            ex.Choice("lstm", hidden=24, forget_bias=1.0),
            ex.Choice("gru", hidden=24, keep_bias=1.0, reset_after=False),
        ),
    },
    compare="cell",
    seeds=8,
    tune=TUNE,
    claims=(
        ex.Claim(
            "C16",
            "the LSTM captures distant dependencies much better than the Elman RNN: by more than a tenth of the way "
            "from the trivial baseline to a perfect answer, on average over these long-dependency settings",
            (ex.Compare("cell", "lstm", "elman", margin=0.1, where={"task": LONG_DEPENDENCIES}),),
        ),
        ex.Claim(
            "C17",
            "the LSTM's cell has 4 times the parameters of an Elman cell of its width, the GRU's 3 times",
            (ex.ParameterRatio("cell", "lstm", 4.0), ex.ParameterRatio("cell", "gru", 3.0)),
        ),
        ex.Claim(
            "C19",
            "the GRU is as good as the LSTM: not worse by more than a twentieth of the way from the trivial baseline "
            "to a perfect answer, on average over all of these settings",
            (ex.Compare("cell", "gru", "lstm", margin=-0.05),),
        ),
    ),
    minutes=5,
)

FULL = dataclasses.replace(EXPERIMENT, tune=dataclasses.replace(TUNE, each_seed=True), minutes=9)
