"""Word inputs of a language model: one-hot, embeddings learned from scratch, embeddings learned beforehand (C26, S16).

The vectors learned beforehand are the singular vectors of the words' mutual information, counted over the text that the
language model itself reads, the first 50,000 characters or 400,000, or over the whole training text (418,000): eight
times as much as the smaller of both. What vectors of more text are worth is one question, whether they beat those that
the model learns from the same text another. With ``glove`` for ``ppmi``, and ``--data_dir``, they are those of
Pennington et al. (2014). About 14 minutes of two workers on two cores.

Margin: 0.02 bits a character, by which other experiments on text take two models to be alike.
"""

import rnn_research.experiment as ex

UPDATES = (
    1000  # 50 epochs of the smaller text, 6 of the larger; the parameters of the lowest validation loss are scored
)


def less_than(arm: str, limit: int) -> ex.Compare:
    """That an arm saves no more than the margin against random vectors."""
    where = {"limit": (str(limit),)}
    return ex.Compare("inputs", arm, "random", margin=-0.02, measure="score", where=where)


EXPERIMENT = ex.Experiment(
    question="Do word vectors learned beforehand help a language model, or does it learn its own as well?",
    base=ex.TrialConfig(
        task=ex.Choice("language_model", corpus="python_docs", tokens="words", vocabulary=1500, length=25),
        model=ex.ModelConfig(cell=ex.Choice("lstm", hidden=64, forget_bias=1.0), embedding=50),
        optimizer=ex.OptimizerConfig(schedule="linear"),
        train=ex.TrainConfig(steps=UPDATES, batch=32, eval_every=25),
    ),
    axes={
        "task.limit": (50_000, 400_000),
        "inputs": (
            ex.Variant("one-hot", {"model.embedding": 0}),
            ex.Variant("random", {"model.embedding_init": "normal(1)"}),
            ex.Variant("of the same text", {"model.embedding_init": "ppmi"}),
            ex.Variant("of the whole text", {"model.embedding_init": "ppmi_whole"}),
        ),
    },
    compare="inputs",
    seeds=8,
    tune=ex.Tune(values=(3e-3, 1e-2, 3e-2), seeds=1, steps=UPDATES, limits=(1e-4, 0.4), final_seeds=2),
    measures=(ex.Measure("perplexity", "perplexity", split="test", quantity="amount"),),
    figures=(ex.ByAxis("limit", "score", "training text (characters)", "bits per character of the test text"),),
    claims=(
        ex.Claim(
            "C26",
            "both work, as the model learns its own: vectors learned beforehand from the same text save no more than "
            "0.02 bits a character, of 400,000 characters and of 50,000",
            (less_than("of the same text", 400_000), less_than("of the same text", 50_000)),
        ),
        ex.Claim(
            "C26 with little text",
            "vectors of eight times as much text do save bits where the model reads 50,000 characters, more than 0.02",
            (
                ex.Compare(
                    "inputs", "random", "of the whole text", margin=0.02, measure="score", where={"limit": ("50000",)}
                ),
            ),
        ),
    ),
    minutes=14,
)
