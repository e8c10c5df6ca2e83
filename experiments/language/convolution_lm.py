"""A causal convolution as a language model: it can generate, but how far does it see, and how well does it train (C05)?

Recall of the first of 16 to 64 symbols by dilated convolutions that see 16, 32 and 64 steps, an Elman RNN, an LSTM
and a GRU; and the next character of a text, beside a 3-gram. All networks have equal parameters. To recall over 64
steps, a gated cell has to begin with a memory of about that length: with biases of 1, σ(1)^64 is 2e-9, and LSTM and GRU
both stay at chance for 2,000 updates (docs/language.md). So both begin with a bias of 3 there, a memory of some 20
steps, and with 1, as everywhere else, on text.

What comes from the first of L inputs to the last output has gone through the dilated tap of every layer whose bit is
set in L − 1, and of the others through the direct tap or past it: 16, 32 and 64, at the edge of what is seen, are the
hardest.

Margins: half of the runs (most runs of one and not of the other); a tenth of them, below which nobody would choose
another network; 0.02 bits a character, what other experiments on text take two cells to be alike by. About 16 minutes
on two CPU cores.
"""

from typing import Any

import rnn_research.experiment as ex

UPDATES = 2000
TEXT = {
    "task": ex.Choice("language_model", corpus="python_docs", length=50),
    "probes": (ex.Choice("texts", steps=(UPDATES,), texts=10, tokens=300),),
}
COUNTED = {"learner": ex.Choice("ngram", order=3), "probes.texts.steps": (0,)}


def networks(hidden: int, bias: float) -> tuple[ex.Variant, ...]:
    """The networks, each as large as an LSTM of that width; ``bias`` opens the gates that keep a memory."""
    convolutions = {
        f"convolution over {2**depth}": ex.Choice("convolution", hidden=hidden, depth=depth) for depth in (4, 5, 6)
    }
    recurrent = {
        "Elman": ex.Choice("elman", hidden=hidden),
        "LSTM": ex.Choice("lstm", hidden=hidden, forget_bias=bias),
        "GRU": ex.Choice("gru", hidden=hidden, keep_bias=bias, reset_after=True),
    }
    return tuple(ex.Variant(name, {"model.cell": cell}) for name, cell in (convolutions | recurrent).items())


def recall(length: int) -> tuple[dict[str, Any], ...]:
    """Every network on recall over a distance."""
    what = ex.Variant("recall", {"task": ex.Choice("recall_first")})
    distance = ex.Variant(length, {"task.length": length})
    return tuple({"what": what, "distance": distance, "network": network} for network in networks(24, bias=3.0))


ON_TEXT = tuple(
    {"what": ex.Variant("text", TEXT), "distance": ex.Variant("–", {}), "network": network}
    for network in (ex.Variant("3-gram", COUNTED), *networks(48, bias=1.0))
)

EXPERIMENT = ex.Experiment(
    question="Does information blur with distance in a convolutional language model, and is its training inefficient?",
    base=ex.TrialConfig(
        model=ex.ModelConfig(match="parameters"),
        optimizer=ex.OptimizerConfig(schedule="linear"),
        train=ex.TrainConfig(steps=UPDATES, batch=32, eval_every=250),
    ),
    axes={},
    points=(*recall(16), *recall(24), *recall(32), *recall(48), *recall(64), *ON_TEXT),
    compare="network",
    seeds=8,
    tune=ex.Tune(values=(1e-3, 3e-3, 1e-2), seeds=1, steps=UPDATES, limits=(1e-4, 0.2), final_seeds=3),
    measures=(ex.Measure("known words", "words", quantity="share"),),
    figures=(
        ex.ByAxis("distance", "score", "distance (steps)", "accuracy of recall", where={"what": ("recall",)}),
        ex.Curves("bits_per_char", "valid", "validation bits per character", where={"what": ("text",)}),
    ),
    claims=(
        ex.Claim(
            "C05",
            "a CNN can generate: seeing 32 characters, it needs fewer bits than a 3-gram",
            (
                ex.Compare(
                    "network", "3-gram", "convolution over 32", margin=0.0, measure="score", where={"what": ("text",)}
                ),
            ),
        ),
        ex.Claim(
            "C05",
            "information blurs with length: over twice the distance that it sees, the LSTM recalls and it does not, in "
            "more than half of the runs",
            (
                ex.Compare("network", "LSTM", "convolution over 16", margin=0.5, where={"distance": ("32",)}),
                ex.Compare("network", "LSTM", "convolution over 32", margin=0.5, where={"distance": ("64",)}),
            ),
        ),
        ex.Claim(
            "C05",
            "already within what it sees: over 48 steps, and over 64, the convolution over 64 recalls less than the "
            "LSTM, by a tenth",
            tuple(
                ex.Compare("network", "LSTM", "convolution over 64", margin=0.1, where={"distance": (distance,)})
                for distance in ("48", "64")
            ),
        ),
        ex.Claim(
            "C05",
            "its training is inefficient: after as many updates, whatever it sees, it needs more bits a character than "
            "the LSTM, by 0.02",
            tuple(
                ex.Compare("network", name, "LSTM", margin=0.02, measure="score", where={"what": ("text",)})
                for name in ("convolution over 16", "convolution over 32", "convolution over 64")
            ),
        ),
    ),
    minutes=16,
)
