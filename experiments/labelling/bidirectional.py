"""Reading both ways: counted, worth it for tagging, and a leak in a language model (C20, S12).

    python launch.py --experiment=bidirectional --data_dir=DATA     with ud_english_ewt/ and glove_6b_50d_subset/

Counted: the first layer has twice the parameters of one that reads ahead, at equal width; the layers above it have
three times as many, nearly, as they read twice the width too. Tagging: parts of speech, against one cell of the same
width and one of as many parameters. The leak: the next character of sentences that are there as a whole. A network that
reads both ways has read the character that it is asked for; its bits come to nothing, and it can write nothing, as what
it would have to read does not exist yet.

About 15 minutes on two CPU cores (27 of processor time).

Margins: 0.005 of accuracy, a tenth of the errors; half a bit a character, a fraction of what reading ahead takes, and a
tenth of a bit for nothing: some characters of the test are too rare in training to be copied for sure (a probe of 196
updates came to 0.29, falling).
"""

import rnn_research.experiment as ex

UPDATES = 1568  # of 32 sentences: 4 epochs of the tagged ones
WAYS = {
    "ahead": {"model.cell.hidden": 64},
    "ahead, as many parameters": {"model.cell.hidden": 104},
    "both ways": {"model.cell.hidden": 64, "model.bidirectional": True},
}
TREEBANK = ex.Choice("tagging", corpus="ud_english_ewt")
TAGGING = {
    "model.embedding": 50,
    "model.embedding_init": "glove",
    "model.characters": ex.Choice("convolution", features=50),
    "model.dropout": 0.2,
}
MODELLING = {"task": ex.Choice("sentence_model", corpus="python_docs")}


def more_words_right(than: str) -> ex.Compare:
    return ex.Compare("reads", "both ways", than, margin=0.005, measure="score", where={"does": ("tagging",)})


EXPERIMENT = ex.Experiment(
    question="What does reading both ways cost, where does it help, and where does it only seem to?",
    base=ex.TrialConfig(
        task=TREEBANK,
        model=ex.ModelConfig(cell=ex.Choice("lstm", hidden=64, forget_bias=1.0)),
        optimizer=ex.OptimizerConfig(schedule="linear"),
        train=ex.TrainConfig(steps=UPDATES, batch=32, eval_every=392, valid_examples=1000, test_examples=2077),
    ),
    axes={
        "does": (ex.Variant("tagging", TAGGING), ex.Variant("language model", MODELLING)),
        "reads": tuple(ex.Variant(name, settings) for name, settings in WAYS.items()),
    },
    compare="reads",
    seeds=8,
    tune=ex.Tune(values=(3e-3, 9e-3, 2.7e-2), seeds=1, steps=UPDATES, limits=(1e-4, 0.3)),
    measures=(
        ex.Measure("first layer (parameters)", "first_layer_parameters", split="facts"),
        ex.Measure("unknown words", "unknown_accuracy", split="test", better="higher", quantity="share"),
    ),
    claims=(
        ex.Claim(
            "C20 counted",
            "a bidirectional network has twice the parameters: its first layer, exactly, at equal width",
            (
                ex.Compare("reads", "both ways", "ahead", 1.999, measure="first layer (parameters)", ratio=True),
                ex.Compare("reads", "ahead", "both ways", 0.4999, measure="first layer (parameters)", ratio=True),
            ),
        ),
        ex.Claim(
            "C20 for tagging",
            "it helps tagging: more than 0.005 more of the words are right than with one cell that reads ahead, of the "
            "same width or of as many parameters",
            (more_words_right("ahead"), more_words_right("ahead, as many parameters")),
        ),
        ex.Claim(
            "C20 for generation",
            "it is useless for generation: as a language model of whole sentences it has read what it is asked for, "
            "and its bits a character come to less than 0.1, where reading ahead takes more than half a bit",
            (
                ex.Level("score", "below", 0.1, where={"does": ("language model",), "reads": ("both ways",)}),
                ex.Level("score", "above", 0.5, where={"does": ("language model",), "reads": ("ahead",)}),
            ),
        ),
    ),
    minutes=15,
)
