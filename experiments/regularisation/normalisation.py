"""Layer norm suits recurrent networks, batch norm does not (C23): by the length of the sequence and the size of the
batch.

    python launch.py --experiment=normalisation

Two layers of LSTM cells, the outputs of each normalised: not at all, over their features (layer), over batch and time
(batch), or over the batch at each step (batch_per_step; Cooijmans et al. 2016, who go on to normalise inside the step,
which this does not). The digits that come with scikit-learn, a row a step (8) or a pixel a step (64); batches of 4, 32
and 128, compared within each size, at one number of updates. About 20 minutes on two CPU cores (32 of processor time).
At the size of the published figures, 28, 112 and 196 steps of MNIST, some hours::

    python launch.py --experiment=normalisation --data_dir=DATA --workdir=runs/normalisation_mnist
        --config.task.name=sequential_mnist --grid.task.order=rows,quarter_rows,seventh_rows
        --config.model.cell.hidden=100 --config.train.steps=4000

Margins, in accuracy: 0.01 is three of the 300 test images, and what runs of one arm differ by; 0.02 is twice that.
Cooijmans et al. report 90.2% without norm and 95.4% with theirs on permuted MNIST, pixel by pixel.
"""

import rnn_research.experiment as ex

UPDATES = 1500

EXPERIMENT = ex.Experiment(
    question="Which norm suits recurrent layers, by the length of the sequence and the size of the batch?",
    base=ex.TrialConfig(
        task=ex.Choice("sequential_digits"),
        model=ex.ModelConfig(cell=ex.Choice("lstm", hidden=24, forget_bias=1.0), layers=2),
        train=ex.TrainConfig(steps=UPDATES, batch=32, eval_every=150, valid_examples=300, test_examples=10_000),
    ),
    axes={
        "task.order": ("rows", "pixels"),
        "train.batch": (4, 32, 128),
        "model.norm": ("none", "layer", "batch", "batch_per_step"),
    },
    compare="norm",
    seeds=8,
    tune=ex.Tune(values=(3e-3, 1e-2, 3e-2), seeds=1, steps=UPDATES, limits=(1e-4, 0.4)),
    figures=(ex.ByAxis("batch", "score", "sequences in a batch", "accuracy on the test images"),),
    claims=(
        ex.Claim(
            "C23",
            "layer norm suits recurrent layers: it is not worse than none by more than 0.01",
            (ex.Compare("norm", "layer", "none", margin=-0.01, measure="score"),),
        ),
        ex.Claim(
            "C23",
            "batch norm over batch and time does not, where batches are small: of 4 it is worse by more than 0.02",
            (ex.Compare("norm", "none", "batch", margin=0.02, measure="score", where={"batch": ("4",)}),),
        ),
        ex.Claim(
            "C23",
            "nor where sequences are long: over 64 steps it is worse by more than 0.02",
            (ex.Compare("norm", "none", "batch", margin=0.02, measure="score", where={"order": ("pixels",)}),),
        ),
        ex.Claim(
            "Cooijmans 2016",
            "moments of each step's own are better than those of all steps together, over 64 steps, by more than 0.02",
            (
                ex.Compare(
                    "norm", "batch_per_step", "batch", margin=0.02, measure="score", where={"order": ("pixels",)}
                ),
            ),
            primary=False,
        ),
    ),
    minutes=20,
)
