"""Character language models: Elman RNN, LSTM and GRU by depth, all of equal parameters, on any corpus (C16, C19, C21).

The set-up of Karpathy, Johnson and Li (2015), in small: parameter budgets, one-hot inputs; Adam in RMSProp's place, and
a warm-up, without which some runs of the GRU and of the Elman RNN stay stuck (docs/language.md). What differs in units:
their figures are nats per character, ours bits (nats / ln 2); their budgets are named after the width of the LSTM of
one layer, and so is ours, 64, their smallest. Their loss is the sum over the steps and its components are clipped at
±5, ours the mean and its norm is clipped at 1; the two rules do not mind the factor, clipping does. They read 50 epochs
of 3 million characters, these 1,200 updates of 32 · 50, 4.6 epochs of 0.42 million. Another text:
``--config.task.corpus=tinyshakespeare --data_dir=...`` or ``--config.task.path=book.txt``. About 14 minutes on two CPU
cores.

So small a budget, 50,000 parameters and 1.9 million characters, says little of C16: at 50,000 parameters their own
table has no gap between RNN and LSTM, at 130,000 it has one. What is claimed of C16 and C19 here is claimed at this
budget, beside the point. The question itself takes 130,000 parameters, a novel and 38 million characters of updates,
some 2 hours (estimated) on two CPU cores, with pilots of 1,200 updates::

    python launch.py --experiment=char_lm --data_dir=DATA --workdir=runs/char_lm_130k
        --config.task.corpus=war_and_peace_en --config.task.length=100 --config.train.batch=64
        --config.train.steps=6000 --config.train.eval_every=400 --config.probes.texts.steps=6000
        --grid.model.layers=1
        --grid.model.cell="elman(hidden=128),lstm(hidden=128,forget_bias=1.0),gru(hidden=128,keep_bias=1.0)"

Margins: 0.05 and 0.02 bits a character; two layers gain 0.07 bits (0.05 nats) on one in their table.
"""

import rnn_research.experiment as ex

UPDATES = 1200

EXPERIMENT = ex.Experiment(
    question="Which cell, and how many layers of it, models text best at equal parameters?",
    base=ex.TrialConfig(
        task=ex.Choice("language_model", corpus="python_docs", length=50),
        model=ex.ModelConfig(match="parameters"),
        optimizer=ex.OptimizerConfig(schedule="linear", warmup=0.1),
        probes=(ex.Choice("texts", steps=(UPDATES,), texts=4, tokens=300),),
        train=ex.TrainConfig(steps=UPDATES, batch=32, eval_every=100),
    ),
    axes={
        "model.layers": (1, 2, 3),
        "model.cell": (
            ex.Choice("elman", hidden=64),
            ex.Choice("lstm", hidden=64, forget_bias=1.0),
            ex.Choice("gru", hidden=64, keep_bias=1.0, reset_after=True),
        ),
    },
    compare="cell",
    seeds=8,
    tune=ex.Tune(values=(3e-3, 1e-2, 3e-2), seeds=1, steps=UPDATES, limits=(1e-4, 0.4), final_seeds=3),
    measures=(
        ex.Measure("perplexity", "perplexity", split="test", quantity="amount"),
        ex.Measure("known words", "words", quantity="share"),
    ),
    figures=(ex.ByAxis("layers", "score", "layers", "bits per character of the test text"),),
    claims=(
        ex.Claim(
            "C16 for text, at this budget",
            "the LSTM models text better than the Elman RNN of as many parameters, by more than 0.05 bits a character",
            (ex.Compare("cell", "elman", "lstm", margin=0.05, measure="score"),),
            primary=False,
        ),
        ex.Claim(
            "C19 for text, at this budget",
            "the GRU is as good as the LSTM: not worse by more than 0.02 bits a character",
            (ex.Compare("cell", "lstm", "gru", margin=-0.02, measure="score"),),
            primary=False,
        ),
        ex.Claim(
            "Karpathy 2015",
            "two layers are better than one of as many parameters",
            (ex.Compare("layers", "1", "2", margin=0.0, measure="score"),),
        ),
    ),
    minutes=14,
)
