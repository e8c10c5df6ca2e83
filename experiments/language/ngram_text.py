"""Does the text of n-grams hang together? Existing n-grams by span, mutual information by distance (C40).

Tokens are characters, and words and marks without blanks. The text of each model, 64,000 characters or 32,000 words, is
set beside as many pieces of real text. A chain of n tokens need not forget all that is further back at once, but what
it knows fades by the power of the distance, and that of real text more slowly (Lin and Tegmark 2017). An LSTM stands
beside, for what a state can carry. About 5 minutes on two CPU cores; the lecture's novel:
``--config.task.corpus=war_and_peace_en --data_dir=DATA``.
"""

import rnn_research.experiment as ex

FEWER = 0.02  # existing n-grams: one in fifty would hardly be seen in a text
NOTHING = 0.1  # of what links real text: ten times less
FAR = 32  # tokens: more than five times the longest n, and of words beyond the end of most sentences
SPANS, DISTANCES = (1, 2, 3, 4, 6, 8, 12), (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)


def ngram(order: int) -> ex.Variant:
    return ex.Variant(f"{order}-gram", {"learner": ex.Choice("ngram", order=order, leave_out=0.1)})


def tokens(name: str, steps: int, kind: str, written: int) -> ex.Variant:
    probe = ex.Choice("coherence", texts=64, tokens=written, spans=SPANS, distances=DISTANCES)
    return ex.Variant(name, {"task.tokens": kind, "train.steps": steps, "probes": (probe,)})


def unlinked(source: str, what: str) -> ex.Claim:
    tests = tuple(
        ex.Level(f"linked at {FAR}", "below", NOTHING, {"tokens": (what,), "model": (f"{order}-gram",)})
        for order in (2, 4, 6)
    )
    text = (
        f"n-grams of {what} link nothing at a distance: {FAR} {what} apart, less than a tenth of what links real text"
    )
    return ex.Claim(source, text, tests)


def local(source: str, what: str) -> ex.Claim:
    tests = tuple(
        ex.Level(
            f"existing {order}-grams beyond real", "above", -FEWER, {"tokens": (what,), "model": (f"{order}-gram",)}
        )
        for order in (2, 4, 6)
    )
    text = (
        f"the text of n-grams is locally like real text: of its n-grams no fewer exist than of held-out {what}, by 0.02"
    )
    return ex.Claim(source, text, tests)


EXPERIMENT = ex.Experiment(
    question="What is near in the text of n-grams fits: does what is far apart?",
    base=ex.TrialConfig(
        task=ex.Choice("language_model", corpus="python_docs", length=64),
        model=ex.ModelConfig(cell=ex.Choice("lstm", hidden=128, forget_bias=1.0), embedding=64),
        optimizer=ex.OptimizerConfig(schedule="linear"),
        train=ex.TrainConfig(batch=32, eval_every=50),
    ),
    axes={
        "tokens": (tokens("characters", 800, "characters", 1000), tokens("words", 250, "bare_words", 500)),
        "model": (ngram(2), ngram(4), ngram(6), ex.Variant("LSTM", {})),
    },
    compare="model",
    seeds=8,
    tune=ex.Tune(values=(1e-2, 3e-2, 1e-1), seeds=1, steps=250, limits=(1e-3, 1.0)),
    measures=(
        *(ex.Measure(f"existing {n}-grams beyond real", f"existing@{n}_beyond") for n in (2, 4, 6, 12)),
        *(ex.Measure(f"linked at {d}", f"linked@{d}") for d in (8, 16, FAR, 64)),
    ),
    claims=(
        local("C40 near, characters", "characters"),
        local("C40 near, words", "words"),
        unlinked("C40 far, characters", "characters"),
        unlinked("C40 far, words", "words"),
        ex.Claim(
            "C40 beside an LSTM",
            f"a state carries further: {FAR} characters apart, the LSTM's text is linked more than that of 6-grams, "
            "by a tenth of what links real text",
            (ex.Compare("model", "LSTM", "6-gram", NOTHING, {"tokens": ("characters",)}, f"linked at {FAR}"),),
            primary=False,
        ),
    ),
    minutes=5,
)
