"""What do recurrent networks make of images that they read by rows or pixel by pixel, in order and shuffled? S20.

    python launch.py --experiment=sequential_images
    python launch.py --experiment=sequential_images --data_dir=... --config.task.name=sequential_mnist \\
        --grid.task.order=rows --config.model.cell.hidden=128 --config.train.batch=100 --config.train.steps=4000 \\
        --config.train.eval_every=500 --config.train.test_examples=10000 --workdir=runs/sequential_mnist_rows

By default the embedded digits of 8×8 pixels: 8 steps of a row, or 64 of a pixel, no long dependency. The second command
is MNIST by rows, seven epochs, some 50 minutes by the forecast; ``--grid.task.order=pixels`` its 784 steps, the task of
Le, Jaitly and Hinton (2015), many hours on a CPU. Permuted: the same images, their pixels in one random order. Elman
RNN, LSTM, GRU, and the relu RNN that begins as the identity (theirs, "IRNN"; its input weights here are glorot's), at
equal parameters. About 10 minutes on two CPU cores (11 of processor time, on busy ones 23).

Margins: 0.02, six of the 300 test images. Le et al. lose 15 points by permuting (IRNN, 97% and 82%), Arjovsky et al.
(2016) 10 with an LSTM (98.2% and 88%).
"""

import rnn_research.experiment as ex

UPDATES = 2000

EXPERIMENT = ex.Experiment(
    question="How well do recurrent networks classify images that they read by rows or pixel by pixel?",
    base=ex.TrialConfig(
        task=ex.Choice("sequential_digits"),
        model=ex.ModelConfig(match="parameters"),
        optimizer=ex.OptimizerConfig(schedule="linear"),
        train=ex.TrainConfig(steps=UPDATES, batch=32, eval_every=200, valid_examples=5000),
    ),
    axes={
        "task.order": ("rows", "pixels"),
        "task.permuted": (False, True),
        "network": (
            ex.Variant("Elman", {"model.cell": ex.Choice("elman", hidden=48)}),
            ex.Variant("LSTM", {"model.cell": ex.Choice("lstm", hidden=48, forget_bias=1.0)}),
            ex.Variant("GRU", {"model.cell": ex.Choice("gru", hidden=48, keep_bias=1.0, reset_after=True)}),
            ex.Variant(
                "IRNN", {"model.cell": ex.Choice("elman", hidden=48, activation="relu", recurrent_init="identity")}
            ),
        ),
    },
    compare="network",
    seeds=8,
    tune=ex.Tune(values=(1e-3, 3e-3, 1e-2), seeds=1, steps=UPDATES, limits=(1e-4, 0.2)),
    claims=(
        *(
            ex.Claim(
                f"Le 2015, Arjovsky 2016: {network}",
                "read pixel by pixel, images are harder with their pixels in random order: more than 0.02 less are "
                f"right, of the {network}",
                (
                    ex.Compare(
                        "permuted",
                        "False",
                        "True",
                        0.02,
                        {"order": ("pixels",), "network": (network,)},
                        measure="accuracy",
                    ),
                ),
            )
            for network in ("LSTM", "IRNN")
        ),
        ex.Claim(
            "C16, images",
            "read pixel by pixel the LSTM is better than the Elman RNN, by more than 0.02",
            (ex.Compare("network", "LSTM", "Elman", 0.02, {"order": ("pixels",)}, measure="accuracy"),),
            primary=False,
        ),
    ),
    measures=(ex.Measure("accuracy", "accuracy", split="test", better="higher"),),
    minutes=10,
)
