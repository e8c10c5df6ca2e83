"""GRU and LSTM of equal parameters by the size of the training text (C18).

    python launch.py --experiment=data_size
    python launch.py --experiment=data_size --full --data_dir=DATA

The text grows from 20,000 characters to all of it; test text and updates are the same, and the parameters of the lowest
validation loss are scored, so that a small text is not held against a cell that learns it by heart. About 20 minutes on
two CPU cores. ``--full``: a novel of 2.5 million characters, twice the width, without dropout and with, which little
text may want; 3.5 hours (by the forecast).

"From little" and "from much" are compared each by themselves, and so that the answer is about the size of the text and
not about the cells: the GRU is to gain on the LSTM, from the largest text to the smallest. Margins: none, as the
lecture names no size; the verdict says what was measured.
"""

import dataclasses

import rnn_research.experiment as ex

EXPERIMENT = ex.Experiment(
    question="Does the GRU learn better from little text, and the LSTM from much?",
    base=ex.TrialConfig(
        task=ex.Choice("language_model", corpus="python_docs", length=50),
        model=ex.ModelConfig(match="parameters"),
        optimizer=ex.OptimizerConfig(schedule="linear"),
        train=ex.TrainConfig(steps=1500, batch=32, eval_every=100),
    ),
    axes={
        "task.limit": (20_000, 50_000, 100_000, 200_000, 400_000),
        "model.cell": (
            ex.Choice("lstm", hidden=64, forget_bias=1.0),
            ex.Choice("gru", hidden=64, keep_bias=1.0, reset_after=True),
        ),
    },
    compare="cell",
    seeds=16,
    tune=ex.Tune(values=(3e-3, 1e-2, 3e-2), seeds=1, steps=1500, limits=(1e-4, 0.6), final_seeds=3),
    measures=(
        ex.Measure("training bits per character", "bits_per_char", split="train"),
        ex.Measure("perplexity", "perplexity", split="test", quantity="amount"),
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
        ex.Claim(
            "C18 as an interaction",
            "the LSTM gains on the GRU as the text grows: with each doubling of it, in bits a character",
            (ex.Compare("cell", "gru", "lstm", margin=0.0, measure="score", along="limit"),),
        ),
    ),
    minutes=20,
)

FULL = dataclasses.replace(
    EXPERIMENT,
    base=dataclasses.replace(
        EXPERIMENT.base,
        task=ex.Choice("language_model", corpus="war_and_peace_en", length=50),
        train=ex.TrainConfig(steps=3000, batch=32, eval_every=150),
    ),
    axes={
        "task.limit": (20_000, 50_000, 150_000, 400_000, 1_000_000, 2_500_000),
        "model.dropout": (0.0, 0.25),
        "model.cell": (
            ex.Choice("lstm", hidden=128, forget_bias=1.0),
            ex.Choice("gru", hidden=128, keep_bias=1.0, reset_after=True),
        ),
    },
    minutes=214,
)
