"""How much can a recurrent network hold, by its width? C27.

    python launch.py --experiment=memory_capacity

Copying: K symbols of eight are read, then a delimiter, then all are to be repeated in order: 3K bits to be held at
once. Bits recalled are counted from the loss, ``3K − Σ −log2 p(symbol)``: at most what the network still knows of them
(a bound of Barber and Agakov 2003), with credit for one that is unsure between two symbols. Of 5 symbols wide networks
recall all, of 20 none does; there the width should show. Equal widths, as they are the question.

What is counted is what is learned in 3,000 updates, not what weights could be found for. Collins et al. (2017) found
room for about one real number a unit, whatever the cell; theirs are real numbers, remembered to some precision, ours
symbols to be repeated in order, so there is no line for them in the figure. About 10 minutes on two CPU cores.

Margin: 3 bits, one symbol more for twice the units.
"""

import rnn_research.experiment as ex

UPDATES = 3000
WIDTHS = (16, 32, 64)
CELLS = ("elman", "lstm", "gru")


def rises(cell: str) -> ex.Claim:
    where = {"cell": (cell,), "symbols to hold": ("20",)}
    return ex.Claim(
        "C27",
        f"a larger hidden state holds more: of 20 symbols {cell} layers recall at least 3 bits more with each doubling "
        "of their width, from 16 to 64",
        tuple(
            ex.Compare("units", str(2 * width), str(width), margin=3, measure="bits recalled", where=where)
            for width in WIDTHS[:-1]
        ),
    )


EXPERIMENT = ex.Experiment(
    question="How many bits does a recurrent network recall, by its width?",
    base=ex.TrialConfig(
        task=ex.Choice("copy_memory", delay=1),
        optimizer=ex.OptimizerConfig(schedule="linear"),
        train=ex.TrainConfig(steps=UPDATES, batch=32, eval_every=300, test_examples=1024),
    ),
    axes={
        "symbols to hold": tuple(ex.Variant(copied, {"task.copied": copied}) for copied in (5, 10, 20)),
        "model.cell": (
            ex.Choice("elman", hidden=16),
            ex.Choice("lstm", hidden=16, forget_bias=1.0),
            ex.Choice("gru", hidden=16, keep_bias=1.0, reset_after=True),
        ),
        "units": tuple(ex.Variant(width, {"model.cell.hidden": width}) for width in WIDTHS),
    },
    compare="cell",
    seeds=8,
    tune=ex.Tune(values=(1e-3, 3e-3, 1e-2), seeds=1, steps=UPDATES, limits=(1e-4, 0.2)),
    measures=(ex.Measure("bits recalled", "bits_recalled", split="test", better="higher"),),
    figures=(ex.ByAxis("units", "bits recalled", "units of the hidden layer", "bits recalled"),),
    claims=tuple(map(rises, CELLS)),
    minutes=10,
)
