"""SCAN: are commands composed in new ways understood? (Lake and Baroni 2018)

    python launch.py --experiment=scan --data_dir=DATA     with scan/

The published splits, means of five runs of an LSTM of 2 × 200 units without attention: commands by chance 99.8% right
(without dropout; with it, as the others are, 99.7%), longer ones than those of training 13.8%, with "jump", known only
by itself, 0.08%, with "turn left" 90.0%. And Elman RNNs on commands by chance: the best has under 1.5% without
attention; with it they have 59.7% on average, from 18% to 94% by their sizes. Theirs made 100,000 updates of one
command; here one layer of 100 units makes 3,200 of 32, as many commands, with a rate that falls: a tenth of the
weights, and a 31st of the updates. So the order is claimed, and the near-zeros, not the figures. One rate for all, that
of a probe.

Probes of one seed on "turn left": after 2,000 updates the LSTM had 0.60 of the test right and 0.96 of validation, an
Elman RNN with attention 0.44 and 0.90. About 8 minutes on two CPU cores.

Margins: 0.1 between splits where the published difference is 0.76 or more, none where it is 0.1; less than 0.05 of
"jump", and of the Elman RNN without attention, for next to nothing; 0.1 for attention, a sixth of what is published.
"""

import rnn_research.experiment as ex

SOURCE = "Lake and Baroni 2018"
SIMPLE, LENGTH, JUMP, LEFT = "by chance", "longer", "jump", "turn left"
ELMAN, LOOKING = "by chance, Elman", "by chance, Elman with attention"
PUBLISHED = {SIMPLE: 0.998, LENGTH: 0.138, JUMP: 0.0008, LEFT: 0.9}
RNN = {"model.cell": ex.Choice("elman", hidden=100)}


def more_right(one: str, other: str, margin: float) -> ex.Compare:
    return ex.Compare("commands", one, other, margin=margin, measure="score")


EXPERIMENT = ex.Experiment(
    question="Which new commands does a network understand that knows their parts, and does attention help?",
    base=ex.TrialConfig(
        task=ex.Choice("scan", split="simple"),
        model=ex.ModelConfig(cell=ex.Choice("lstm", hidden=100, forget_bias=1.0), embedding=50),
        optimizer=ex.OptimizerConfig(learning_rate=3e-3, schedule="linear", clip_norm=5.0),
        train=ex.TrainConfig(steps=3200, batch=32, eval_every=400, valid_examples=500, test_examples=8000, cuts=3),
    ),
    axes={
        "commands": (
            ex.Variant(SIMPLE, {}),
            ex.Variant(LENGTH, {"task.split": "length"}),
            ex.Variant(JUMP, {"task.split": "jump"}),
            ex.Variant(LEFT, {"task.split": "turn_left"}),
            ex.Variant(ELMAN, RNN),
            ex.Variant(LOOKING, RNN | {"model.attention": "bilinear"}),
        )
    },
    compare="commands",
    seeds=8,
    measures=(
        # Of commands like those of training: whether what is not composed was learned at all.
        ex.Measure("on validation", "exact_match", split="valid", at="greatest", better="higher"),
        ex.Measure("actions that are wrong", "action_error_rate", split="test", better="lower", quantity="amount"),
    ),
    claims=(
        ex.Claim(
            SOURCE,
            "commands by chance are understood more often than those with turn left, and both more than 0.1 more often "
            "than longer ones",
            (more_right(SIMPLE, LEFT, 0.0), more_right(SIMPLE, LENGTH, 0.1), more_right(LEFT, LENGTH, 0.1)),
        ),
        ex.Claim(
            SOURCE,
            'what is known by itself alone is not composed: of commands with "jump" fewer than 0.05 are right',
            (ex.Level("score", "below", 0.05, {"commands": (JUMP,)}),),
        ),
        ex.Claim(
            f"{SOURCE}, attention",
            "of commands by chance an Elman RNN understands fewer than 0.05, with attention more than 0.1 more",
            (ex.Level("score", "below", 0.05, {"commands": (ELMAN,)}), more_right(LOOKING, ELMAN, 0.1)),
        ),
    ),
    published=(
        *(ex.Published(value, SOURCE, {"commands": (name,)}) for name, value in PUBLISHED.items()),
        ex.Published(0.015, f"{SOURCE}, at most", {"commands": (ELMAN,)}),
        ex.Published(0.597, f"{SOURCE}, on average", {"commands": (LOOKING,)}),
    ),
    minutes=8,
)
