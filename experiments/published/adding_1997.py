"""Does the LSTM of 1997 do what its paper says? Hochreiter and Schmidhuber (1997), experiment 4, T = 100."""

import rnn_research.experiment as ex

ORIGINAL = {
    "model.cell": ex.Choice("lstm_1997", hidden=4, block=2, input_bias=-3.0),
    "optimizer.name": "sgd",
    "optimizer.learning_rate": 0.25,
    "optimizer.clip_norm": 0.0,
}

EXPERIMENT = ex.Experiment(
    question="Does the LSTM of 1997 solve the adding problem over 100 steps as its paper says?",
    base=ex.TrialConfig(
        task=ex.Choice("adding_1997", length=100),
        model=ex.ModelConfig(head_init="uniform(0.1)"),
        train=ex.TrainConfig(steps=148_000, batch=1, eval_every=2000, valid_examples=2560, test_examples=2560),
    ),
    axes={
        "network": (
            ex.Variant("LSTM of 1997", ORIGINAL),
            ex.Variant("its gradient whole", ORIGINAL | {"model.cell.truncated": False}),
            ex.Variant(
                "LSTM of today, Adam",
                {"model.cell": ex.Choice("lstm", hidden=4, forget_bias=1.0), "optimizer.learning_rate": 3e-3},
            ),
        ),
    },
    compare="network",
    seeds=8,
    measures=(
        ex.Measure("wrong of 2,560", "wrong", split="test", better="lower"),
        ex.Measure("2,000 in a row right", "accuracy", split="train", at="greatest", above=0.99999),
    ),
    claims=(ex.Claim("H", "x", (ex.Level("wrong of 2,560", "below", 3.0, {"network": ("LSTM of 1997",)}),)),),
    minutes=5,
)
