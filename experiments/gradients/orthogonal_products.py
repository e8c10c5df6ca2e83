"""Does an orthogonal recurrent matrix neither explode nor vanish, over 1,000 steps? C13.

    python launch.py --experiment=orthogonal_products

Products of the step Jacobians along 1,000 steps of the adding problem, at initialisation: linear, tanh and sigmoid
networks, with an orthogonal matrix made by QR, one made by the lectures' SVD, and a Gaussian one of spectral radius
about 1. Nothing is trained. About 1 minute on two CPU cores.
"""

import rnn_research.experiment as ex

ORTHOGONAL = ("orthogonal", "orthogonal_svd")


def neither(activation: str, source: str) -> ex.Claim:
    where = {"activation": (activation,), "recurrent_init": ORTHOGONAL}
    return ex.Claim(
        source,
        f"with an orthogonal U and {activation} units, the product of 1,000 Jacobians stays within a factor of 10 of 1",
        (ex.Level("log10 ‖product‖", "above", -1, where=where), ex.Level("log10 ‖product‖", "below", 1, where=where)),
    )


EXPERIMENT = ex.Experiment(
    question="What becomes of a product of 1,000 step Jacobians, with orthogonal and with random recurrent matrices?",
    base=ex.TrialConfig(
        task=ex.Choice("adding", length=1000),
        model=ex.ModelConfig(cell=ex.Choice("elman", hidden=32)),
        probes=(ex.Choice("jacobians", examples=2),),
        train=ex.TrainConfig(steps=0, valid_examples=32, test_examples=256),
    ),
    axes={
        "model.cell.activation": ("linear", "tanh", "sigmoid"),
        "model.cell.recurrent_init": ("orthogonal", "orthogonal_svd", "gaussian"),
    },
    compare="recurrent_init",
    seeds=10,
    measures=(
        ex.Measure("log10 ‖product‖", "log10_product_end"),
        ex.Measure("Lyapunov exponent (nats/step)", "lyapunov_max"),
    ),
    claims=(
        neither("linear", "C13"),
        neither("tanh", "C13 with tanh"),
        neither("sigmoid", "C13 with a sigmoid"),
    ),
    minutes=1,
)
