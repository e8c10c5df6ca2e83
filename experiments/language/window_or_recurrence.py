"""A window, a convolution or a recurrence, as language models of equal parameters; and the lecture's count (C06, S03).

The lecture's networks read words by embeddings of width 100 and have 100 hidden units: with a window of 100 words the
first layer has a million parameters, the Elman RNN's has 20,100. They are built as they stand, beside smaller ones that
share a budget of parameters, and all are trained for 1,200 updates: nine epochs of the text's 129,000 words at 32 rows,
about twice what word models take to their best here, and four and a half at the 16 rows of the lecture's. Pilots are as
long. About 25 minutes on two CPU cores, two thirds of it the lecture's window.

Margin: 0.02 bits a character, by which other experiments on text take two models to be alike.
"""

import rnn_research.experiment as ex

UPDATES = 1200
AS_IN_THE_LECTURE = {"model.match": "width", "model.embedding": 100, "train.batch": 16}


def network(name: str, **options: float | bool) -> dict[str, ex.Choice]:
    return {"model.cell": ex.Choice(name, **options)}


EXPERIMENT = ex.Experiment(
    question="What does a fixed window cost, and what does it buy, against a hidden state?",
    base=ex.TrialConfig(
        task=ex.Choice("language_model", corpus="python_docs", tokens="words", vocabulary=2000, length=32),
        model=ex.ModelConfig(match="parameters", embedding=32),
        optimizer=ex.OptimizerConfig(schedule="linear"),
        train=ex.TrainConfig(steps=UPDATES, batch=32, eval_every=100),
    ),
    axes={
        "network": (
            ex.Variant("window of 8", network("window", hidden=32, size=8)),
            ex.Variant("window of 32", network("window", hidden=32, size=32)),
            ex.Variant("convolution over 32", network("convolution", hidden=32, depth=5)),
            ex.Variant("Elman", network("elman", hidden=32)),
            ex.Variant("LSTM", network("lstm", hidden=32, forget_bias=1.0)),
            ex.Variant("GRU", network("gru", hidden=32, keep_bias=1.0, reset_after=True)),
            ex.Variant("lecture: window of 100", network("window", hidden=100, size=100) | AS_IN_THE_LECTURE),
            ex.Variant("lecture: Elman", network("elman", hidden=100) | AS_IN_THE_LECTURE),
        )
    },
    compare="network",
    seeds=8,
    tune=ex.Tune(values=(3e-3, 1e-2, 3e-2), seeds=1, steps=UPDATES, limits=(1e-4, 0.4), final_seeds=2),
    measures=(
        ex.Measure("cell parameters", "cell_parameters", split="facts"),
        ex.Measure("perplexity", "perplexity", split="test", quantity="amount"),
    ),
    claims=(
        ex.Claim(
            "C06",
            "a window of 100 words of width 100 over 100 units takes more than 1,000,000 parameters, the RNN 20,100",
            (
                ex.Level("cell parameters", "above", 1e6, where={"network": ("lecture: window of 100",)}),
                ex.Level("cell parameters", "below", 20_100.5, where={"network": ("lecture: Elman",)}),
            ),
        ),
        ex.Claim(
            "C06",
            "nor does the window buy quality: the lecture's RNN needs no more bits than its window (by 0.02)",
            (ex.Compare("network", "lecture: window of 100", "lecture: Elman", margin=-0.02, measure="score"),),
        ),
        ex.Claim(
            "C06 at equal parameters",
            "of as many parameters, the LSTM needs fewer bits, by 0.02, than a window of 32 words and than a "
            "convolution over 32",
            (
                ex.Compare("network", "window of 32", "LSTM", margin=0.02, measure="score"),
                ex.Compare("network", "convolution over 32", "LSTM", margin=0.02, measure="score"),
            ),
        ),
    ),
    minutes=25,
)
