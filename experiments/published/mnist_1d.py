"""MNIST-1D (Greydanus and Kobak 2024): a GRU 91%, with its steps shuffled 57%, logistic regression 32%. Are they ours?

    python launch.py --experiment=mnist_1d

The published set-up: 4,000 series to train on and the published 1,000 to test on, a GRU of 6 units each way, the class
told from its outputs at all 40 steps, Adam at 1e-2 without clipping, 6,000 updates of 100 series; weights begin as
PyTorch's. Beside it the LSTM and the Elman RNN of the same width (4,906 to 5,194 parameters, the GRU 5,110), and
logistic regression: a linear unit that sees one step, under the same head. Not as published: batches are drawn anew in
each epoch, and there are eight seeds, not one.

Theirs is one run, and near the greatest accuracy on the test series while it was trained: the notebook that the
authors publish prints up to 90.3% and 56.8% there, 89.1% and 53.3% at the end. What is like it here is the best look on
1,000 other series, ``best look``; the test score is of the parameters whose validation loss is lowest, after which the
loss rises while the accuracy still does. How near is near: two standard errors of one share of 1,000 series and of ours
on another 1,000, with what runs differ by (0.01): 0.03 at 91%, 0.05 at 57%, 0.04 at 32%.
"""

import rnn_research.experiment as ex

SOURCE = "Greydanus and Kobak 2024"


def both_ways(name: str, **options) -> dict:
    """Six units each way, begun as in PyTorch."""
    cell = ex.Choice(name, hidden=6, input_init="uniform", recurrent_init="uniform", **options)
    return {"model.cell": cell, "model.bidirectional": True}


def near(value: float, margin: float, network: str, permuted: str = "*") -> tuple[ex.Level, ...]:
    where = {"network": (network,), "permuted": (permuted,)}
    return (
        ex.Level("best look", "above", value - margin, where),
        ex.Level("best look", "below", value + margin, where),
    )


EXPERIMENT = ex.Experiment(
    question="What do recurrent networks make of MNIST-1D, in order and shuffled, and is it as published?",
    base=ex.TrialConfig(
        task=ex.Choice("mnist_1d"),
        optimizer=ex.OptimizerConfig(name="adam", learning_rate=1e-2, clip_norm=0.0),
        train=ex.TrainConfig(steps=6000, batch=100, eval_every=250, valid_examples=1000, test_examples=1000),
    ),
    axes={
        "task.permuted": (False, True),
        "network": (
            ex.Variant("GRU", both_ways("gru", reset_after=True)),
            ex.Variant("LSTM", both_ways("lstm")),
            ex.Variant("Elman", both_ways("elman")),
            ex.Variant("logistic", {"model.cell": ex.Choice("window", hidden=1, size=1, activation="linear")}),
        ),
    },
    compare="network",
    seeds=8,
    measures=(
        ex.Measure("best look", "accuracy", split="valid", at="greatest", better="higher"),
        ex.Measure("at the end", "accuracy", split="valid", better="higher"),
    ),
    claims=(
        ex.Claim(SOURCE, "the GRU's accuracy is within 0.03 of the published 91%", near(0.91, 0.03, "GRU", "False")),
        ex.Claim(
            SOURCE,
            "the GRU's with its steps shuffled is within 0.05 of the published 57%",
            near(0.57, 0.05, "GRU", "True"),
        ),
        ex.Claim(
            SOURCE,
            "logistic regression, in order and shuffled, is within 0.04 of the published 32%",
            near(0.32, 0.04, "logistic"),
        ),
    ),
    published=(
        ex.Published(0.91, SOURCE, {"network": ("GRU",), "permuted": ("False",)}),
        ex.Published(0.57, SOURCE, {"network": ("GRU",), "permuted": ("True",)}),
        ex.Published(0.32, SOURCE, {"network": ("logistic",)}),
    ),
    minutes=10,
)
