"""How far apart may cause and effect be for each cell, on tasks of many kinds? C16 as a claim about tasks in general.

python launch.py --experiment=long_dependencies
"""

import rnn_research.experiment as ex


def family(name: str, task: ex.Choice, option: str, *distances: int) -> tuple[dict[str, ex.Variant], ...]:
    """A task at growing distances; ``option`` is what it calls them."""
    kind = ex.Variant(name, {"task": task})
    return tuple(
        {"family": kind, "distance": ex.Variant(distance, {f"task.{option}": distance})} for distance in distances
    )


FAMILIES = (
    *family("adding", ex.Choice("adding"), "length", 25, 50, 100),
    *family("multiplication", ex.Choice("multiplication"), "length", 25, 50, 100),
    *family("copying", ex.Choice("copy_memory"), "delay", 5, 20),
    *family("temporal order", ex.Choice("temporal_order"), "length", 25, 50, 100),
    *family("recall", ex.Choice("recall_first", distractors=False), "length", 25, 50, 100),
    *family("recall through noise", ex.Choice("two_sequences"), "length", 25, 50, 100),
    *family("embedded Reber", ex.Choice("embedded_reber", shortest=9), "length", 12, 25, 50),
    *family("parity", ex.Choice("parity", shortest=1), "length", 5, 10, 20),
    *family("A5", ex.Choice("permutations", group="A5", generators=True), "length", 5, 10, 20),
    *family("aⁿbⁿ", ex.Choice("counter_language", shortest=2), "length", 10, 20, 40),
    *family("aⁿbⁿcⁿ", ex.Choice("counter_language", shortest=3, letters=3), "length", 15, 30, 60),
)

EXPERIMENT = ex.Experiment(
    question="How far apart may cause and effect be for each cell to learn it, on tasks of many kinds?",
    base=ex.TrialConfig(
        model=ex.ModelConfig(match="parameters"),
        optimizer=ex.OptimizerConfig(name="adam", clip_norm=1.0),
        train=ex.TrainConfig(steps=2000, batch=32, eval_every=500, test_examples=1024),
    ),
    axes={
        "network": (
            ex.Variant("Elman", {"model.cell": ex.Choice("elman", hidden=24)}),
            ex.Variant(
                "IRNN", {"model.cell": ex.Choice("elman", hidden=24, activation="relu", recurrent_init="identity")}
            ),
            ex.Variant("LSTM", {"model.cell": ex.Choice("lstm", hidden=24, forget_bias=1.0)}),
            ex.Variant("LSTM, chrono", {"model.cell": ex.Choice("lstm", hidden=24, chrono=100)}),
            ex.Variant("GRU", {"model.cell": ex.Choice("gru", hidden=24, keep_bias=1.0, reset_after=True)}),
        ),
    },
    points=FAMILIES,
    compare="network",
    seeds=16,
    tune=ex.Tune(values=(1e-3, 3e-3, 1e-2, 3e-2), seeds=1, steps=2000),
    figures=(ex.ByAxis("distance", "solved", "length of the sequence (steps)", "share of runs that solved it"),),
    claims=(
        ex.Claim(
            "C16",
            "the LSTM captures distant dependencies better than the Elman RNN: by more than a tenth of the way from "
            "the trivial baseline to a perfect answer, over families of tasks in general",
            (ex.Compare("network", "LSTM", "Elman", margin=0.1, families="family"),),
        ),
    ),
)
