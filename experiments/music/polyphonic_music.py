"""Do gated networks predict music better than a plain one of their size, by as much as was published?

    python launch.py --experiment=polyphonic_music --data_dir=DIR

Chung, Gulcehre, Cho and Bengio (2014), table 2, on the two smaller of their corpora: tanh, GRU and LSTM networks of
100, 46 and 36 units (18,000 to 18,900 weights below the output layer), RMSProp, gradients clipped to norm 1, weight
noise of 0.075, the rate chosen on validation and the parameters of the lowest validation loss scored. What differs: for
each network they drew ten rates from exp(U(−12, −6)), 6e-6 to 2.5e-3; here candidates are a factor of 3 apart and may
go beyond. Their LSTM has peepholes. Neither the batch, nor how long they trained, nor whether a piece's first frame
counts is said there; here all frames count.

How close is close: what Bai et al. (2018, table 1) report for the same cells on the JSB chorales, with networks of
300,000 weights, differs from these figures by 0.11 to 0.22 nats a frame, so 0.22 it is. Gated networks are to be better
than tanh there by more than such a difference, 0.2; the published gaps are 0.56 and 0.43.
"""

import rnn_research.experiment as ex

CHUNG, BAI = "Chung et al. 2014, table 2", "Bai et al. 2018, table 1"
FIGURES = {  # corpus, cell: theirs
    ("JSB_Chorales", "elman"): (9.10, 8.91),
    ("JSB_Chorales", "gru"): (8.54, 8.43),
    ("JSB_Chorales", "lstm"): (8.67, 8.45),
    ("Nottingham", "elman"): (3.13, 4.05),
    ("Nottingham", "gru"): (3.23, 3.46),
    ("Nottingham", "lstm"): (3.20, 3.29),
}
CLOSE = 0.22
JSB, NOTTINGHAM = {"corpus": ("JSB_Chorales",)}, {"corpus": ("Nottingham",)}


def of(corpus, cell):
    return {"corpus": (corpus,), "cell": (cell,)}


EXPERIMENT = ex.Experiment(
    question="Do gated networks predict polyphonic music better than a plain one, by as much as was published?",
    base=ex.TrialConfig(
        task=ex.Choice("piano_rolls", corpus="JSB_Chorales", length=200),
        model=ex.ModelConfig(weight_noise=0.075),
        optimizer=ex.OptimizerConfig(name="rmsprop", clip_norm=1.0),
        train=ex.TrainConfig(steps=3000, batch=16, eval_every=100),
    ),
    axes={
        "task.corpus": ("JSB_Chorales", "Nottingham"),
        "model.cell": (
            ex.Choice("elman", hidden=100),
            ex.Choice("gru", hidden=46, keep_bias=1.0, reset_after=True),
            ex.Choice("lstm", hidden=36, forget_bias=1.0),
        ),
    },
    compare="cell",
    seeds=8,
    tune=ex.Tune(values=(3e-4, 9e-4, 2.7e-3), seeds=1, steps=3000, limits=(6e-6, 0.1), final_seeds=2),
    measures=(ex.Measure("without first frames", "nats_after_first", split="test", quantity="amount"),),
    published=tuple(
        ex.Published(value, source, of(*arm))
        for arm, values in FIGURES.items()
        for value, source in zip(values, (CHUNG, BAI), strict=True)
    ),
    claims=(
        *(
            ex.Claim(
                CHUNG,
                f"{cell} on {corpus}: {theirs} nats a frame, ours within {CLOSE}",
                (
                    ex.Level("score", "above", theirs - CLOSE, of(corpus, cell)),
                    ex.Level("score", "below", theirs + CLOSE, of(corpus, cell)),
                ),
            )
            for (corpus, cell), (theirs, _) in FIGURES.items()
        ),
        ex.Claim(
            CHUNG,
            "on the JSB chorales GRU and LSTM are better than tanh by more than 0.2 nats a frame",
            (
                ex.Compare("cell", "elman", "gru", 0.2, JSB, "score"),
                ex.Compare("cell", "elman", "lstm", 0.2, JSB, "score"),
            ),
        ),
        ex.Claim(
            CHUNG,
            "on Nottingham they are not: tanh is worse than neither by more than 0.1",
            (
                ex.Compare("cell", "gru", "elman", -0.1, NOTTINGHAM, "score"),
                ex.Compare("cell", "lstm", "elman", -0.1, NOTTINGHAM, "score"),
            ),
        ),
    ),
    minutes=24,
)
