"""An experiment of a user's own, on things of a user's own: see ``toys``, beside this file."""

import toys  # pyright: ignore[reportMissingImports]  # noqa: F401

import rnn_research.experiment as ex

EXPERIMENT = ex.Experiment(
    question="Does a network write acronyms that the first word does not give away?",
    base=ex.TrialConfig(
        task=ex.Choice("acronym", length=2),
        model=ex.ModelConfig(cell=ex.Choice("elman", hidden=16), embedding=4, norm="running"),
        optimizer=ex.OptimizerConfig(learning_rate=1e-2),
        probes=(ex.Choice("kernel"), ex.Choice("gradients", examples=8)),
        train=ex.TrainConfig(steps=600, batch=16, eval_every=50, valid_examples=32, test_examples=100),
    ),
    axes={
        "way": (
            ex.Variant("network", {}),
            ex.Variant("first word", {"learner": ex.Choice("first_word"), "probes": ()}),
        )
    },
    compare="way",
    seeds=2,
    measures=(ex.Measure("edit distance", "distance", split="test"),),
    claims=(
        ex.Claim("toy", "the network is right more often", (ex.Compare("way", "network", "first word", margin=0.0),)),
    ),
)
