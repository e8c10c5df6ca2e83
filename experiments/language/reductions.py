"""Reduced words: how much rarer 3-grams are without, and what the reduction leaves to be told (C03; S02).

Words and marks are tokens, blanks are not, so that a 3-gram is three words. All words of the training text are kept:
to make one token of those seen once is a reduction by itself, and the harsher the less the words are reduced otherwise.
The claim asks for a tenth fewer unseen 3-grams, about what twice as much text brings: ``words of half the text`` shows
it. Bits count all that it takes to write the text, endings and unknown words too. Each seed leaves out another tenth of
the training text.
Where words have many forms: ``--config.task.corpus=war_and_peace_ru --config.task.language=russian --data_dir=DATA``.
About 1 minute on two CPU cores, 3 for a novel.
"""

import rnn_research.experiment as ex

ALL = 1_000_000  # words kept: more than there are
TENTH = 1 / 0.9  # of the share of unseen 3-grams


def words(name: str, reduce: str, leave_out: float = 0.1) -> ex.Variant:
    return ex.Variant(name, {"task.reduce": reduce, "learner.leave_out": leave_out})


def eased(source: str, what: str, arm: str) -> ex.Claim:
    test = ex.Compare("tokens", "words", arm, TENTH, measure="unseen in validation", ratio=True)
    return ex.Claim(source, f"of {what}, a tenth fewer 3-grams are unseen than of words", (test,))


EXPERIMENT = ex.Experiment(
    question="Does a reduced vocabulary make n-grams less rare?",
    base=ex.TrialConfig(
        task=ex.Choice("language_model", corpus="python_docs", tokens="bare_words", vocabulary=ALL, reduce="none"),
        learner=ex.Choice("ngram", order=3, leave_out=0.1),
        train=ex.TrainConfig(steps=0),
    ),
    axes={
        "tokens": (
            words("words", "none"),
            words("words of half the text", "none", leave_out=0.55),
            words("lower case", "lower"),
            words("stems", "stem"),
            words("lemmas", "lemma"),
            words("one stop word", "stop"),
        ),
    },
    compare="tokens",
    seeds=8,
    measures=(
        ex.Measure("vocabulary", "vocabulary", split="facts"),
        ex.Measure("distinct 3-grams", "ngrams"),
        ex.Measure("unseen in validation", "unseen", quantity="share"),
    ),
    claims=(
        eased("C03 lower case", "words in lower case", "lower case"),
        eased("C03 stems", "stems", "stems"),
        eased("C03 lemmas", "lemmas", "lemmas"),
        eased("C03 stop words", "words of which all stop words are one", "one stop word"),
        ex.Claim(
            "C03 in bits",
            "and the text is modelled better: 3-grams of stems need fewer bits per character than those of words, the "
            "endings paid for",
            (ex.Compare("tokens", "words", "stems", 0.0, measure="score"),),
            primary=False,
        ),
    ),
    minutes=1,
)
