"""The polarity of snippets: word vectors learned beforehand or from scratch, by how many examples there are; recurrent
networks against a bag of n-grams (C26, S20).

    python launch.py --experiment=sentiment --data_dir=DATA     with vader_groundtruth/ and glove_6b_50d_subset/

For files of your own begin with `classify`.

Film and product reviews, tweets and editorials, positive or negative by the mean of twenty ratings (Hutto and Gilbert
2014); split by a hash of the text or the document, 18,357 / 2,441 / 2,272. The same updates for every number of
examples, as the parameters of the lowest validation loss are scored. Vectors learned beforehand are there for the words
of all training texts, be the examples few; those from scratch are of the words that the examples hold twice. Snippets
are cut after 60 tokens, one in two hundred.

About 15 minutes on two CPU cores (23 of processor time).

Margins: 0.02 at 500 examples, more than twice the standard error of an accuracy on 2,272 snippets (0.009), and less
than half of what Kim (2014) gains by word2vec on film reviews (0.761 to 0.815); 0.01 for "as good". 0.03 against the
bag of n-grams: one in eight of its errors.
"""

import rnn_research.experiment as ex

UPDATES = 1200  # two epochs of all examples
SIZES = (500, 3000, 18_357)
GLOVE = {"model.embedding_init": "glove", "task.whole_vocabulary": True}


def network(name: str, cell: str = "lstm", both_ways: bool = False, **options) -> ex.Variant:
    return ex.Variant(
        name, GLOVE | {"model.cell": ex.Choice(cell, hidden=64, **options), "model.bidirectional": both_ways}
    )


def point(model: ex.Variant, examples: int) -> dict:
    return {"task.examples": examples, "model": model}


OF_EVERY_SIZE = (
    ex.Variant("bag of n-grams", {"learner": ex.Choice("bag_of_ngrams", n=2)}),
    ex.Variant("LSTM, from scratch", {}),
    ex.Variant("LSTM, GloVe frozen", GLOVE | {"model.embedding_frozen": True}),
    ex.Variant("LSTM, GloVe", GLOVE),
)
OF_ALL = (
    ex.Variant("majority", {"learner": ex.Choice("majority")}),
    network("Elman, GloVe", "elman"),
    network("GRU, GloVe", "gru", keep_bias=1.0, reset_after=True),
    network("LSTM both ways, GloVe", both_ways=True, forget_bias=1.0),
)


def better(arm: str, against: str, margin: float, examples: int) -> ex.Compare:
    return ex.Compare("model", arm, against, margin, {"examples": (str(examples),)}, "score")


EXPERIMENT = ex.Experiment(
    question="Do word vectors learned beforehand help to tell sentiment, and networks more than a bag of n-grams?",
    base=ex.TrialConfig(
        task=ex.Choice("text_classification", corpus="vader_groundtruth", lower=True, length=60),
        model=ex.ModelConfig(
            cell=ex.Choice("lstm", hidden=64, forget_bias=1.0), embedding=50, dropout=0.2, pooling="max"
        ),
        optimizer=ex.OptimizerConfig(schedule="linear"),
        train=ex.TrainConfig(steps=UPDATES, batch=32, eval_every=100, valid_examples=2441, test_examples=2272),
    ),
    axes={},
    points=(
        *(point(model, examples) for examples in SIZES for model in OF_EVERY_SIZE),
        *(point(model, SIZES[-1]) for model in OF_ALL),
    ),
    compare="model",
    seeds=8,
    tune=ex.Tune(values=(3e-3, 9e-3, 2.7e-2), seeds=1, steps=UPDATES, limits=(1e-4, 0.3)),
    measures=(
        ex.Measure("macro-F1", "macro_f1", split="test", better="higher", quantity="share"),
        ex.Measure("training examples", "training_examples", split="facts"),
    ),
    figures=(ex.ByAxis("examples", "score", "training examples", "share of the test snippets that are right"),),
    claims=(
        ex.Claim(
            "C26 with few examples",
            "vectors learned beforehand help where examples are few: of 500, more than 0.02 more of the snippets are "
            "right",
            (better("LSTM, GloVe", "LSTM, from scratch", 0.02, 500),),
        ),
        ex.Claim(
            "C26",
            "both work, as the model learns its own: of all examples, vectors from scratch make no fewer of the "
            "snippets right by more than 0.01",
            (better("LSTM, from scratch", "LSTM, GloVe", -0.01, SIZES[-1]),),
        ),
        ex.Claim(
            "C26, frozen",
            "of all examples, vectors that are learned along are no worse than frozen ones by more than 0.01",
            (better("LSTM, GloVe", "LSTM, GloVe frozen", -0.01, SIZES[-1]),),
            primary=False,
        ),
        ex.Claim(
            "S20",
            "a recurrent network tells sentiment better than a bag of n-grams: of all examples, the LSTM with GloVe "
            "has more than 0.03 more of the snippets right",
            (better("LSTM, GloVe", "bag of n-grams", 0.03, SIZES[-1]),),
        ),
    ),
    minutes=15,
)
