"""War and Peace written by an LSTM, stop by stop: from noise to words to sentences (C29, S17, S23).

The lecture's example: texts after 100, 300, 500, 700, 1200 and 2000 updates. Those are the iterations of Karpathy's
char-rnn, by its defaults 50 rows of 50 characters and layers of 128 units, of which it has two; its RMSProp at 2e-3 is
Adam at 1e-2 here. The novel in English comes by ``--data_dir``; in Russian with
``--config.task.corpus=war_and_peace_ru``; any other book with
``--config.task.path=book.txt``. About 4 minutes on two CPU cores.

The claim is a trend, so the last stop is compared with the first, in the share of words that the novel holds and, as
short words are learned before long ones, in the mean length of those. How far it goes is told by real text: the test
part of the novel, cut into pieces as long. Margins: one word in ten is about one a line, which no reader overlooks, and
a tenth of the some four letters of a word goes with it.
"""

import rnn_research.experiment as ex

LSTM = {"model": ("LSTM",)}

EXPERIMENT = ex.Experiment(
    question="How does what an LSTM writes change while it learns a novel?",
    base=ex.TrialConfig(
        task=ex.Choice("language_model", corpus="war_and_peace_en", length=50),
        model=ex.ModelConfig(cell=ex.Choice("lstm", hidden=128, forget_bias=1.0)),
        optimizer=ex.OptimizerConfig(learning_rate=1e-2),
        probes=(ex.Choice("texts", steps=(100, 300, 500, 700, 1200, 2000), texts=40, tokens=400),),
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
        ex.Measure("known words at the last", "words", quantity="share"),
        ex.Measure("rise of known words", "words", at="change"),
        ex.Measure("known words, below the test text's", "words_lacking"),
        ex.Measure("letters a known word", "word_length", quantity="amount"),
        ex.Measure("rise of letters", "word_length", at="change"),
        ex.Measure("letters, below the test text's", "word_length_lacking"),
    ),
    figures=(
        ex.Curves("words", "probe", "share of words that the novel holds", where=LSTM),
        ex.Curves("word_length", "probe", "letters of a word that the novel holds", where=LSTM),
        ex.Curves("bits_per_char", "valid", "validation bits per character", where=LSTM),
    ),
    claims=(
        ex.Claim(
            "C29",
            "samples go from noise to words: from the first stop to the last the share of words that exist rises by "
            "more than a tenth, and the length of those by more than 0.4 letters",
            (
                ex.Level("rise of known words", "above", 0.1, where=LSTM),
                ex.Level("rise of letters", "above", 0.4, where=LSTM),
            ),
        ),
        ex.Claim(
            "C29, how far",
            "at the last stop they are words: the share that exists is within a tenth of that of the novel's own test "
            "part, and the length of those within 0.4 letters",
            (
                ex.Level("known words, below the test text's", "below", 0.1, where=LSTM),
                ex.Level("letters, below the test text's", "below", 0.4, where=LSTM),
            ),
        ),
    ),
    minutes=4,
)
