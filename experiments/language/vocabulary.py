"""Characters, byte pairs, words: length of the input, size of the vocabulary, bits; and n-grams by the clock (C25, C04;
S15).

Length and size are counted. Every score counts all the bits it takes to write the text, blanks and the spelling of
unknown words too. LSTMs of one width make about the same number of multiplications, some seven passes over the text:
the updates of each are set by what one costs. No LSTM is stopped where an n-gram is: the time of its whole training
stands for the time to equal bits, and is less than that where it ends with more bits. About 6 minutes on two CPU cores.
"""

import rnn_research.experiment as ex


def tokens(name: str, steps: int, **options: int | str) -> ex.Variant:
    settings = {f"task.{option}": value for option, value in options.items()}
    return ex.Variant(name, settings | {"train.steps": steps})


LSTM = {"model": ("LSTM",)}
CHARACTERS = {"tokens": ("characters",)}

EXPERIMENT = ex.Experiment(
    question="What do the tokens of a text change: the length of the input, the vocabulary, the bits it takes?",
    base=ex.TrialConfig(
        task=ex.Choice("language_model", corpus="python_docs", length=32),
        model=ex.ModelConfig(cell=ex.Choice("lstm", hidden=96, forget_bias=1.0), embedding=96),
        optimizer=ex.OptimizerConfig(schedule="linear"),
        probes=(ex.Choice("strategies", strategies=("sample",), texts=64, tokens=200),),
        train=ex.TrainConfig(batch=32, eval_every=50),
    ),
    axes={
        "tokens": (
            tokens("characters", 2000, tokens="characters"),
            tokens("2000 byte pairs", 650, tokens="bpe", vocabulary=2000),
            tokens("words", 500, tokens="bare_words"),
        ),
        "model": (
            ex.Variant("LSTM", {}),
            ex.Variant("3-gram", {"learner": ex.Choice("ngram", order=3, leave_out=0.1)}),
            ex.Variant("5-gram", {"learner": ex.Choice("ngram", order=5, leave_out=0.1)}),
        ),
    },
    compare="tokens",
    seeds=8,
    tune=ex.Tune(values=(1e-2, 3e-2, 1e-1), seeds=1, steps=500, limits=(1e-3, 2.0)),
    measures=(
        ex.Measure("vocabulary", "vocabulary", split="facts"),
        ex.Measure("characters per token", "characters_per_token", split="facts", quantity="amount"),
        ex.Measure("training time (s)", "seconds", split="train", at="total", better="lower", quantity="amount"),
        ex.Measure("written tokens per second", "written_per_s@sample", better="higher", quantity="amount"),
    ),
    claims=(
        ex.Claim(
            "C25",
            "characters make a long input of a small vocabulary, words the reverse, byte pairs lie between: 2,000 of "
            "them stand for more than twice as much text a token, out of more than twice as many tokens, and words are "
            "more of both",
            (
                ex.Compare("tokens", "2000 byte pairs", "characters", 2.0, {}, "characters per token", ratio=True),
                ex.Compare("tokens", "words", "2000 byte pairs", 0.0, {}, "characters per token"),
                ex.Compare("tokens", "2000 byte pairs", "characters", 2.0, {}, "vocabulary", ratio=True),
                ex.Compare("tokens", "words", "2000 byte pairs", 0.0, {}, "vocabulary"),
            ),
        ),
        ex.Claim(
            "C25 in bits",
            "byte pairs need fewer bits per character than characters and than "
            "words, by more than 0.02, for the LSTM at about equal compute",
            (
                ex.Compare("tokens", "characters", "2000 byte pairs", 0.02, LSTM, "score"),
                ex.Compare("tokens", "words", "2000 byte pairs", 0.02, LSTM, "score"),
            ),
            primary=False,
        ),
        ex.Claim(
            "C04",
            "n-grams are very fast: the LSTM of characters trains more than ten times as long as it takes to count "
            "5-grams, and needs no fewer bits then",
            (
                ex.Compare("model", "LSTM", "5-gram", 10.0, CHARACTERS, "training time (s)", ratio=True),
                ex.Compare("model", "LSTM", "5-gram", 0.0, CHARACTERS, "score"),
            ),
        ),
        ex.Claim(
            "C04 in writing",
            "they write faster, too: more than ten times as many characters a second as the LSTM, 64 texts at a time",
            (ex.Compare("model", "5-gram", "LSTM", 10.0, CHARACTERS, "written tokens per second", ratio=True),),
        ),
    ),
    minutes=6,
)
