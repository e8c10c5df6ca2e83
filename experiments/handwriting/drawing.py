"""A class in, a sequence out (S23): digits written with a pen, point by point, by a mixture density (Graves 2013).

    python launch.py --experiment=drawing --data_dir=DIR

Reads pendigits_orig/pendigits-{train,test}.gz from the data directory. Every second point of a digit, so that most have
about 20; the same width for all cells. Scored are nats a point on people whom training does not know; then 20 digits of
each class are drawn at each of three temperatures, and three nearest neighbours among real digits say which they take
them for: 0.98 of the test's real ones they tell.

Margins: 0.05 nats a point is one nat a digit, which makes a whole digit 2.7 times as likely. What is drawn at
temperature 0.25 is to be recognised nine times in ten, and by 0.05 more often than at 1: one sample of each class
in 20. About 10 minutes on two CPU cores (with tests beside it; 6.5 of processor time).
"""

import rnn_research.experiment as ex

UPDATES = 1500
TEMPERATURES = (0.25, 0.5, 1.0)

EXPERIMENT = ex.Experiment(
    question="Can a recurrent network write a digit that it is told, and does a lower temperature make it plainer?",
    base=ex.TrialConfig(
        task=ex.Choice("pen_drawing", every=2, components=10),
        optimizer=ex.OptimizerConfig(schedule="linear"),
        probes=(ex.Choice("drawings", temperatures=TEMPERATURES, samples=20),),
        train=ex.TrainConfig(steps=UPDATES, batch=32, eval_every=250, valid_examples=1248, test_examples=3498),
    ),
    axes={
        "model.cell": (
            ex.Choice("elman", hidden=96),
            ex.Choice("gru", hidden=96, keep_bias=1.0, reset_after=True),
            ex.Choice("lstm", hidden=96, forget_bias=1.0),
        )
    },
    compare="cell",
    seeds=8,
    tune=ex.Tune(values=(1e-3, 3e-3, 9e-3), seeds=1, steps=UPDATES, limits=(1e-4, 0.1)),
    measures=(
        *(
            ex.Measure(f"recognised at {t:g}", f"recognised@{t:g}", better="higher", quantity="share")
            for t in TEMPERATURES
        ),
        *(ex.Measure(f"spread at {t:g}", f"spread@{t:g}", quantity="amount") for t in TEMPERATURES),
        ex.Measure("gained by cooling", "recognised_gain"),
    ),
    claims=(
        ex.Claim(
            "Graves 2013",
            "the LSTM needs fewer nats a point than the Elman RNN, by more than 0.05",
            (ex.Compare("cell", "elman", "lstm", 0.05, measure="score"),),
        ),
        ex.Claim(
            "C19",
            "the GRU is as good as the LSTM: it needs no more than 0.05 nats a point more",
            (ex.Compare("cell", "lstm", "gru", -0.05, measure="score"),),
        ),
        ex.Claim(
            "S23",
            "what the LSTM draws at temperature 0.25 is recognised as its class more than nine times in ten",
            (ex.Level("recognised at 0.25", "above", 0.9, {"cell": ("lstm",)}),),
        ),
        ex.Claim(
            "Graves 2013",
            "a lower temperature makes it plainer and more alike: at 0.25 more is recognised than at 1, by more than "
            "0.05, and two drawings of a class differ less than those of two people",
            (
                ex.Level("gained by cooling", "above", 0.05, {"cell": ("lstm",)}),
                ex.Level("spread at 0.25", "below", 1.0, {"cell": ("lstm",)}),
            ),
        ),
    ),
    minutes=8,
)
