"""n-grams of characters by order and smoothing: what they write, and how rare they get (C01, C02; S01).

Maximum likelihood writes nothing but n-grams that it has seen, and finds ever more that it has not; smoothing decides
whether a longer n is worse or better. Each seed leaves out another tenth of the text. About 2 minutes on two CPU cores.
"""

import rnn_research.experiment as ex


def smoothed(name: str, **options: float | str) -> ex.Variant:
    return ex.Variant(name, {f"learner.{option}": value for option, value in options.items()})


EXPERIMENT = ex.Experiment(
    question="How far do n-grams get, and what does a longer n do to them?",
    base=ex.TrialConfig(
        task=ex.Choice("language_model", corpus="python_docs"),
        learner=ex.Choice("ngram", order=1, leave_out=0.1),
        probes=(ex.Choice("texts", steps=(0,), texts=10, tokens=400),),
        train=ex.TrainConfig(steps=0),
    ),
    axes={
        "learner.order": (1, 2, 3, 4, 5, 6, 8),
        "smoothing": (
            smoothed("none", smoothing="none"),
            smoothed("add 1", smoothing="add_k", k=1.0),
            smoothed("Kneser-Ney", smoothing="kneser_ney"),
        ),
    },
    compare="smoothing",
    seeds=8,
    measures=(
        ex.Measure("distinct n-grams", "ngrams"),
        ex.Measure("unseen in validation", "unseen"),
        ex.Measure("seen of those written", "seen"),
        ex.Measure("known words", "words"),
        ex.Measure("seconds to count", "seconds", split="train"),
    ),
    figures=(
        ex.ByAxis("order", "score", "n (characters)", "bits per character of the test text"),
        ex.ByAxis("order", "unseen in validation", "n (characters)", "share of unseen n-grams"),
    ),
    claims=(
        ex.Claim(
            "C01",
            "n-gram text is made of existing n-grams only: by maximum likelihood, more than 99.9% of the n-grams "
            "written stand in the training text",
            (ex.Level("seen of those written", "above", 0.999, where={"smoothing": ("none",)}),),
        ),
        ex.Claim(
            "C02",
            "growing n makes the estimates worse: from n = 3 to 8 the share of unseen n-grams grows by more than 0.2, "
            "and with 1 added to every count the test text costs more bits per character",
            (
                ex.Compare(
                    "order", "8", "3", margin=0.2, measure="unseen in validation", where={"smoothing": ("add 1",)}
                ),
                ex.Compare("order", "8", "3", margin=0.0, measure="score", where={"smoothing": ("add 1",)}),
            ),
        ),
        ex.Claim(
            "C02 with Kneser-Ney",
            "nor does smoothing help: interpolated Kneser-Ney, too, pays more bits per character at n = 8 than at 3",
            (ex.Compare("order", "8", "3", margin=0.0, measure="score", where={"smoothing": ("Kneser-Ney",)}),),
        ),
    ),
    minutes=2,
)
