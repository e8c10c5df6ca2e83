"""How many layers a character model should have, at equal width and at equal parameters, with residual connections and
without (C21, C22).

About 6 minutes on two CPU cores.
"""

from rnn_research.experiment import (
    ByAxis,
    Choice,
    Claim,
    Compare,
    Experiment,
    Measure,
    ModelConfig,
    OptimizerConfig,
    TrainConfig,
    TrialConfig,
    Tune,
    Variant,
)

EXPERIMENT = Experiment(
    question="How many recurrent layers does a language model need, and do skip connections make deep ones trainable?",
    base=TrialConfig(
        task=Choice("language_model", corpus="python_docs", length=40),
        model=ModelConfig(cell=Choice("elman", hidden=48)),
        optimizer=OptimizerConfig(schedule="linear"),
        train=TrainConfig(steps=400, batch=32, eval_every=100),
    ),
    axes={
        "model.layers": (1, 2, 4, 8),
        "layers are": (
            Variant("equally wide", {}),
            Variant("equally wide, residual", {"model.residual": True}),
            Variant("of equal parameters", {"model.match": "parameters"}),
            Variant("of equal parameters, residual", {"model.match": "parameters", "model.residual": True}),
        ),
    },
    compare="layers are",
    seeds=8,
    tune=Tune(values=(3e-3, 1e-2, 3e-2), seeds=1, steps=200),
    measures=(
        Measure("training bits per character", "bits_per_char", split="train"),
        Measure("training time (s)", "seconds", split="train", at="total"),
    ),
    figures=(ByAxis("layers", "score", "layers", "bits per character of the test text"),),
    claims=(
        Claim(
            "C21",
            "two layers are usually enough: at equal parameters 4 need no fewer bits, by more than 0.01",
            (Compare("layers", "4", "2", margin=-0.01, measure="score", where={"layers are": ("of equal*",)}),),
        ),
        Claim(
            "C22",
            "skip connections make deep networks trainable: 8 equally wide layers need 0.1 bits fewer with them",
            (
                Compare(
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
