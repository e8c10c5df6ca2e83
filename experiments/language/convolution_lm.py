"""A causal convolution as a language model: it can generate, but how far does it see, and how well does it train (C05)?

Recall of the first symbol by distance, and the next character of a text, for a dilated convolution that sees 32 steps,
an Elman RNN, an LSTM and a GRU of equal parameters. About 6 minutes on two CPU cores.
"""

import rnn_research.experiment as ex

TEXT = ex.Variant(
    "text",
    {
        "task": ex.Choice("language_model", corpus="python_docs", length=50),
        "probes": (ex.Choice("texts", steps=(600,), texts=4, tokens=300),),
        "model.cell.hidden": 48,
    },
)


def recall(length: int) -> ex.Variant:
    return ex.Variant(
        f"recall over {length}", {"task": ex.Choice("recall_first", length=length), "model.cell.hidden": 24}
    )


EXPERIMENT = ex.Experiment(
    question="Does information blur with distance in a convolutional language model, and is its training inefficient?",
    base=ex.TrialConfig(
        model=ex.ModelConfig(cell=ex.Choice("lstm", hidden=24), match="parameters"),
        optimizer=ex.OptimizerConfig(schedule="linear"),
        train=ex.TrainConfig(steps=600, batch=32, eval_every=100),
    ),
    axes={
        "what": (recall(10), recall(30), recall(60), TEXT),
        "model.cell.name": ("convolution", "elman", "lstm", "gru"),
    },
    compare="cell",
    seeds=8,
    tune=ex.Tune(values=(3e-3, 1e-2, 3e-2), seeds=1, steps=200),
    measures=(
        ex.Measure("training time (s)", "seconds", split="train", at="total"),
        ex.Measure("known words", "words"),
    ),
    claims=(
        ex.Claim(
            "C05",
            "a CNN can generate: on text it is more than a third of the way from the letters' frequencies to certainty",
            (ex.Level("skill", "above", 0.33, where={"what": ("text",), "cell": ("convolution",)}),),
        ),
        ex.Claim(
            "C05",
            "information blurs with length: over 60 steps, beyond what it sees, the LSTM is better by 0.5",
            (ex.Compare("cell", "lstm", "convolution", margin=0.5, where={"what": ("recall over 60",)}),),
        ),
        ex.Claim(
            "C05",
            "already within what it sees, over 30 steps, it recalls less than the LSTM, by a tenth",
            (ex.Compare("cell", "lstm", "convolution", margin=0.1, where={"what": ("recall over 30",)}),),
        ),
        ex.Claim(
            "C05",
            "its training is inefficient: after as many updates it needs more bits per character than the LSTM",
            (ex.Compare("cell", "convolution", "lstm", margin=0.0, measure="score", where={"what": ("text",)}),),
        ),
    ),
    minutes=6,
)
