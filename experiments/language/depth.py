"""How many layers a character model should have, at equal width and at equal parameters, with residual connections and
without, of Elman cells and of LSTMs (C21, C22).

Every stratum, a way of stacking and a cell, is asked for itself: with residual connections and without, depth goes
opposite ways, and an average over both says nothing. Rates from 1e-4 on, as deep networks without residual connections
take the lowest; pilots as long as the runs. About 100 minutes on two CPU cores (an estimate; it has not been run). At
the size of Karpathy, Johnson and Li (2015), 130,000 parameters, on a novel of 2.5 million characters, with pilots of
2,000 updates still (a day or so): ``--data_dir=... --config.task.corpus=war_and_peace_en
--config.model.cell.hidden=128 --config.train.steps=6000``.

Margins: the second of two layers of as many parameters gains 0.05 nats a character in their table, 0.07 bits. 0.02 is a
quarter of that, 0.1 more than all of it.
"""

import rnn_research.experiment as ex

UPDATES = 2000
WAYS = {
    "equally wide": {},
    "equally wide, residual": {"model.residual": True},
    "of equal parameters": {"model.match": "parameters"},
    "of equal parameters, residual": {"model.match": "parameters", "model.residual": True},
}
CELLS = ("elman", "lstm")


def two_are_enough(way: str, cell: str) -> ex.Claim:
    where = {"layers are": (way,), "cell": (cell,)}
    return ex.Claim(
        "C21",
        f"two layers are usually enough: of {cell} layers, {way}, 4 need no fewer bits, by more than 0.02",
        (ex.Compare("layers", "4", "2", margin=-0.02, measure="score", where=where),),
    )


def residual_ones_learn(way: str, cell: str) -> ex.Claim:
    where = {"layers": ("8",), "cell": (cell,)}
    return ex.Claim(
        "C22",
        f"skip connections make deep networks trainable: 8 {cell} layers, {way}, need 0.1 bits fewer with them",
        (ex.Compare("layers are", way, f"{way}, residual", margin=0.1, measure="score", where=where),),
    )


EXPERIMENT = ex.Experiment(
    question="How many recurrent layers does a language model need, and do skip connections make deep ones trainable?",
    base=ex.TrialConfig(
        task=ex.Choice("language_model", corpus="python_docs", length=40),
        model=ex.ModelConfig(cell=ex.Choice("lstm", hidden=48)),
        optimizer=ex.OptimizerConfig(schedule="linear"),
        train=ex.TrainConfig(steps=UPDATES, batch=32, eval_every=200),
    ),
    points=tuple({"model.cell.name": cell, "model.layers": layers} for cell in CELLS for layers in (1, 2, 4, 8)),
    axes={"layers are": tuple(ex.Variant(name, settings) for name, settings in WAYS.items())},
    compare="layers are",
    seeds=8,
    tune=ex.Tune(values=(1e-4, 3e-4, 1e-3, 3e-3, 1e-2), seeds=1, steps=UPDATES, limits=(1e-5, 9e-2)),
    measures=(ex.Measure("training bits per character", "bits_per_char", split="train"),),
    figures=(ex.ByAxis("layers", "score", "layers", "bits per character of the test text"),),
    claims=(
        *(two_are_enough(way, cell) for way in WAYS for cell in CELLS),
        *(residual_ones_learn(way, cell) for way in ("equally wide", "of equal parameters") for cell in CELLS),
    ),
    minutes=100,
)
