"""Does the LSTM of 1997 do what its paper says? Hochreiter and Schmidhuber (1997), experiment 4, T = 100.

    python launch.py --experiment=adding_1997

The published set-up: two blocks of two memory cells without forget gates, 93 weights drawn from ±0.1, input gates that
begin at −3 and −6, one sequence an update, plain gradient descent at rate 0.5, the gradient truncated where it leaves
the memory cells. Published (table 7, means of 10 trials): after 74,000 sequences 2,000 in a row were right and the mean
error below 0.01, which is where they stop; then 1 of 2,560 test sequences was wrong, never more than 3. Here all runs
go on for twice that; whether 2,000 in a row were right is looked at every 2,000, and tested is the network whose loss
on 2,560 other sequences is lowest.

Beside it the same network with its gradient whole (backpropagation through time); with a linear output unit, as a
logistic one never quite gives 0 or 1, and 3% of the targets lie within 0.1 of them; and an LSTM of today with as many
memory cells (117 weights), chrono initialisation and Adam at 3e-3, on as many sequences (with a forget bias of 1 it had
learned nothing by then, on one seed at two rates).

In our units: the paper's error is the squared error (its eq. 16), as ours is, and so is its rate (eq. 17); its
equations 19 and 22 lack a factor of 2, which makes it 0.25. On one seed 0.25, 0.5 and 1 came to the same: the plateau
left after some 70,000, 54,000 and 46,000 sequences, 74 to 94 wrong in the end.

About 12 minutes on two CPU cores.
"""

import rnn_research.experiment as ex

SOURCE = "Hochreiter and Schmidhuber 1997, table 7"
ORIGINAL = {
    "model.cell": ex.Choice("lstm_1997", hidden=4, block=2, input_bias=-3.0),
    "optimizer.name": "sgd",
    "optimizer.learning_rate": 0.5,
    "optimizer.clip_norm": 0.0,
}
# A quarter of the rate, as the slope of the logistic function is a quarter at most.
LINEAR = ORIGINAL | {"task": ex.Choice("adding_1997", length=100, linear=True), "optimizer.learning_rate": 0.125}
TODAY = {"model.cell": ex.Choice("lstm", hidden=4, chrono=110), "optimizer.learning_rate": 3e-3}
PAPERS = {"network": ("LSTM of 1997",)}

EXPERIMENT = ex.Experiment(
    question="Does the LSTM of 1997 solve the adding problem over 100 steps as its paper says?",
    base=ex.TrialConfig(
        task=ex.Choice("adding_1997", length=100),
        model=ex.ModelConfig(head_init="uniform(0.1)"),
        train=ex.TrainConfig(steps=148_000, batch=1, eval_every=2000, valid_examples=2560, test_examples=2560),
    ),
    axes={
        "network": (
            ex.Variant("LSTM of 1997", ORIGINAL),
            ex.Variant("its gradient whole", ORIGINAL | {"model.cell.truncated": False}),
            ex.Variant("a linear output", LINEAR),
            ex.Variant("LSTM of today, Adam", TODAY),
        ),
    },
    compare="network",
    seeds=8,
    measures=(
        ex.Measure("wrong of 2,560", "wrong", split="test", better="lower", quantity="amount"),
        ex.Measure("right from 0.1 to 0.9", "accuracy_middle", split="test", better="higher", quantity="share"),
        ex.Measure("2,000 in a row right", "accuracy", split="train", at="greatest", above=0.9999, better="higher"),
    ),
    claims=(
        ex.Claim(
            SOURCE,
            "of 2,560 sequences the LSTM of 1997 gets no more than 3 wrong, as none of the paper's runs did",
            (ex.Level("wrong of 2,560", "below", 3.5, PAPERS),),
        ),
        ex.Claim(
            SOURCE,
            "within twice the sequences that the paper's runs took, more than half of ours have 2,000 in a row right",
            (ex.Level("2,000 in a row right", "above", 0.5, PAPERS),),
        ),
        ex.Claim(
            SOURCE,
            "by then it has learned all but the ends of a logistic unit's range: more than 99% right where the target "
            "is from 0.1 to 0.9",
            (ex.Level("right from 0.1 to 0.9", "above", 0.99, PAPERS),),
            primary=False,
        ),
    ),
    published=(ex.Published(0.9996, SOURCE, PAPERS),),
    minutes=12,
)
