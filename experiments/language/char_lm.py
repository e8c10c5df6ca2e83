"""Character language models: Elman RNN, LSTM and GRU by depth, all of equal parameters, on any corpus (C16, C19, C21).

The set-up of Karpathy, Johnson and Li (2015), in small: parameter budgets, one-hot inputs; Adam in RMSProp's place, and
a warm-up, without which some runs of the GRU and of the Elman RNN stay stuck (docs/language.md). What differs in units:
their figures are nats per character, ours bits (nats / ln 2); their budgets are named after the width of the LSTM of
one layer, and so is ours, 64, their smallest. Their loss is the sum over the steps and its components are clipped at
±5, ours the mean and its norm is clipped at 1; the two rules do not mind the factor, clipping does. They read 50 epochs
of 3 million characters, these 1,200 updates of 32 · 50, 4.6 epochs of 0.42 million. Another text:
``--config.task.corpus=tinyshakespeare --data_dir=...`` or ``--config.task.path=book.txt``. About 11 minutes on two CPU
cores.
"""

import rnn_research.experiment as ex

EXPERIMENT = ex.Experiment(
    question="Which cell, and how many layers of it, models text best at equal parameters?",
    base=ex.TrialConfig(
        task=ex.Choice("language_model", corpus="python_docs", length=50),
        model=ex.ModelConfig(match="parameters"),
        optimizer=ex.OptimizerConfig(schedule="linear", warmup=0.1),
        probes=(ex.Choice("texts", steps=(1200,), texts=4, tokens=300),),
        train=ex.TrainConfig(steps=1200, batch=32, eval_every=100),
    ),
    axes={
        "model.layers": (1, 2, 3),
        "model.cell": (
            ex.Choice("elman", hidden=64),
            ex.Choice("lstm", hidden=64, forget_bias=1.0),
            ex.Choice("gru", hidden=64),
        ),
    },
    compare="cell",
    seeds=8,
    tune=ex.Tune(values=(5e-3, 1e-2, 2e-2, 4e-2), seeds=2, steps=400),
    measures=(
        ex.Measure("training time (s)", "seconds", split="train", at="total"),
        ex.Measure("perplexity", "perplexity", split="test"),
        ex.Measure("known words", "words"),
    ),
    figures=(ex.ByAxis("layers", "score", "layers", "bits per character of the test text"),),
    claims=(
        ex.Claim(
            "C16 for text",
            "the LSTM models text better than the Elman RNN of as many parameters, by more than 0.05 bits a character",
            (ex.Compare("cell", "elman", "lstm", margin=0.05, measure="score"),),
        ),
        ex.Claim(
            "C19 for text",
            "the GRU is as good as the LSTM: not worse by more than 0.02 bits a character",
            (ex.Compare("cell", "lstm", "gru", margin=-0.02, measure="score"),),
        ),
        ex.Claim(
            "Karpathy 2015",
            "two layers are better than one of as many parameters",
            (ex.Compare("layers", "1", "2", margin=0.0, measure="score"),),
        ),
    ),
    minutes=11,
)
