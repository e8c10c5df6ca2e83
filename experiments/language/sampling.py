"""Ways of generating from one and the same character model: greedy, drawn at three temperatures, beam search (C30).

Texts of each way go on from the same pieces of validation text. About 3 minutes on two CPU cores.
"""

import rnn_research.experiment as ex

WAYS = ("greedy", "beam(4)", "sample(0.5)", "sample", "sample(1.5)")

EXPERIMENT = ex.Experiment(
    question="Does greedy generation repeat itself, and does drawing from the distribution not?",
    base=ex.TrialConfig(
        task=ex.Choice("language_model", corpus="python_docs", length=50),
        model=ex.ModelConfig(cell=ex.Choice("lstm", hidden=96, forget_bias=1.0)),
        optimizer=ex.OptimizerConfig(learning_rate=1e-2, schedule="linear"),
        probes=(ex.Choice("strategies", strategies=WAYS, texts=20, tokens=400),),
        train=ex.TrainConfig(steps=1200, batch=32, eval_every=200),
    ),
    axes={
        "model": (
            ex.Variant("LSTM", {}),
            ex.Variant(
                "6-gram", {"learner": ex.Choice("ngram", order=6), "probes.strategies.strategies": ("greedy", "sample")}
            ),
        )
    },
    compare="model",
    seeds=8,
    measures=tuple(
        ex.Measure(f"{what} ({way})", f"{column}@{way}", quantity="share")
        for what, column in (("repeated phrases", "repeated"), ("distinct texts", "distinct"), ("known words", "words"))
        for way in WAYS
    ),
    claims=(
        ex.Claim(
            "C30",
            "greedy generation repeats itself: more than half of its phrases of 20 characters stood in the same text "
            "before, and all texts from one beginning are the same",
            (
                ex.Level("repeated phrases (greedy)", "above", 0.5, where={"model": ("LSTM",)}),
                ex.Level("distinct texts (greedy)", "below", 0.1, where={"model": ("LSTM",)}),
            ),
        ),
        ex.Claim(
            "C30",
            "drawing from the distribution does not: fewer than a tenth of the phrases are repeated, and the texts "
            "from one beginning differ",
            (
                ex.Level("repeated phrases (sample)", "below", 0.1, where={"model": ("LSTM",)}),
                ex.Level("distinct texts (sample)", "above", 0.9, where={"model": ("LSTM",)}),
            ),
        ),
    ),
    minutes=3,
)
