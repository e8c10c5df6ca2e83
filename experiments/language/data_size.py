"""GRU and LSTM of equal parameters by the size of the training text (C18).

The text grows from 20,000 characters to all of it; test text and updates are the same, and the parameters of the lowest
validation loss are scored, so that a small text is not held against a cell that learns it by heart. About 8 minutes on
two CPU cores.
"""

import rnn_research.experiment as ex

EXPERIMENT = ex.Experiment(
    question="Does the GRU learn better from little text, and the LSTM from much?",
    base=ex.TrialConfig(
        task=ex.Choice("language_model", corpus="python_docs", length=50),
        model=ex.ModelConfig(match="parameters"),
        optimizer=ex.OptimizerConfig(schedule="linear"),
        train=ex.TrainConfig(steps=600, batch=32, eval_every=50),
    ),
    axes={
        "task.limit": (20_000, 50_000, 100_000, 200_000, 400_000),
        "model.cell": (
            ex.Choice("lstm", hidden=64, forget_bias=1.0),
            ex.Choice("gru", hidden=64, keep_bias=1.0, reset_after=True),
        ),
    },
    compare="cell",
    seeds=8,
    tune=ex.Tune(values=(1e-2, 2e-2, 4e-2, 8e-2), seeds=1, steps=300, limits=(1e-3, 0.6)),
    measures=(
        ex.Measure("training bits per character", "bits_per_char", split="train"),
        ex.Measure("perplexity", "perplexity", split="test"),
    ),
    figures=(ex.ByAxis("limit", "score", "training text (characters)", "bits per character of the test text"),),
    claims=(
        ex.Claim(
            "C18",
            "the GRU learns better from little data: from 20,000 and 50,000 characters it needs fewer bits",
            (ex.Compare("cell", "lstm", "gru", margin=0.0, measure="score", where={"limit": ("20000", "50000")}),),
        ),
        ex.Claim(
            "C18",
            "the LSTM learns better from much: from 400,000 characters it needs fewer bits",
            (ex.Compare("cell", "gru", "lstm", margin=0.0, measure="score", where={"limit": ("400000",)}),),
        ),
    ),
    minutes=8,
)
