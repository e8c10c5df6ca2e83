"""How far apart may cause and effect be for each cell, on tasks of many kinds? C16 as a claim about tasks in general.

    python launch.py --experiment=long_dependencies

Eleven families of tasks, all but one at two distances. What a distance is: the length of the sequence (of the longest,
where each draws its own), and the delay in copying. About 65 minutes on two CPU cores, by two workers
(``--executor=processes --workers=2``) and with other work beside them for some.

Every arm is treated alike: equal parameters, the same batches and seeds, rates to choose from and beyond, three pilots
for the best two, as where only some runs solve a task one pilot is luck; pilots as long as the runs (but for copying,
whose runs are five times as long, as nobody copies after 2,000 updates). The recurrent kernels
start orthogonal, IRNN's as the identity (Le et al. 2015, whose other weights are N(0, 0.001²); ours glorot's), and
the gates that keep a memory start open, at bias 1; ``chrono`` spreads them over time scales of up to 100 steps, one
T_max for all tasks. The GRU is the cuDNN form.

Margins: 0.1 of skill, or of runs that solve their task, is one more distance of two in every fifth family; a gain of
less would change nobody's choice of a cell. A claim about families in general is tested by how families differ; one
on these settings by how runs do.
"""

from typing import Any

import rnn_research.experiment as ex


def family(name: str, task: ex.Choice, option: str, *distances: int, **settings: Any) -> tuple[dict[str, Any], ...]:
    """A task at growing distances; ``option`` is what it calls them."""
    kind = ex.Variant(name, {"task": task} | settings)
    return tuple(
        {"family": kind, "distance": ex.Variant(distance, {f"task.{option}": distance})} for distance in distances
    )


FAMILIES = (
    *family("adding", ex.Choice("adding"), "length", 50, 100),
    *family("multiplication", ex.Choice("multiplication"), "length", 100),
    *family("copying", ex.Choice("copy_memory"), "delay", 5, 20, **{"train.steps": 10_000}),
    *family("temporal order", ex.Choice("temporal_order"), "length", 50, 100),
    *family("recall", ex.Choice("recall_first", distractors=False), "length", 50, 100),
    *family("recall through noise", ex.Choice("two_sequences"), "length", 50, 200),
    *family("embedded Reber", ex.Choice("embedded_reber", shortest=9), "length", 25, 50),
    *family("parity", ex.Choice("parity", shortest=1), "length", 10, 20),
    *family("A5", ex.Choice("permutations", group="A5", generators=True), "length", 10, 40),
    *family("aⁿbⁿ", ex.Choice("counter_language", shortest=2), "length", 20, 80),
    *family("aⁿbⁿcⁿ", ex.Choice("counter_language", shortest=3, letters=3), "length", 30, 120),
)

EXPERIMENT = ex.Experiment(
    question="How far apart may cause and effect be for each cell to learn it, on tasks of many kinds?",
    base=ex.TrialConfig(
        model=ex.ModelConfig(match="parameters"),
        optimizer=ex.OptimizerConfig(name="adam", clip_norm=1.0),
        train=ex.TrainConfig(steps=2000, batch=32, eval_every=250, test_examples=1024),
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
    seeds=8,
    tune=ex.Tune(values=(3e-3, 1e-2, 3e-2), seeds=1, steps=2000, limits=(1e-4, 0.4), final_seeds=3),
    figures=(
        ex.Reach("distance", "length, or delay in copying (steps)"),
        ex.ByAxis("distance", "solved", "length, or delay in copying (steps)", "share of runs that solved it"),
    ),
    claims=(
        ex.Claim(
            "C16",
            "the LSTM captures distant dependencies better than the Elman RNN: by more than a tenth, over families of "
            "tasks in general",
            (ex.Compare("network", "LSTM", "Elman", margin=0.1, families="family"),),
        ),
        ex.Claim(
            "C16",
            "the same on these settings",
            (ex.Compare("network", "LSTM", "Elman", margin=0.1),),
        ),
        ex.Claim(
            "C19",
            "the GRU is as good as the LSTM: not worse by more than a twentieth, on these settings",
            (ex.Compare("network", "GRU", "LSTM", margin=-0.05),),
            primary=False,
        ),
        ex.Claim(
            "Le 2015",
            "with relu and an identity for a start the Elman RNN reaches as far as the LSTM: not worse by more than a "
            "tenth, on these settings",
            (ex.Compare("network", "IRNN", "LSTM", margin=-0.1),),
            primary=False,
        ),
        ex.Claim(
            "Tallec 2018",
            "chrono initialisation takes the LSTM further than a forget bias of 1, on these settings",
            (ex.Compare("network", "LSTM, chrono", "LSTM", margin=0.0),),
            primary=False,
        ),
    ),
    minutes=65,
)
