"""Tallec and Ollivier (2018), adding over 200 steps: chrono initialisation against a forget bias of 1.

    python launch.py --experiment=adding_chrono

Their set-up: an LSTM of 128 units, RMSProp at 1e-3 with decay 0.9, no clipping, chrono with T_max = T (b_f = log u, u
uniform on 1 to T − 1, b_i = −b_f) beside a forget bias of 1, the squared error. They publish curves, no figures: at
T = 200 both learn, at 750 chrono some seven times as soon. So what is compared is the squared error on validation as a
mean over all looks, which is the lower the sooner the task is learned; 0.167 is what answering 1 comes to. Batches of
20 and 10,000 updates are ours: after 2,500 of 50, with chrono the error had come to 0.14 and with a forget bias of 1
nothing was learned. Their RMSProp has its ε beside the root, ours under it.

About 37 minutes on two CPU cores.
"""

import rnn_research.experiment as ex

EXPERIMENT = ex.Experiment(
    question="Does chrono initialisation learn adding over 200 steps sooner than a forget bias of 1?",
    base=ex.TrialConfig(
        task=ex.Choice("adding", length=200),
        optimizer=ex.OptimizerConfig(name="rmsprop", learning_rate=1e-3, clip_norm=0.0),
        train=ex.TrainConfig(steps=10_000, batch=20, eval_every=250, valid_examples=512, test_examples=2048),
    ),
    axes={
        "start": (
            ex.Variant("forget bias 1", {"model.cell": ex.Choice("lstm", hidden=128, forget_bias=1.0)}),
            ex.Variant("chrono", {"model.cell": ex.Choice("lstm", hidden=128, chrono=200)}),
        ),
    },
    compare="start",
    seeds=8,
    measures=(ex.Measure("mean of looks", "mse", split="valid", at="mean", better="lower", quantity="amount"),),
    claims=(
        ex.Claim(
            "Tallec 2018, adding",
            "with chrono it is learned sooner: a lower squared error as a mean over training",
            (ex.Compare("start", "forget bias 1", "chrono", margin=0.0, measure="mean of looks"),),
        ),
    ),
    minutes=37,
)
