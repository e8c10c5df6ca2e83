"""How does the forget gate's first bias decide what an LSTM can learn? Jozefowicz et al. 2015, Tallec et al. 2018.

    python launch.py --experiment=forget_bias

Bias 0, bias 1, and chrono initialisation, on adding over 300 steps and on copying over a delay of 50, with the decay of
the error beside the learning curve. Pilots have 3,000 updates on either task. About 17 minutes of two workers on two
CPU cores.

In the papers' units: chrono's T_max is the length for adding, 300, and 3/2 of the delay for copying, 75, as Tallec and
Ollivier take them. They train 128 units by RMSProp at 1e-3 without clipping, on these losses: the squared error, whose
baseline is 1/6, and nats per step over all of a sequence. A bias here is one number a gate, as in Jozefowicz et al.;
where a library has two, it is their sum. Lengths and updates were set after a run of 1,500 updates in which all arms
learned to add over 120 steps and none to copy over 100.
"""

import rnn_research.experiment as ex

ADDING = ex.Variant("adding", {"task": ex.Choice("adding", length=300), "train.steps": 3000})
COPYING = ex.Variant("copying", {"task": ex.Choice("copy_memory", delay=50), "train.steps": 10_000})


def gates(task: ex.Variant, longest: int) -> tuple[dict[str, ex.Variant], ...]:
    """A task for each start of the forget gate; ``longest`` is chrono's T_max."""
    starts = {
        "bias 0": {"model.cell.forget_bias": 0.0},
        "bias 1": {"model.cell.forget_bias": 1.0},
        "chrono": {"model.cell.chrono": longest},
    }
    return tuple({"task": task, "forget gate": ex.Variant(name, start)} for name, start in starts.items())


EXPERIMENT = ex.Experiment(
    question="What does the forget gate's first bias do to the LSTM's gradients, and to what it learns?",
    base=ex.TrialConfig(
        model=ex.ModelConfig(cell=ex.Choice("lstm", hidden=32)),
        optimizer=ex.OptimizerConfig(name="adam", clip_norm=1.0),
        probes=(ex.Choice("gradients", every=500, examples=64),),
        train=ex.TrainConfig(steps=3000, batch=32, eval_every=250),
    ),
    axes={},
    points=(*gates(ADDING, 300), *gates(COPYING, 75)),
    compare="forget gate",
    seeds=8,
    tune=ex.Tune(values=(1e-3, 3e-3, 1e-2), seeds=1, steps=3000, limits=(1e-4, 0.2)),
    measures=ex.DECAY,
    claims=(
        ex.Claim(
            "Jozefowicz 2015",
            "a bias of 1 keeps more of the error at the start than one of 0, and gives a higher skill on adding",
            (
                ex.Compare("forget gate", "bias 1", "bias 0", margin=1, measure="log10 kept at start"),
                ex.Compare("forget gate", "bias 1", "bias 0", margin=0, where={"task": ("adding",)}),
            ),
        ),
        ex.Claim(
            "Tallec 2018",
            "chrono initialisation keeps more than a hundred times as much as bias 1, and gives a higher skill on both "
            "tasks together",
            (
                ex.Compare("forget gate", "chrono", "bias 1", margin=2, measure="log10 kept at start"),
                ex.Compare("forget gate", "chrono", "bias 1", margin=0),
            ),
        ),
    ),
    minutes=17,
)
