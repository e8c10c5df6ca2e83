"""Does an RNN trained on lengths 50 to 100 solve temporal order at 5,000 steps? Pascanu et al. (2013), section 3.2.

    python launch.py --experiment=length_generalisation
    python launch.py --experiment=length_generalisation --config.train.steps=200000 \\
        --workdir=runs/length_generalisation_200000                              about 30 minutes

The set-up of ``temporal_order_pascanu`` (its docstring says what each figure is in our units) with the basic tanh
start, clipping and Ω: trained on sequences of 50 to 100 steps (the paper: 50 to 200), each of which draws its own
length (the authors' code: one for all of a batch), then scored at lengths it has never seen, up to 5,000. The paper's
model was trained for up to 5 million updates, this one for 24,000, with eight seeds, as five cannot reach a p-value of
5%. About 5 minutes on two CPU cores.
"""

import rnn_research.experiment as ex

LENGTHS = (100, 200, 500, 1000, 2000, 5000)

EXPERIMENT = ex.Experiment(
    question="How far beyond the lengths it was trained on does an RNN remember, when it has learned the task?",
    base=ex.TrialConfig(
        task=ex.Choice("temporal_order", length=100, shortest=50),
        model=ex.ModelConfig(
            cell=ex.Choice("elman", hidden=50, input_init="normal(0.1)", recurrent_init="normal(0.1)"),
            head_init="normal(0.1)",
        ),
        optimizer=ex.OptimizerConfig(name="sgd", learning_rate=1e-2, clip_norm=1.0),
        penalty=ex.PenaltyConfig(omega=16.0),
        probes=(ex.Choice("lengths", lengths=LENGTHS),),
        train=ex.TrainConfig(steps=24_000, batch=20, eval_every=2000, valid_examples=500, test_examples=1000),
    ),
    axes={"model.cell.activation": ("tanh",)},
    compare="activation",
    seeds=8,
    measures=tuple(ex.Measure(f"accuracy at {length}", f"accuracy@{length}") for length in LENGTHS),
    figures=(
        ex.ByMeasure(
            tuple((length, f"accuracy at {length}") for length in LENGTHS),
            "length of the test sequences (steps)",
            "test accuracy after training on 50 to 100",
        ),
    ),
    claims=(
        ex.Claim(
            "Pascanu 2013, 3.2",
            "what is learned on lengths 50 to 100, here in far fewer updates than the paper's, holds at 5,000: more "
            "than 99% right there",
            (ex.Level("accuracy at 5000", "above", 0.99),),
        ),
        ex.Claim(
            "Pascanu 2013, 3.2",
            "on the lengths it was trained on, it has learned the task by then: skill above 0.9",
            (ex.Level("skill", "above", 0.9),),
        ),
    ),
    minutes=5,
)
