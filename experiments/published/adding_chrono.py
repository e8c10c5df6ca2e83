"""Tallec and Ollivier (2018), adding over 200 steps: chrono initialisation against a forget bias of 1.

    python launch.py --experiment=adding_chrono

Their set-up: an LSTM of 128 units, RMSProp at 1e-3 with decay 0.9, no clipping, chrono with T_max = T (b_f = log u, u
uniform on 1 to T − 1, b_i = −b_f) beside a forget bias of 1, the squared error; batches of 50. They publish curves, no
figures: at T = 200 both learn, chrono sooner; at 750 some seven times as soon. So what is compared is the mean
squared error of validation over training, a mean over its looks, which falls the sooner the task is learned; 0.167 is
what answering 1 comes to. Their RMSProp has its ε beside the root, ours under it.
"""

import rnn_research.experiment as ex

EXPERIMENT = ex.Experiment(
    question="Does chrono initialisation learn adding over 200 steps sooner than a forget bias of 1?",
    base=ex.TrialConfig(
        task=ex.Choice("adding", length=200),
        optimizer=ex.OptimizerConfig(name="rmsprop", learning_rate=1e-3, clip_norm=0.0),
        train=ex.TrainConfig(steps=4000, batch=50, eval_every=100, valid_examples=512, test_examples=2048),
    ),
    axes={
        "start": (
            ex.Variant("forget bias 1", {"model.cell": ex.Choice("lstm", hidden=128, forget_bias=1.0)}),
            ex.Variant("chrono", {"model.cell": ex.Choice("lstm", hidden=128, chrono=200)}),
        ),
    },
    compare="start",
    seeds=8,
    measures=(ex.Measure("mean of looks", "mse", split="valid", at="mean", better="lower"),),
    figures=(),
    claims=(
        ex.Claim(
            "Tallec 2018, fig. 4",
            "with chrono it is learned sooner: a lower squared error as a mean over training",
            (ex.Compare("start", "forget bias 1", "chrono", margin=0.0, measure="mean of looks"),),
        ),
    ),
    minutes=40,
)
