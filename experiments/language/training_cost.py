"""What training an Elman RNN, a GRU, an LSTM costs: time and memory of an update, time to equal quality (C41).

At equal width, as the lecture draws them, and at equal parameters: is it the parameters, or the cell? An update is
timed alone (probe ``cost``); the time to equal quality is that of the dispatches up to the first look at which the
validation text takes at most 2.2 bits a character, a little more than the worst arm ends with. Times are of this
machine and this code: more in docs/performance.md. About 8 minutes on two CPU cores, on which nothing else should
run.

Margins: half as long again is what people notice; at equal parameters a fifth is the practical nothing.
"""

import rnn_research.experiment as ex

WIDTH, PARAMETERS = {"match": ("width",)}, {"match": ("parameters",)}
LONGER, ALIKE = 1.5, 1.2


def longer(measure: str) -> ex.Compare:
    """At equal width the LSTM takes more than half as much again as the Elman RNN."""
    return ex.Compare("cell", "lstm", "elman", LONGER, WIDTH, measure, ratio=True)


def no_longer(measure: str) -> ex.Compare:
    """At equal parameters it takes less than a fifth more."""
    return ex.Compare("cell", "elman", "lstm", 1 / ALIKE, PARAMETERS, measure, ratio=True)


EXPERIMENT = ex.Experiment(
    question="Does the LSTM train slowly and take resources, and is it for its parameters?",
    base=ex.TrialConfig(
        task=ex.Choice("language_model", corpus="python_docs", length=50),
        optimizer=ex.OptimizerConfig(schedule="linear", warmup=0.1),
        probes=(ex.Choice("cost"),),
        train=ex.TrainConfig(steps=1500, batch=32, eval_every=50),
    ),
    axes={
        "model.match": ("width", "parameters"),
        "model.cell": (
            ex.Choice("elman", hidden=96),
            ex.Choice("gru", hidden=96, keep_bias=1.0, reset_after=True),
            ex.Choice("lstm", hidden=96, forget_bias=1.0),
        ),
    },
    compare="cell",
    seeds=8,
    tune=ex.Tune(values=(3e-3, 1e-2, 3e-2), seeds=1, steps=1500, limits=(1e-4, 0.4)),
    measures=(
        ex.Measure("update (ms)", "update_ms", better="lower", quantity="amount"),
        ex.Measure("memory of an update (MB)", "update_mb", better="lower", quantity="amount"),
        ex.Measure(
            "seconds to 2.2 bits", "seconds", split="train", at="total", until=2.2, better="lower", quantity="amount"
        ),
        ex.Measure("updates to 2.2 bits", "step", split="train", at="greatest", until=2.2, better="lower"),
    ),
    claims=(
        ex.Claim(
            "C41",
            "the LSTM trains slowly and takes resources: at equal width an update takes more than half as long again "
            "as the Elman RNN's, and more than half as much memory again",
            (longer("update (ms)"), longer("memory of an update (MB)")),
        ),
        ex.Claim(
            "C41, to equal quality",
            "and so does training until the validation text takes 2.2 bits a character",
            (longer("seconds to 2.2 bits"),),
        ),
        ex.Claim(
            "C41, for its many parameters",
            "it is the parameters: at equal parameters an update takes less than a fifth longer than the Elman RNN's, "
            "and less than a fifth more memory",
            (no_longer("update (ms)"), no_longer("memory of an update (MB)")),
        ),
    ),
    minutes=8,
)
