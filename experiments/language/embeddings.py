"""Word inputs of a language model: one-hot, embeddings learned from scratch, embeddings learned beforehand (C26, S16).

The vectors learned beforehand are the singular vectors of the words' mutual information, counted over the whole
training text, of which the language model itself reads the first 50,000 characters, or all. With
``glove`` for ``ppmi``, and ``--data_dir``, they are those of Pennington et al. (2014). About 7 minutes on two cores.
"""

import rnn_research.experiment as ex

EXPERIMENT = ex.Experiment(
    question="Do word vectors learned beforehand help a language model, or does it learn its own as well?",
    base=ex.TrialConfig(
        task=ex.Choice("language_model", corpus="python_docs", tokens="words", vocabulary=1500, length=25),
        model=ex.ModelConfig(cell=ex.Choice("lstm", hidden=64, forget_bias=1.0), embedding=50),
        optimizer=ex.OptimizerConfig(schedule="linear"),
        train=ex.TrainConfig(steps=500, batch=32, eval_every=25),
    ),
    axes={
        "task.limit": (50_000, 400_000),
        "inputs": (
            ex.Variant("one-hot", {"model.embedding": 0}),
            ex.Variant("random", {"model.embedding_init": "normal(1)"}),
            ex.Variant("learned beforehand", {"model.embedding_init": "ppmi"}),
        ),
    },
    compare="inputs",
    seeds=8,
    tune=ex.Tune(values=(3e-3, 1e-2, 3e-2, 1e-1), seeds=1, steps=200),
    measures=(
        ex.Measure("perplexity", "perplexity", split="test"),
        ex.Measure("validation perplexity at the first stop", "perplexity", split="valid", at="first"),
        ex.Measure("training time (s)", "seconds", split="train", at="total"),
    ),
    figures=(ex.ByAxis("limit", "score", "training text (characters)", "bits per character of the test text"),),
    claims=(
        ex.Claim(
            "C26",
            "both work, as the model learns its own: with all the text, vectors learned beforehand save no more than "
            "0.02 bits a character",
            (
                ex.Compare(
                    "inputs",
                    "learned beforehand",
                    "random",
                    margin=-0.02,
                    measure="score",
                    where={"limit": ("400000",)},
                ),
            ),
        ),
        ex.Claim(
            "C26 with little text",
            "with 50,000 characters they do save bits",
            (
                ex.Compare(
                    "inputs", "random", "learned beforehand", margin=0.0, measure="score", where={"limit": ("50000",)}
                ),
            ),
        ),
    ),
    minutes=7,
)
