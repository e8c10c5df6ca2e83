"""Which digit did a pen write? Recurrent networks on people they have not seen, beside nearest neighbours (S20, C20).

    python launch.py --experiment=pen_digits --data_dir=DIR

Reads pendigits_orig/pendigits-{train,test}.gz from the data directory. Digits of 25 people to train on, of 5 to choose
rates and parameters by, of 14 to test on; each as 32 points at even distances along its ink (three nearest neighbours
tell 0.98 of the test by 16 as by 32). As positions, and as offsets from the point before, from which a network has to
add up where it is.

Margins: 0.003 is ten of the 3,498 digits, a sixth of the errors that nearest neighbours make; for less nobody would
take another network. About 8 minutes on two CPU cores.
"""

import rnn_research.experiment as ex

UPDATES = 1600
LSTM = ex.Choice("lstm", hidden=64, forget_bias=1.0)
POSITIONS, OFFSETS = {"form": ("positions",)}, {"form": ("offsets",)}

EXPERIMENT = ex.Experiment(
    question="Which digit did a pen write, by people whom training does not know: do networks beat neighbours?",
    base=ex.TrialConfig(
        task=ex.Choice("pen_digits", points=32),
        optimizer=ex.OptimizerConfig(schedule="linear"),
        train=ex.TrainConfig(steps=UPDATES, batch=64, eval_every=200, valid_examples=1248, test_examples=3498),
    ),
    axes={
        "task.form": ("positions", "offsets"),
        "network": (
            ex.Variant("Elman", {"model.cell": ex.Choice("elman", hidden=64)}),
            ex.Variant("GRU", {"model.cell": ex.Choice("gru", hidden=64, keep_bias=1.0, reset_after=True)}),
            ex.Variant("LSTM", {"model.cell": LSTM}),
            ex.Variant("LSTM both ways", {"model.cell": LSTM, "model.bidirectional": True}),
            ex.Variant("3 nearest", {"learner": ex.Choice("nearest_neighbours", neighbours=3)}),
        ),
    },
    compare="network",
    seeds=8,
    tune=ex.Tune(values=(1e-3, 3e-3, 9e-3), seeds=1, steps=UPDATES, limits=(1e-4, 0.1)),
    claims=(
        ex.Claim(
            "S20",
            "an LSTM that reads positions both ways tells more than 97.5% of the digits of people it has not seen",
            (ex.Level("score", "above", 0.975, POSITIONS | {"network": ("LSTM both ways",)}),),
        ),
        ex.Claim(
            "S20",
            "of positions it tells more than three nearest neighbours do",
            (ex.Compare("network", "LSTM both ways", "3 nearest", 0.0, POSITIONS, "score"),),
        ),
        ex.Claim(
            "C20",
            "reading both ways helps: by more than 0.003 of the digits over an LSTM that reads one way",
            (ex.Compare("network", "LSTM both ways", "LSTM", 0.003, measure="score"),),
        ),
        ex.Claim(
            "C16",
            "from offsets, which are to be added up, the LSTM tells more than the Elman RNN, by more than 0.003",
            (ex.Compare("network", "LSTM", "Elman", 0.003, OFFSETS, "score"),),
        ),
        ex.Claim(
            "C19",
            "the GRU is as good as the LSTM: not worse by more than 0.003",
            (ex.Compare("network", "GRU", "LSTM", -0.003, measure="score"),),
        ),
    ),
    minutes=8,
)
