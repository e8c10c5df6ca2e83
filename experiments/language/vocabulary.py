"""Characters, byte pairs, words and reduced words: rarity, length and bits per character (C03, C25, C04; S02, S15).

Every score counts all the bits it takes to write the text: what a reduction leaves unsaid is paid for, by the frequency
of the word within its class and by the spelling of unknown words. LSTMs of one width are trained with about the same
number of multiplications: the steps of each are set by what a step costs. About 6 minutes on two CPU cores.
"""

import rnn_research.experiment as ex


def tokens(name: str, steps: int, **options: int | str) -> ex.Variant:
    settings = {f"task.{option}": value for option, value in options.items()}
    return ex.Variant(name, settings | {"train.steps": steps})


EXPERIMENT = ex.Experiment(
    question="What do the tokens of a text change: the rarity of n-grams, the length of the input, the bits it takes?",
    base=ex.TrialConfig(
        task=ex.Choice("language_model", corpus="python_docs", length=32),
        model=ex.ModelConfig(cell=ex.Choice("lstm", hidden=96, forget_bias=1.0), embedding=96),
        optimizer=ex.OptimizerConfig(schedule="linear"),
        probes=(ex.Choice("strategies", strategies=("sample",), texts=4, tokens=200),),
        train=ex.TrainConfig(batch=32, eval_every=50),
    ),
    axes={
        "tokens": (
            tokens("characters", 600, tokens="characters"),
            tokens("500 byte pairs", 450, tokens="bpe", vocabulary=500),
            tokens("2000 byte pairs", 200, tokens="bpe", vocabulary=2000),
            tokens("words", 150, tokens="words"),
            tokens("words, lower case", 150, tokens="words", reduce="lower"),
            tokens("words, stems", 150, tokens="words", reduce="stem"),
            tokens("words, lemmas", 150, tokens="words", reduce="lemma"),
            tokens("words without stop words", 150, tokens="words", reduce="stop"),
        ),
        "model": (
            ex.Variant("LSTM", {}),
            ex.Variant("3-gram", {"learner": ex.Choice("ngram", order=3, leave_out=0.1)}),
            ex.Variant("5-gram", {"learner": ex.Choice("ngram", order=5, leave_out=0.1)}),
        ),
    },
    compare="tokens",
    seeds=8,
    tune=ex.Tune(values=(1e-2, 2e-2, 4e-2, 8e-2), seeds=2, steps=100),
    measures=(
        ex.Measure("vocabulary", "vocabulary", split="facts"),
        ex.Measure("characters per token", "characters_per_token", split="test"),
        ex.Measure("perplexity", "perplexity", split="test"),
        ex.Measure("unseen in validation", "unseen"),
        ex.Measure("training time (s)", "seconds", split="train", at="total"),
        ex.Measure("written tokens per second", "written_per_s@sample"),
    ),
    claims=(
        ex.Claim(
            "C03",
            "reducing the vocabulary eases the rarity of n-grams: of stems, fewer 3-grams are unseen than of words",
            (
                ex.Compare(
                    "tokens",
                    "words",
                    "words, stems",
                    margin=0.02,
                    measure="unseen in validation",
                    where={"model": ("3-gram",)},
                ),
            ),
        ),
        ex.Claim(
            "C03 in bits",
            "and what is left of the text is modelled better: 3-grams of stems need fewer bits per character than "
            "those of words, the endings paid for",
            (ex.Compare("tokens", "words", "words, stems", margin=0.0, measure="score", where={"model": ("3-gram",)}),),
        ),
        ex.Claim(
            "C25",
            "byte pairs lie between characters and words: 2,000 of them need fewer bits per character than either, for "
            "the LSTM at about equal compute",
            (
                ex.Compare("tokens", "characters", "2000 byte pairs", 0.0, {"model": ("LSTM",)}, "score"),
                ex.Compare("tokens", "words", "2000 byte pairs", 0.0, {"model": ("LSTM",)}, "score"),
            ),
        ),
        ex.Claim(
            "C04",
            "n-grams are fast: on characters, the 5-gram is ready more than 10 seconds before the LSTM",
            (ex.Compare("model", "LSTM", "5-gram", 10.0, {"tokens": ("characters",)}, "training time (s)"),),
        ),
    ),
    minutes=6,
)
