"""Dropout regularises a recurrent network, and where it is applied matters (C24).

    python launch.py --experiment=dropout

Character models of 50,000 characters, 50 epochs of them, so that there is something to be learned by heart (of 200,000
characters, in 1,000 updates, a fifth left out still cost more than it gained): without dropout; of the outputs, at each
step anew (Zaremba et al. 2014); of what the recurrent kernel reads, at each step anew, which Zaremba et al. and Gal and
Ghahramani (2016) call harmful; of both, one mask a sequence (Gal and Ghahramani). A fifth of the features, and half.
The gap is between the validation text and the training text, both read without noise after the last update; test scores
are of the best parameters on validation, so that a model is not punished for having been trained for too long. The
embedded Python documentation; Shakespeare: ``--data_dir=DATA --config.task.corpus=tinyshakespeare``, at the size of the
usual figures ``--config.task.limit=200000 --config.train.steps=6000``. About 17 minutes on two CPU cores (24 of
processor time).

Margin: 0.02 bits a character, as elsewhere in the language experiments.
"""

import rnn_research.experiment as ex

UPDATES = 2000
NONE, HALF = "none", "0.5"
KINDS = ("outputs", "recurrent", "variational")


def arm(kind: str, rate: str) -> str:
    return f"{kind} {rate}"


def thinned(kind: str, rate: str) -> ex.Variant:
    return ex.Variant(arm(kind, rate), {"model.dropout": float(rate), "model.dropout_kind": kind})


def gains(kind: str, rate: str, text: str, source: str = "C24", primary: bool = True) -> ex.Claim:
    return ex.Claim(
        source,
        f"{text}: dropout of {rate} ({kind}) gains more than 0.02 bits a character",
        (ex.Compare("dropout", NONE, arm(kind, rate), margin=0.02, measure="score"),),
        primary=primary,
    )


EXPERIMENT = ex.Experiment(
    question="Does dropout regularise a recurrent network, and where must it be applied?",
    base=ex.TrialConfig(
        task=ex.Choice("language_model", corpus="python_docs", limit=50_000, length=40),
        model=ex.ModelConfig(cell=ex.Choice("lstm", hidden=96, forget_bias=1.0), embedding=32),
        optimizer=ex.OptimizerConfig(schedule="linear"),
        probes=(ex.Choice("gap"),),
        train=ex.TrainConfig(steps=UPDATES, batch=32, eval_every=200),
    ),
    axes={
        "dropout": (ex.Variant(NONE, {}), *(thinned(kind, rate) for kind in KINDS for rate in ("0.2", HALF))),
    },
    compare="dropout",
    seeds=8,
    tune=ex.Tune(values=(3e-3, 1e-2), seeds=1, steps=UPDATES, limits=(1e-4, 0.2)),
    measures=(ex.Measure("gap (bits per character)", "gap"),),
    claims=(
        gains("outputs", "0.2", "dropout regularises, applied to the outputs"),
        gains("variational", "0.2", "and applied to outputs and state, one mask a sequence"),
        ex.Claim(
            "C24",
            "with half of the features left out, whichever they are, the gap between training and held-out text "
            "shrinks by more than 0.05 bits a character",
            tuple(
                ex.Compare("dropout", NONE, arm(kind, HALF), margin=0.05, measure="gap (bits per character)")
                for kind in KINDS
            ),
        ),
        ex.Claim(
            "C24",
            "where it is applied matters: on the state, at each step anew, half of the features costs more than 0.02 "
            "bits a character beside as much on the outputs",
            (ex.Compare("dropout", arm("recurrent", HALF), arm("outputs", HALF), margin=0.02, measure="score"),),
        ),
    ),
    minutes=17,
)
