"""Do Jacobians of norm above 1 make training diverge, and does each of the lectures' cures help? C08, C10.

    python launch.py --experiment=exploding_gradients

An Elman RNN names the first of 20 symbols, after which it reads nothing; trained by plain SGD. Its recurrent matrix
starts as an orthogonal one times a factor, which is its spectral radius and its norm. With relu, ‖∂h_j/∂h_{j−1}‖ is
that factor where all units are active; with tanh it is at most that. A run diverges when its loss is no longer finite;
a spike is a training loss ten times the least before it: by the luck of batches alone it changes by three at most. With
relu at radius 2 there is no curve, as most runs diverge in the first updates.

Each cure has five strengths, steps of three to ten around what is usual. A run is cured if it learns: solves the task,
at most 1% wrong, at a radius where without a cure it diverges. Each cure is judged at the strength with which most
pilots solved the task: as long as the runs, two on other seeds at each of three radii; of equals, the one of the lowest
validation loss. More than half of the runs, as a cure that fails as often as it helps is none. About 6 minutes on two
CPU cores.
"""

import rnn_research.experiment as ex

RADII = (0.8, 1.0, 1.2, 1.4, 1.6, 2.0)
EXPLODING = (1.4, 1.6, 2.0)
NONE = ex.Variant("none", {})
CURES = {
    "norm": ("optimizer.clip_norm", (0.01, 0.1, 1.0, 10.0, 100.0)),
    "value": ("optimizer.clip_value", (0.001, 0.01, 0.1, 1.0, 10.0)),
    "L2": ("penalty.l2", (0.001, 0.01, 0.03, 0.1, 1.0)),
    "rate": ("optimizer.learning_rate", (0.03, 0.01, 0.003, 0.001, 0.0003)),
}
CHOSEN = {"norm": 1.0, "value": 0.01, "L2": 0.001, "rate": 0.003}  # by the pilots


def arms(activation: str, radii: tuple[float, ...], cures: tuple[ex.Variant, ...]) -> tuple[dict, ...]:
    return tuple(
        {"model.cell.activation": activation, "model.init_scale": radius, "cure": cure}
        for radius in radii
        for cure in cures
    )


def strengths(cure: str) -> tuple[ex.Variant, ...]:
    path, values = CURES[cure]
    return tuple(ex.Variant(f"{cure} {value:g}", {path: value}) for value in values)


def of(activation: str, cure: str = "none", radii: tuple[float, ...] = RADII) -> dict[str, tuple[str, ...]]:
    return {"activation": (activation,), "cure": (cure,), "init_scale": tuple(map(str, radii))}


def cured_by(cure: str) -> ex.Claim:
    return ex.Claim(
        "C10",
        f"{cure} cures explosion: at spectral radii of 1.4 to 2 more than half of the runs learn with it, and fewer "
        "than half without any cure",
        (
            ex.Level("solved", "above", 0.5, where=of("relu", f"{cure} {CHOSEN[cure]:g}", EXPLODING)),
            ex.Level("solved", "below", 0.5, where=of("relu", radii=EXPLODING)),
        ),
    )


EXPERIMENT = ex.Experiment(
    question="From which spectral radius on do gradients explode, and what cures it?",
    base=ex.TrialConfig(
        task=ex.Choice("recall_first", length=20, distractors=False),
        model=ex.ModelConfig(cell=ex.Choice("elman", hidden=32)),
        optimizer=ex.OptimizerConfig(name="sgd", learning_rate=0.1, clip_norm=0.0),
        train=ex.TrainConfig(steps=600, batch=32, eval_every=5, valid_examples=64, test_examples=1024),
    ),
    axes={},
    points=(
        *arms("relu", RADII, (NONE,)),
        *arms("tanh", RADII, (NONE,)),
        *arms("relu", EXPLODING, tuple(strength for cure in CURES for strength in strengths(cure))),
    ),
    compare="cure",
    seeds=16,
    measures=(
        ex.Measure("spike", "loss", split="train", at="spike", above=10.0),
        ex.Measure("greatest gradient norm", "grad_norm_max", split="train", at="greatest", quantity="amount"),
    ),
    figures=(
        ex.ByAxis(
            "init_scale",
            "solved",
            "spectral radius of U at the start",
            "share of runs that solved the task",
            where={"cure": ("none", *(f"{cure} {strength:g}" for cure, strength in CHOSEN.items()))},
        ),
        ex.ByAxis(
            "init_scale",
            "finished",
            "spectral radius of U at the start",
            "share of runs that did not diverge",
            where={"cure": ("none",)},
        ),
        ex.Curves("loss", "train", "training loss", log=True, where={"cure": ("none",)}),
    ),
    claims=(
        *(
            ex.Claim(
                "C08",
                f"with Jacobians of norm above 1 training diverges, {activation}: more than half of the runs at "
                "spectral radius 2 that do not at radius 0.8",
                (ex.Compare("init_scale", "0.8", "2.0", margin=0.5, measure="finished", where=of(activation)),),
            )
            for activation in ("relu", "tanh")
        ),
        *(
            ex.Claim(
                "C08",
                f"it is visible on the learning curve, {activation}: at radii of 1.2 to 1.6 the training loss of "
                "more than half of the runs has a spike",
                (ex.Level("spike", "above", 0.5, where=of(activation, radii=RADII[2:5])),),
            )
            for activation in ("relu", "tanh")
        ),
        *(cured_by(cure) for cure in CURES),
    ),
    minutes=6,
)
