"""How many layers a character model should have, at equal width and at equal parameters, with residual connections and
without (C21, C22).

About 6 minutes on two CPU cores.
"""

import rnn_research.experiment as ex

EXPERIMENT = ex.Experiment(
    question="How many recurrent layers does a language model need, and do skip connections make deep ones trainable?",
    base=ex.TrialConfig(
        task=ex.Choice("language_model", corpus="python_docs", length=40),
        model=ex.ModelConfig(cell=ex.Choice("elman", hidden=48)),
        optimizer=ex.OptimizerConfig(schedule="linear"),
        train=ex.TrainConfig(steps=400, batch=32, eval_every=100),
    ),
    axes={
        "model.layers": (1, 2, 4, 8),
        "layers are": (
            ex.Variant("equally wide", {}),
            ex.Variant("equally wide, residual", {"model.residual": True}),
            ex.Variant("of equal parameters", {"model.match": "parameters"}),
            ex.Variant("of equal parameters, residual", {"model.match": "parameters", "model.residual": True}),
        ),
    },
    compare="layers are",
    seeds=8,
    tune=ex.Tune(values=(3e-3, 1e-2, 3e-2), seeds=1, steps=200),
    measures=(
        ex.Measure("training bits per character", "bits_per_char", split="train"),
        ex.Measure("training time (s)", "seconds", split="train", at="total"),
    ),
    figures=(ex.ByAxis("layers", "score", "layers", "bits per character of the test text"),),
    claims=(
        ex.Claim(
            "C21",
            "two layers are usually enough: at equal parameters 4 need no fewer bits, by more than 0.01",
            (ex.Compare("layers", "4", "2", margin=-0.01, measure="score", where={"layers are": ("of equal*",)}),),
        ),
        ex.Claim(
            "C22",
            "skip connections make deep networks trainable: 8 equally wide layers need 0.1 bits fewer with them",
            (
                ex.Compare(
                    "layers are",
                    "equally wide",
                    "equally wide, residual",
                    margin=0.1,
                    measure="score",
                    where={"layers": ("8",)},
                ),
            ),
        ),
    ),
    minutes=6,
)
