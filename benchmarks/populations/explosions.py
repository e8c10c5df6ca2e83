"""Runs that finish or diverge: an Elman RNN of relus on adding, by SGD, from spectral radii that explode, with and
without L2. 200 seeds each."""

import rnn_research.experiment as ex

EXPERIMENT = ex.Experiment(
    question="From which spectral radius on do gradients explode?",
    base=ex.TrialConfig(
        task=ex.Choice("adding", length=50),
        model=ex.ModelConfig(cell=ex.Choice("elman", hidden=32, activation="relu")),
        optimizer=ex.OptimizerConfig(name="sgd", learning_rate=1e-2, clip_norm=0.0),
        train=ex.TrainConfig(steps=200, batch=32, eval_every=2, valid_examples=32),
    ),
    axes={
        "model.init_scale": (1.2, 1.4, 1.6),
        "cure": (ex.Variant("none", {}), ex.Variant("L2", {"penalty.l2": 0.1})),
    },
    compare="cure",
    seeds=200,
)
