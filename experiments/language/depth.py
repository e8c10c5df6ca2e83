"""How many layers a character model should have, at equal width and at equal parameters, with residual connections and
without, of Elman cells and of LSTMs (C21, C22).

    python launch.py --experiment=depth

Every stratum, a way of stacking and a cell, is asked for itself: with residual connections and without, depth goes
opposite ways, and an average over both says nothing. Eight layers are trained at equal width alone, where it is the
connections that differ and nothing else. Rates from 1e-4 on, as deep networks without residual connections take the
lowest; pilots as long as the runs. Narrow layers and few updates, so as to fit: about 45 minutes on two CPU cores (95
of processor time on busy ones).

    python launch.py --experiment=depth --full --data_dir=DATA

asks it of a novel of 2.5 million characters (``war_and_peace_en``), with the 130,000 parameters of Karpathy, Johnson
and Li (2015) in one layer of 128 LSTM units and 6,000 updates, and of parts of speech (``ud_english_ewt``, GloVe
vectors, 64 units, nearly 4 epochs), with pilots of a quarter of the updates: 10 hours on two CPU cores by the forecast.

Margins: the second of two layers of as many parameters gains 0.05 nats a character in their table, 0.07 bits. 0.02 is a
quarter of that, 0.1 more than all of it. Of tags 0.01, a fifth of the errors that are made there.
"""

import dataclasses

import rnn_research.experiment as ex

UPDATES = 4000
RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
WIDE, RESIDUAL, EQUAL = "equally wide", "equally wide, residual", "of equal parameters"
SETTINGS = {WIDE: {}, RESIDUAL: {"model.residual": True}, EQUAL: {"model.match": "parameters"}}
DEPTHS = {WIDE: (1, 2, 4, 8), RESIDUAL: (2, 4, 8), EQUAL: (1, 2, 4)}
CELLS = ("elman", "lstm")


def stacked(cell: str, way: str, layers: int) -> dict:
    return {"model.cell.name": cell, "layers are": ex.Variant(way, SETTINGS[way]), "model.layers": layers}


def two_are_enough(way: str, cell: str) -> ex.Claim:
    where = {"layers are": (way,), "cell": (cell,)}
    return ex.Claim(
        "C21",
        f"two layers are usually enough: of {cell} layers, {way}, 4 need no fewer bits, by more than 0.02",
        (ex.Compare("layers", "4", "2", margin=-0.02, measure="score", where=where),),
    )


def residual_ones_learn(cell: str) -> ex.Claim:
    where = {"layers": ("8",), "cell": (cell,)}
    return ex.Claim(
        "C22",
        f"skip connections make deep networks trainable: 8 {cell} layers, {WIDE}, need 0.1 bits fewer with them",
        (ex.Compare("layers are", WIDE, RESIDUAL, margin=0.1, measure="score", where=where),),
    )


EXPERIMENT = ex.Experiment(
    question="How many recurrent layers does a language model need, and do skip connections make deep ones trainable?",
    base=ex.TrialConfig(
        task=ex.Choice("language_model", corpus="python_docs", length=40),
        model=ex.ModelConfig(cell=ex.Choice("lstm", hidden=32)),
        optimizer=ex.OptimizerConfig(schedule="linear"),
        train=ex.TrainConfig(steps=UPDATES, batch=32, eval_every=500),
    ),
    points=tuple(stacked(cell, way, layers) for cell in CELLS for way in DEPTHS for layers in DEPTHS[way]),
    axes={},
    compare="layers are",
    seeds=8,
    tune=ex.Tune(values=RATES, seeds=1, steps=UPDATES, limits=(1e-5, 0.2)),
    measures=(ex.Measure("training bits per character", "bits_per_char", split="train"),),
    figures=(ex.ByAxis("layers", "score", "layers", "bits per character of the test text"),),
    claims=(
        *(two_are_enough(way, cell) for way in DEPTHS for cell in CELLS),
        *(residual_ones_learn(cell) for cell in CELLS),
    ),
    minutes=45,
)

NOVEL, TAGS = "novel", "tags"
TEXTS = {
    NOVEL: {
        "task": ex.Choice("language_model", corpus="war_and_peace_en", length=40),
        "model.cell.hidden": 128,
        "train.steps": 6000,
    },
    TAGS: {
        "task": ex.Choice("tagging", corpus="ud_english_ewt"),
        "model.cell.hidden": 64,
        "model.embedding": 50,
        "model.embedding_init": "glove",
        "model.characters": ex.Choice("convolution", features=50),
        "train.steps": 1500,  # of 32 sentences: nearly 4 epochs
        "train.eval_every": 250,
    },
}


def on(text: str, claim: ex.Claim) -> ex.Claim:
    """A claim about bits as one about that text; of tags, the same of accuracy, in tenths of the margin."""
    scale, words = (1.0, claim.text) if text == NOVEL else (0.1, f"{claim.text}; here of tags, a tenth of it")
    tests = tuple(
        dataclasses.replace(test, margin=scale * test.margin, where=dict(test.where) | {"text": (text,)})
        for test in claim.tests
        if isinstance(test, ex.Compare)
    )
    return dataclasses.replace(claim, source=f"{claim.source}, {text}", text=words, tests=tests)


FULL = dataclasses.replace(
    EXPERIMENT,
    base=dataclasses.replace(
        EXPERIMENT.base,
        task=ex.Choice("language_model", corpus="war_and_peace_en", length=40),
        train=ex.TrainConfig(steps=6000, batch=32, eval_every=500),
    ),
    points=tuple(
        dict(point) | {"text": ex.Variant(text, settings)}
        for text, settings in TEXTS.items()
        for point in EXPERIMENT.points
    ),
    tune=ex.Tune(values=RATES, seeds=1, steps=1500, limits=(1e-5, 0.2)),
    claims=tuple(on(text, claim) for text in TEXTS for claim in EXPERIMENT.claims),
    measures=(),
    minutes=606,
)
