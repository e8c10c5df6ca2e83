"""Does the text of n-grams hang together? Existing n-grams by span, mutual information by distance (C40).

Tokens are words and marks without blanks, and characters. What each model writes, 32,000 words or 64,000 characters, is
set beside real text. A chain of n tokens need not forget at once what is further back, but what it knows fades by the
power of the distance, and that of real text more slowly (Lin and Tegmark 2017). An LSTM of characters stands beside,
for what a state can carry; its rate was not tuned. Far is from 16 to 64 tokens: more than
twice the longest n, and of words about a sentence to three. About 5 minutes on two CPU cores, more for the lecture's
novel: ``--config.task.corpus=war_and_peace_en --data_dir=DATA``.
"""

import rnn_research.experiment as ex

FEWER = 0.02  # existing n-grams: one in fifty would hardly be seen in a text
NOTHING = 0.1  # of what links real text: ten times less
HALF = 0.5  # more than half of it is missing
ORDERS = (2, 4, 6)


def tokens(name: str, kind: str, written: int) -> ex.Variant:
    return ex.Variant(
        name, {"task.tokens": kind, "probes": (ex.Choice("coherence", texts=64, tokens=written, far=16),)}
    )


def ngram(order: int) -> ex.Variant:
    return ex.Variant(f"{order}-gram", {"learner": ex.Choice("ngram", order=order, leave_out=0.1)})


WORDS, CHARACTERS = tokens("words", "bare_words", 500), tokens("characters", "characters", 1000)


def words(order: int) -> dict[str, tuple[str, ...]]:
    """The arm of n-grams of words."""
    return {"tokens": ("words",), "model": (f"{order}-gram",)}


EXPERIMENT = ex.Experiment(
    question="What is near in the text of n-grams fits: does what is far apart?",
    base=ex.TrialConfig(
        task=ex.Choice("language_model", corpus="python_docs", length=64),
        model=ex.ModelConfig(cell=ex.Choice("lstm", hidden=128, forget_bias=1.0), embedding=64),
        optimizer=ex.OptimizerConfig(learning_rate=0.03, schedule="linear"),
        train=ex.TrainConfig(steps=800, batch=32, eval_every=50),
    ),
    axes={},
    points=(
        *({"tokens": WORDS, "model": ngram(order)} for order in ORDERS),
        *({"tokens": CHARACTERS, "model": ngram(order)} for order in ORDERS),
        {"tokens": CHARACTERS, "model": ex.Variant("LSTM", {})},
    ),
    compare="model",
    seeds=8,
    measures=(
        *(ex.Measure(f"existing {n}-grams beyond real", f"existing@{n}_beyond") for n in ORDERS),
        ex.Measure("linked far apart", "linked"),
    ),
    claims=(
        ex.Claim(
            "C40 near",
            "the text of n-grams is locally like real text: of its n words in a row no fewer exist than of held-out "
            "text, by 0.02, for n = 2, 4 and 6",
            tuple(ex.Level(f"existing {n}-grams beyond real", "above", -FEWER, words(n)) for n in ORDERS),
        ),
        *(
            ex.Claim(
                f"C40 far, {order}-grams",
                "nothing links what is further apart than n: from 16 to 64 words apart, less than a tenth of what "
                f"links real text links that of {order}-grams",
                (ex.Level("linked far apart", "below", NOTHING, words(order)),),
            )
            for order in ORDERS
        ),
        ex.Claim(
            "C40 by half",
            "at least it does not hold together: there, more than half of what links real text is missing, for n = 2, "
            "4 and 6",
            tuple(ex.Level("linked far apart", "below", HALF, words(n)) for n in ORDERS),
        ),
        ex.Claim(
            "C40 beside an LSTM",
            "a state carries further: far apart, the LSTM's characters are linked more than those of 6-grams, by a "
            "tenth of what links real text",
            (ex.Compare("model", "LSTM", "6-gram", NOTHING, {"tokens": ("characters",)}, "linked far apart"),),
            primary=False,
        ),
    ),
    minutes=5,
)
