"""Is ‖∂h_j/∂h_{j−1}‖ at most max σ'·‖U‖, below 1 for a sigmoid, and is an orthogonal U no help? C11.

    python launch.py --experiment=sigmoid_bound

Step Jacobians of Elman RNNs with sigmoid, tanh and relu on the adding problem, measured at initialisation and after
training. U is orthogonal (‖U‖ = 1) or Gaussian (‖U‖ about 2). SplitStep of Jacobians over up to 100 steps.
About 1 minute on two CPU cores.
"""

from rnn_research.experiment import (
    Choice,
    Claim,
    Compare,
    Experiment,
    Level,
    Measure,
    ModelConfig,
    OptimizerConfig,
    ProbeConfig,
    TrainConfig,
    TrialConfig,
)

SIGMOID = {"activation": ("sigmoid",)}
ORTHOGONAL = {"recurrent_init": ("orthogonal",)}

EXPERIMENT = Experiment(
    question="How large are the step Jacobians of sigmoid, tanh and relu RNNs, and does an orthogonal matrix help?",
    base=TrialConfig(
        task=Choice("adding", length=100),
        model=ModelConfig(cell=Choice("elman", hidden=32)),
        optimizer=OptimizerConfig(name="adam", learning_rate=1e-3, clip_norm=1.0),
        probe=ProbeConfig(jacobians=True, every=500, examples=8),
        train=TrainConfig(steps=500, batch=32, eval_every=100),
    ),
    axes={
        "model.cell.recurrent_init": ("orthogonal", "gaussian"),
        "model.cell.activation": ("sigmoid", "tanh", "relu"),
    },
    compare="activation",
    seeds=10,
    measures=(
        Measure("‖J‖ greatest at start", "jacobian_norm_max", at="first"),
        Measure("‖J‖ greatest at end", "jacobian_norm_max"),
        Measure("bound at end", "bound"),
        Measure("‖J‖ / bound, greatest", "norm_over_bound", at="greatest"),
        Measure("log10 ‖product‖ at start", "log10_product_end", at="first"),
        Measure("log10 ‖product‖ at end", "log10_product_end"),
    ),
    claims=(
        Claim(
            "C11",
            "no step Jacobian is above max σ'·‖U‖ (but for rounding), for any activation",
            (Level("‖J‖ / bound, greatest", "below", 1.0001),),
        ),
        Claim(
            "C11",
            "with a sigmoid the Jacobian's norm is below 1, and the product over 100 steps below 1e-10: it vanishes",
            (
                Level("‖J‖ greatest at start", "below", 1, where=SIGMOID),
                Level("log10 ‖product‖ at start", "below", -10, where=SIGMOID),
            ),
        ),
        Claim(
            "C11",
            "an orthogonal U does not help a sigmoid: over 100 steps it keeps no more than a random one does",
            (
                Compare(
                    "recurrent_init",
                    "gaussian",
                    "orthogonal",
                    margin=0,
                    where=SIGMOID,
                    measure="log10 ‖product‖ at start",
                ),
            ),
        ),
        Claim(
            "C11 with tanh",
            "an orthogonal U does help a tanh: over 100 steps it keeps more than a thousandth",
            (Level("log10 ‖product‖ at start", "above", -3, where={"activation": ("tanh",)} | ORTHOGONAL),),
        ),
    ),
    minutes=1,
)
