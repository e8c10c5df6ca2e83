"""How many layers a character model should have, at equal width and at equal parameters, with residual connections and
without, of Elman cells and of LSTMs (C21, C22).

    python launch.py --experiment=depth

Every stratum, a way of stacking and a cell, is asked for itself: with residual connections and without, depth goes
opposite ways, and an average over both says nothing. Eight layers are trained at equal width alone, where it is the
connections that differ and nothing else. Rates from 1e-4 on, as deep networks without residual connections take the
lowest; pilots as long as the runs. Narrow layers and few updates, so as to fit: about 18 minutes on two CPU cores (an
estimate; it has not been run). At the size of Karpathy, Johnson and Li (2015), 130,000 parameters, on a novel of 2.5
million characters, with pilots of 1,500 updates still (a day or so): ``--data_dir=...
--config.task.corpus=war_and_peace_en --grid.model.cell=...`` with ``hidden=128``, and ``--config.train.steps=6000``.

Margins: the second of two layers of as many parameters gains 0.05 nats a character in their table, 0.07 bits. 0.02 is a
quarter of that, 0.1 more than all of it.
"""

import rnn_research.experiment as ex

UPDATES = 1500
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
        train=ex.TrainConfig(steps=UPDATES, batch=32, eval_every=250),
    ),
    points=tuple(stacked(cell, way, layers) for cell in CELLS for way in DEPTHS for layers in DEPTHS[way]),
    axes={},
    compare="layers are",
    seeds=8,
    tune=ex.Tune(values=(1e-4, 3e-4, 1e-3, 3e-3, 1e-2), seeds=1, steps=UPDATES, limits=(1e-5, 0.2)),
    measures=(ex.Measure("training bits per character", "bits_per_char", split="train"),),
    figures=(ex.ByAxis("layers", "score", "layers", "bits per character of the test text"),),
    claims=(
        *(two_are_enough(way, cell) for way in DEPTHS for cell in CELLS),
        *(residual_ones_learn(cell) for cell in CELLS),
    ),
    minutes=18,
)
