"""Is ‖∂h_j/∂h_{j−1}‖ at most max σ'·‖U‖, below 1 for a sigmoid, and is an orthogonal U no help? C11.

    python launch.py --experiment=sigmoid_bound

Step Jacobians of Elman RNNs with sigmoid, tanh and relu on the adding problem, measured at initialisation and after
training. U is orthogonal (‖U‖ = 1) or Gaussian (‖U‖ about 2). Products of Jacobians over up to 100 steps.
About 2 minutes on two CPU cores.
"""

import rnn_research.experiment as ex

SIGMOID = {"activation": ("sigmoid",)}
ORTHOGONAL = {"recurrent_init": ("orthogonal",)}

EXPERIMENT = ex.Experiment(
    question="How large are the step Jacobians of sigmoid, tanh and relu RNNs, and does an orthogonal matrix help?",
    base=ex.TrialConfig(
        task=ex.Choice("adding", length=100),
        model=ex.ModelConfig(cell=ex.Choice("elman", hidden=32)),
        optimizer=ex.OptimizerConfig(name="adam", learning_rate=1e-3, clip_norm=1.0),
        probes=(ex.Choice("jacobians", every=500, examples=8),),
        train=ex.TrainConfig(steps=500, batch=32, eval_every=100),
    ),
    axes={
        "model.cell.recurrent_init": ("orthogonal", "gaussian"),
        "model.cell.activation": ("sigmoid", "tanh", "relu"),
    },
    compare="activation",
    seeds=20,
    measures=(
        ex.Measure("‖J‖ greatest at start", "jacobian_norm_max", at="first", quantity="amount"),
        ex.Measure("‖J‖ greatest at end", "jacobian_norm_max", quantity="amount"),
        ex.Measure("bound at end", "bound", quantity="amount"),
        ex.Measure("‖J‖ / bound, greatest", "norm_over_bound", at="greatest", quantity="amount"),
        ex.Measure("log10 ‖product‖ at start", "log10_product_end", at="first"),
        ex.Measure("log10 ‖product‖ at end", "log10_product_end"),
    ),
    claims=(
        ex.Claim(
            "C11",
            "no step Jacobian is above max σ'·‖U‖ (but for rounding), for any activation",
            (ex.Level("‖J‖ / bound, greatest", "below", 1.0001),),
        ),
        ex.Claim(
            "C11",
            "with a sigmoid the Jacobian's norm is below 1, and the product over 100 steps below 1e-10: it vanishes",
            (
                ex.Level("‖J‖ greatest at start", "below", 1, where=SIGMOID),
                ex.Level("log10 ‖product‖ at start", "below", -10, where=SIGMOID),
            ),
        ),
        ex.Claim(
            "C11",
            "an orthogonal U does not help a sigmoid: over 100 steps it keeps no more than a random one does",
            (
                ex.Compare(
                    "recurrent_init",
                    "gaussian",
                    "orthogonal",
                    margin=0,
                    where=SIGMOID,
                    measure="log10 ‖product‖ at start",
                ),
            ),
        ),
        ex.Claim(
            "C11 with tanh",
            "an orthogonal U does help a tanh: over 100 steps it keeps more than a thousandth",
            (ex.Level("log10 ‖product‖ at start", "above", -3, where={"activation": ("tanh",)} | ORTHOGONAL),),
        ),
    ),
    minutes=2,
)
