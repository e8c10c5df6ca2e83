"""Does the LSTM of 1997 do what its paper says? Hochreiter and Schmidhuber (1997), experiment 4, T = 100.

    python launch.py --experiment=adding_1997

The published set-up: two blocks of two memory cells without forget gates, 93 weights drawn from ±0.1, input gates that
begin at −3 and −6, one sequence an update, plain gradient descent at rate 0.5, the gradient truncated where it leaves
the memory cells (``truncated``). Published (table 7, means of 10 trials): after 74,000 sequences 2,000 in a row were
right and the mean error below 0.01, which is where they stop; then 1 of 2,560 test sequences was wrong, never more than
3. Here all runs go on for STEPS sequences; that 2,000 in a row were right is looked at every 2,000, and tested is the
network whose loss on 2,560 other sequences is lowest. Beside it the same network with its gradient whole
(backpropagation through time), and an LSTM of today with as many memory cells (117 weights), by Adam, on as many
sequences.

In our units: the loss is the squared error, theirs half of it, so our rate is 0.25.
"""

import rnn_research.experiment as ex

SOURCE = "Hochreiter and Schmidhuber 1997, table 7"
STEPS = 148_000  # twice what the paper's runs took, as a mean
ORIGINAL = {
    "model.cell": ex.Choice("lstm_1997", hidden=4, block=2, input_bias=-3.0),
    "optimizer.name": "sgd",
    "optimizer.learning_rate": 0.25,
    "optimizer.clip_norm": 0.0,
}
TODAY = {"model.cell": ex.Choice("lstm", hidden=4, forget_bias=1.0), "optimizer.learning_rate": 3e-3}
PAPERS = {"network": ("LSTM of 1997",)}

EXPERIMENT = ex.Experiment(
    question="Does the LSTM of 1997 solve the adding problem over 100 steps as its paper says?",
    base=ex.TrialConfig(
        task=ex.Choice("adding_1997", length=100),
        model=ex.ModelConfig(head_init="uniform(0.1)"),
        train=ex.TrainConfig(steps=STEPS, batch=1, eval_every=2000, valid_examples=2560, test_examples=2560),
    ),
    axes={
        "network": (
            ex.Variant("LSTM of 1997", ORIGINAL),
            ex.Variant("its gradient whole", ORIGINAL | {"model.cell.truncated": False}),
            ex.Variant("LSTM of today, Adam", TODAY),
        ),
    },
    compare="network",
    seeds=8,
    measures=(
        ex.Measure("wrong of 2,560", "wrong", split="test", better="lower"),
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
    ),
    published=(ex.Published(2559 / 2560, SOURCE, PAPERS),),
    minutes=25,
)
