"""n-grams of words by order and smoothing: how rare they get, and what that costs (C02; C01 in the table; S01).

Without smoothing, what a model has not seen is impossible: the share of unseen n-grams is the share of the text that it
cannot predict, and its bits are infinite. Smoothing decides whether a longer n is then worse or better. Each seed
leaves out another tenth of the training text. Words and marks are tokens, blanks are not. The lecture's novel:
``--config.task.corpus=war_and_peace_en --data_dir=DATA``. About 2 minutes on two CPU cores, 5 for the novel.
"""

import rnn_research.experiment as ex

# Bits a character: about a hundredth of what one costs.
WORSE = 0.02
# Of the tokens of held-out text: every tenth is one more that cannot be predicted.
RARER = 0.1


def smoothed(name: str, **options: float | str) -> ex.Variant:
    return ex.Variant(name, {f"learner.{option}": value for option, value in options.items()})


def worse(smoothing: str) -> tuple[ex.Compare, ...]:
    """From bigrams to 3-grams, and from these to 5-grams, the test text costs more."""
    where = {"smoothing": (smoothing,)}
    return tuple(ex.Compare("order", long, short, WORSE, where, "score") for long, short in (("3", "2"), ("5", "3")))


EXPERIMENT = ex.Experiment(
    question="How far do n-grams of words get, and what does a longer n do to them?",
    base=ex.TrialConfig(
        task=ex.Choice("language_model", corpus="python_docs", tokens="bare_words"),
        learner=ex.Choice("ngram", order=1, leave_out=0.1),
        probes=(ex.Choice("texts", steps=(0,), texts=10, tokens=100),),
        train=ex.TrainConfig(steps=0),
    ),
    axes={
        "learner.order": (1, 2, 3, 4, 5),
        "smoothing": (
            smoothed("none", smoothing="none"),
            smoothed("add 1", smoothing="add_k", k=1.0),
            smoothed("add 0.01", smoothing="add_k", k=0.01),
            smoothed("Kneser-Ney", smoothing="kneser_ney"),
        ),
    },
    compare="smoothing",
    seeds=8,
    measures=(
        ex.Measure("distinct n-grams", "ngrams"),
        ex.Measure("unseen in validation", "unseen", quantity="share"),
        ex.Measure("seen of those written", "seen", quantity="share"),
    ),
    figures=(
        ex.ByAxis("order", "score", "n (words)", "bits per character of the test text"),
        ex.ByAxis("order", "unseen in validation", "n (words)", "share of unseen n-grams"),
    ),
    claims=(
        ex.Claim(
            "C02",
            "growing n makes the estimates worse, unsmoothed: from n = 2 to 3, and from 3 to 5, the share of held-out "
            "n-grams that were never seen, and so are impossible, grows by more than 0.1",
            tuple(
                ex.Compare("order", long, short, RARER, {"smoothing": ("none",)}, "unseen in validation")
                for long, short in (("3", "2"), ("5", "3"))
            ),
        ),
        ex.Claim(
            "C02 with 1 added to every count",
            "from n = 2 to 3, and from 3 to 5, the test text costs more bits per character, by more than 0.02",
            worse("add 1"),
        ),
        ex.Claim("C02 with 0.01 added to every count", "the same", worse("add 0.01")),
        ex.Claim("C02 with Kneser-Ney", "the same with interpolated Kneser-Ney", worse("Kneser-Ney")),
    ),
    minutes=2,
)
