"""Can tricks repair the Elman RNN's vanishing gradient, as far as the LSTM goes without any? C12.

    python launch.py --experiment=no_tricks --until_decided --max_seeds=16

"It cannot be mended by tricks" (deck L1). Three sets of tricks that exclude each other, each with clipping: an
orthogonal start, a penalty that keeps it so, and skip connections through time; relu from an identity (IRNN, Le et al.
2015); Ω (Pascanu et al. 2013), which knows no skip connections. Beside them the Elman RNN without any, the LSTM with
its memory open at the start, and the LSTM whose gates start on time scales of up to 200 steps (Tallec and Ollivier
2018). Two tasks, at two lengths, 5,000 updates: in 1,000 no LSTM had learned temporal order over 200 steps.

Equal parameters; the same candidate rates, seeds and batches for each, pilots as long as the runs. The margin is that
of C16: a tenth of the runs that solve the task, or of the way to a perfect answer. About 42 minutes on two CPU cores
with 8 seeds; Ω takes twice as long as the plain RNN.
"""

import rnn_research.experiment as ex

CLIPPED = {"optimizer.clip_norm": 1.0}
ORTHOGONAL = ex.Choice("elman", hidden=24, recurrent_init="orthogonal")
TRICKS = (
    ex.Variant(
        "RNN, orthogonal, skips", CLIPPED | {"model.cell": ORTHOGONAL, "penalty.orthogonality": 0.01, "model.skip": 16}
    ),
    ex.Variant(
        "RNN, identity and relu",
        CLIPPED | {"model.cell": ex.Choice("elman", hidden=24, activation="relu", recurrent_init="identity")},
    ),
    ex.Variant("RNN, Ω", CLIPPED | {"model.cell": ORTHOGONAL, "penalty.omega": 1.0}),
)


def at(length: int) -> dict[str, tuple[str, ...]]:
    return {"length": (str(length),)}


def beyond_tricks(network: str, length: int) -> tuple[ex.Compare, ...]:
    return tuple(ex.Compare("network", network, str(trick.name), margin=0.1, where=at(length)) for trick in TRICKS)


EXPERIMENT = ex.Experiment(
    question="Can tricks give the Elman RNN the reach of an LSTM, as the distance grows?",
    base=ex.TrialConfig(
        model=ex.ModelConfig(match="parameters"),
        optimizer=ex.OptimizerConfig(name="adam", clip_norm=0.0),
        train=ex.TrainConfig(steps=5000, batch=32, eval_every=500, test_examples=1024),
    ),
    axes={
        "task.name": ("adding", "temporal_order"),
        "task.length": (100, 200),
        "network": (
            ex.Variant("plain RNN", {"model.cell": ex.Choice("elman", hidden=24, recurrent_init="glorot")}),
            *TRICKS,
            ex.Variant("LSTM", {"model.cell": ex.Choice("lstm", hidden=24, forget_bias=1.0)}),
            ex.Variant("LSTM, chrono", {"model.cell": ex.Choice("lstm", hidden=24, chrono=200)}),
        ),
    },
    compare="network",
    seeds=8,
    tune=ex.Tune(values=(1e-3, 3e-3, 1e-2), seeds=1, steps=5000, limits=(1e-4, 0.2)),
    figures=(
        ex.ByAxis("length", "skill", "length of the sequence (steps)", "skill (0 trivial, 1 perfect)"),
        ex.ByAxis("length", "solved", "length of the sequence (steps)", "share of runs that solved it"),
    ),
    claims=(
        *(
            ex.Claim(
                "C12",
                f"tricks do not repair it: over {length} steps the LSTM is better by more than a tenth than the Elman "
                "RNN with any of the three sets of tricks",
                beyond_tricks("LSTM", length),
            )
            for length in (200, 100)
        ),
        *(
            ex.Claim(
                "C12",
                f"over {length} steps the LSTM with chrono gates is better by more than a tenth than with any of them",
                beyond_tricks("LSTM, chrono", length),
                primary=False,
            )
            for length in (200, 100)
        ),
        *(
            ex.Claim(
                "C12",
                f"tricks help: the {trick.name} is better than the plain RNN by more than a tenth, over both lengths",
                (ex.Compare("network", str(trick.name), "plain RNN", margin=0.1),),
                primary=False,
            )
            for trick in TRICKS
        ),
    ),
    minutes=42,
)
