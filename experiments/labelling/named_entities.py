"""Names in posts, of six types, many of several words: what finds them? (C38, S22)

    python launch.py --experiment=named_entities --data_dir=DATA     with wnut17/ and glove_6b_50d_subset/
        --config.task.train=FILE --config.task.valid=FILE --config.task.test=FILE --config.task.scheme=bio     your own

WNUT-17: 3,394 posts, 1,079 names in the test, of which training holds none. The whole is a bidirectional LSTM over
GloVe vectors and a convolution over letters, under a CRF, trained in BIO; every other arm leaves one of these out, or
is trained in IO, whose labels do not say where a name begins. Spans are scored as they are: IO cannot tell neighbours
of one type apart, of which there are 5 pairs in the test, so that 10 of the 1,079 names, a hundredth of F1, are beyond
it. Beside them the most frequent label of each word in training.

About 20 minutes on two CPU cores (33 of processor time).

Margins: a hundredth of F1, about the standard error of this test's score, and what IO cannot reach; for the vectors
half of what Lample et al. (2016) lose without theirs in English news, 0.073 (they lose 0.018 without the CRF, 0.007
without letters). Recall of 0.1 of the names of two words or more: those that train on other words' names only by
memory have none.
"""

import rnn_research.experiment as ex

UPDATES = 3180  # of 16 posts: 15 epochs
WHOLE = "whole"


def lost_without(arm: str, margin: float) -> tuple[ex.Compare, ...]:
    return (ex.Compare("model", WHOLE, arm, margin=margin, measure="score"),)


EXPERIMENT = ex.Experiment(
    question="What finds names of several words that were never seen: labels of beginnings, a CRF, letters, vectors?",
    base=ex.TrialConfig(
        task=ex.Choice("named_entities", corpus="wnut17"),
        model=ex.ModelConfig(
            cell=ex.Choice("lstm", hidden=64, forget_bias=1.0),
            bidirectional=True,
            embedding=50,
            embedding_init="glove",
            characters=ex.Choice("convolution", features=50),
            dropout=0.5,
        ),
        optimizer=ex.OptimizerConfig(schedule="linear"),
        train=ex.TrainConfig(steps=UPDATES, batch=16, eval_every=212, valid_examples=1009, test_examples=1287),
    ),
    axes={
        "model": (
            ex.Variant(WHOLE, {}),
            ex.Variant("IO", {"task.labels": "io"}),
            ex.Variant("no CRF", {"task.head": "softmax"}),
            ex.Variant("no letters", {"model.characters": ex.Choice("none")}),
            ex.Variant("no vectors", {"model.embedding_init": "normal(1)"}),
            ex.Variant(
                "most frequent label",
                {"learner": ex.Choice("most_frequent_tag"), "task.head": "softmax", "task.constrained": False},
            ),
        )
    },
    compare="model",
    seeds=8,
    tune=ex.Tune(values=(3e-3, 9e-3, 2.7e-2), seeds=1, steps=UPDATES, limits=(1e-4, 0.3)),
    measures=(
        ex.Measure("precision", "precision", split="test", better="higher", quantity="share"),
        ex.Measure("recall", "recall", split="test", better="higher", quantity="share"),
        ex.Measure("recall of two words or more", "long_recall", split="test", better="higher", quantity="share"),
        ex.Measure("partial matches", "partial_f1", split="test", better="higher", quantity="share"),
        ex.Measure("mean over types", "macro_f1", split="test", better="higher", quantity="share"),
        ex.Measure("unique forms", "surface_f1", split="test", better="higher", quantity="share"),
    ),
    figures=(ex.Curves("span_f1", "valid", "F1 of the validation split's spans"),),
    claims=(
        ex.Claim(
            "C38",
            "names of several words and types are extracted: of those of two words or more, more than 0.1 are found "
            "whole and with their type",
            (ex.Level("recall of two words or more", "above", 0.1, {"model": (WHOLE,)}),),
        ),
        ex.Claim(
            "C38 BIO",
            "labels that say where a name begins find more of them: more than 0.01 of F1 more than IO",
            lost_without("IO", 0.01),
        ),
        ex.Claim("Lample 2016", "the CRF is worth more than 0.01 of F1", lost_without("no CRF", 0.01)),
        ex.Claim("Lample 2016", "so are the letters", lost_without("no letters", 0.01)),
        ex.Claim("Lample 2016", "vectors learned elsewhere more than 0.037", lost_without("no vectors", 0.037)),
    ),
    minutes=20,
)
