"""A window, a convolution or a recurrence, as language models of equal parameters; and the lecture's count (C06, S03).

The lecture's networks read words by embeddings of width 100 and have 100 hidden units: with a window of 100 words the
first layer has a million parameters, the Elman RNN's has 20,100. They are built as they stand and trained for a moment,
beside smaller ones that share a budget of parameters. About 8 minutes on two CPU cores.
"""

from rnn_research.experiment import (
    Choice,
    Claim,
    Compare,
    Experiment,
    Level,
    Measure,
    ModelConfig,
    OptimizerConfig,
    TrainConfig,
    TrialConfig,
    Tune,
    Variant,
)

AS_IN_THE_LECTURE = {"model.match": "width", "model.embedding": 100, "train.steps": 200, "train.batch": 16}


def network(name: str, **options: int) -> dict[str, Choice]:
    return {"model.cell": Choice(name, **options)}


EXPERIMENT = Experiment(
    question="What does a fixed window cost, and what does it buy, against a hidden state?",
    base=TrialConfig(
        task=Choice("language_model", corpus="python_docs", tokens="words", vocabulary=2000, length=32),
        model=ModelConfig(match="parameters", embedding=32),
        optimizer=OptimizerConfig(schedule="linear"),
        train=TrainConfig(steps=400, batch=32, eval_every=100),
    ),
    axes={
        "network": (
            Variant("window of 8", network("window", hidden=32, size=8)),
            Variant("window of 32", network("window", hidden=32, size=32)),
            Variant("convolution over 32", network("convolution", hidden=32, depth=5)),
            Variant("Elman", network("elman", hidden=32)),
            Variant("LSTM", network("lstm", hidden=32, forget_bias=1)),
            Variant("lecture: window of 100", network("window", hidden=100, size=100) | AS_IN_THE_LECTURE),
            Variant("lecture: Elman", network("elman", hidden=100) | AS_IN_THE_LECTURE),
        )
    },
    compare="network",
    seeds=8,
    tune=Tune(values=(3e-3, 1e-2, 3e-2, 1e-1), seeds=2, steps=400),
    measures=(
        Measure("cell parameters", "cell_parameters", split="facts"),
        Measure("perplexity", "perplexity", split="test"),
        Measure("training time (s)", "seconds", split="train", at="total"),
    ),
    claims=(
        Claim(
            "C06",
            "a window of 100 words of width 100 over 100 units takes more than 1,000,000 parameters, the RNN 20,100",
            (
                Level("cell parameters", "above", 1e6, where={"network": ("lecture: window of 100",)}),
                Level("cell parameters", "below", 20_100.5, where={"network": ("lecture: Elman",)}),
            ),
        ),
        Claim(
            "C06",
            "nor does the window buy quality: the lecture's RNN needs no more bits than its window (by 0.02)",
            (Compare("network", "lecture: window of 100", "lecture: Elman", margin=-0.02, measure="score"),),
        ),
        Claim(
            "C06 at equal parameters",
            "of as many parameters, the LSTM needs fewer bits than a window of 32 words and than a convolution over 32",
            (
                Compare("network", "window of 32", "LSTM", margin=0.0, measure="score"),
                Compare("network", "convolution over 32", "LSTM", margin=0.0, measure="score"),
            ),
        ),
    ),
    minutes=8,
)
