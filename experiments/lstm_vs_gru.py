"""Do gated cells learn longer dependencies than the Elman RNN?"""

from rnn_research.experiment import (
    Choice,
    Experiment,
    ModelConfig,
    OptimizerConfig,
    TrainConfig,
    TrialConfig,
    Tune,
)

EXPERIMENT = Experiment(
    question="How do the Elman RNN, the LSTM and the GRU compare on long dependencies, at equal parameters?",
    base=TrialConfig(
        task=Choice("adding"),
        model=ModelConfig(cell=Choice("elman", hidden=24), match="parameters"),
        optimizer=OptimizerConfig(name="adam", clip_norm=1.0),
        train=TrainConfig(steps=600, batch=32, eval_every=100),
    ),
    axes={
        "task": (
            Choice("adding", length=50),
            Choice("adding", length=100),
            Choice("copy_memory", delay=10),
            Choice("copy_memory", delay=30),
            Choice("temporal_order", length=50),
            Choice("temporal_order", length=100),
            Choice("sequential_digits"),
        ),
        "model.cell.name": ("elman", "lstm", "gru"),
    },
    compare="cell",
    seeds=5,
    tune=Tune(values=(1e-3, 3e-3, 1e-2), seeds=1, steps=300),
    claims=(),
    minutes=4,
)
