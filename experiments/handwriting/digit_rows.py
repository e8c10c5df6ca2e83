"""A class in, a picture out (S23): scikit-learn's digits in black and white, row by row.

Of each pixel of a row the probability of black, given the class and the rows above; no pixel knows its neighbours in
its own row. Then 20 pictures of each class are drawn at each of three temperatures, and three nearest neighbours among
real ones say which they take them for. Embedded data: 1,197 pictures to learn from, so the parameters of the lowest
validation loss are what counts.

Margins: 0.05 nats a row is 0.4 a picture, 1.5 times as likely; 0.05 of the samples is one of each class in 20. About a
minute on two CPU cores.
"""

import rnn_research.experiment as ex

UPDATES = 1000
TEMPERATURES = (0.25, 0.5, 1.0)

EXPERIMENT = ex.Experiment(
    question="Can a recurrent network draw the picture of a digit that it is told, row by row?",
    base=ex.TrialConfig(
        task=ex.Choice("digit_rows"),
        optimizer=ex.OptimizerConfig(schedule="linear"),
        probes=(ex.Choice("drawings", temperatures=TEMPERATURES, samples=20),),
        train=ex.TrainConfig(steps=UPDATES, batch=32, eval_every=100, valid_examples=300, test_examples=300),
    ),
    axes={
        "model.cell": (
            ex.Choice("elman", hidden=64),
            ex.Choice("gru", hidden=64, keep_bias=1.0, reset_after=True),
            ex.Choice("lstm", hidden=64, forget_bias=1.0),
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
            "S23",
            "what the LSTM draws at temperature 0.5 is recognised as its class more than nine times in ten",
            (ex.Level("recognised at 0.5", "above", 0.9, {"cell": ("lstm",)}),),
        ),
        ex.Claim(
            "Graves 2013",
            "a lower temperature makes it plainer: at 0.25 more is recognised than at 1, by more than 0.05",
            (ex.Level("gained by cooling", "above", 0.05, {"cell": ("lstm",)}),),
        ),
        ex.Claim(
            "C16",
            "over eight rows nothing is to be kept for long: the Elman RNN is as good as the LSTM, it needs at most "
            "0.05 nats a row more",
            (ex.Compare("cell", "lstm", "elman", -0.05, measure="score"),),
        ),
    ),
    minutes=1,
)
