"""Four layers and a reversed source, as in the lecture's translator, on a small scale (S25, C34).

    python launch.py --experiment=four_layers --data_dir=DATA     with cmudict/

Pronunciation: real words whose answers are not certain, so that a loss says something. Encoder and decoder have four
layers of 64 LSTM cells each and no attention; against them one layer and two of as many parameters (some 255,000), and
four that read in order. Of 4 × 1,000 cells and 12 million sentences Sutskever, Vinyals and Le (2014) say that every
layer took nearly a tenth of the perplexity, and reversing a fifth (5.8 to 4.7).

About 18 minutes on two CPU cores.

Margins: 0.02 of the words, a twentieth of the errors.
"""

import rnn_research.experiment as ex

UPDATES = 2400


def layers(count: int, hidden: int, reverse: bool = True) -> dict:
    return {"model.layers": count, "model.cell.hidden": hidden, "model.reverse": reverse}


EXPERIMENT = ex.Experiment(
    question="Do four layers write better answers than one or two of as many parameters, and does the order matter?",
    base=ex.TrialConfig(
        task=ex.Choice("pronunciation"),
        model=ex.ModelConfig(cell=ex.Choice("lstm", hidden=64, forget_bias=1.0), embedding=32),
        optimizer=ex.OptimizerConfig(schedule="linear"),
        train=ex.TrainConfig(steps=UPDATES, batch=64, eval_every=400, valid_examples=1000, test_examples=4000, cuts=3),
    ),
    axes={
        "depth": (
            ex.Variant("1 layer", layers(1, 160)),
            ex.Variant("4 layers", layers(4, 64)),
            ex.Variant("4 layers, in order", layers(4, 64, reverse=False)),
            ex.Variant("2 layers", layers(2, 97)),
        )
    },
    compare="depth",
    seeds=8,
    tune=ex.Tune(values=(3e-3, 9e-3), seeds=1, steps=UPDATES, limits=(3e-4, 0.1)),
    measures=(
        ex.Measure("phoneme error rate", "phoneme_error_rate", split="test", better="lower", quantity="amount"),
        ex.Measure("nats a phoneme", "loss", split="test", better="lower", quantity="amount"),
    ),
    claims=(
        ex.Claim(
            "Sutskever 2014, depth",
            "four layers are better than one of as many parameters: more than 0.02 fewer of the words are wrong",
            (ex.Compare("depth", "4 layers", "1 layer", margin=0.02),),
        ),
        ex.Claim(
            "Sutskever 2014, depth",
            "and than two",
            (ex.Compare("depth", "4 layers", "2 layers", margin=0.02),),
            primary=False,
        ),
        ex.Claim(
            "C34, four layers",
            "reversing the source helps them: more than 0.02 fewer of the words are wrong",
            (ex.Compare("depth", "4 layers", "4 layers, in order", margin=0.02),),
        ),
    ),
    minutes=18,
)
