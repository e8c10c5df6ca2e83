"""War and Peace written by an LSTM, stop by stop: from noise to words to sentences (C29, S17, S23).

The lecture's example: texts after 100, 300, 500, 700, 1200 and 2000 updates. Those are the iterations of Karpathy's
char-rnn, by its defaults 50 rows of 50 characters and layers of 128 units, of which it has two; its RMSProp at 2e-3 is
Adam at 1e-2 here. The novel in English comes by ``--data_dir``; in Russian with
``--config.task.corpus=war_and_peace_ru``; any other book with
``--config.task.path=book.txt``. About 7 minutes on two CPU cores.
"""

import rnn_research.experiment as ex

EXPERIMENT = ex.Experiment(
    question="How does what an LSTM writes change while it learns a novel?",
    base=ex.TrialConfig(
        task=ex.Choice("language_model", corpus="war_and_peace_en", length=50),
        model=ex.ModelConfig(cell=ex.Choice("lstm", hidden=128, forget_bias=1.0)),
        optimizer=ex.OptimizerConfig(learning_rate=1e-2),
        probes=(ex.Choice("texts", steps=(100, 300, 500, 700, 1200, 2000), texts=10, tokens=400),),
        train=ex.TrainConfig(steps=2000, batch=50, eval_every=100, valid_examples=1000, test_examples=10_000),
    ),
    axes={
        "model": (
            ex.Variant("LSTM", {}),
            ex.Variant("5-gram", {"learner": ex.Choice("ngram", order=5), "probes.texts.steps": (0,)}),
        )
    },
    compare="model",
    seeds=8,
    measures=(
        ex.Measure("known words at the first stop", "words", at="first"),
        ex.Measure("known words at the last", "words"),
        ex.Measure("bits per character at the first", "bits_per_char", split="valid", at="first"),
    ),
    figures=(
        ex.Curves("words", "probe", "share of words that the novel holds", where={"model": ("LSTM",)}),
        ex.Curves("bits_per_char", "valid", "validation bits per character", where={"model": ("LSTM",)}),
    ),
    claims=(
        ex.Claim(
            "C29",
            "samples go from noise to words: after 100 updates fewer than half of the words written exist, after 2000 "
            "more than four fifths",
            (
                ex.Level("known words at the first stop", "below", 0.5, where={"model": ("LSTM",)}),
                ex.Level("known words at the last", "above", 0.8, where={"model": ("LSTM",)}),
            ),
        ),
    ),
    minutes=8,
)
