"""Does an RNN trained on lengths 50 to 100 solve temporal order at 5,000 steps? Pascanu et al. (2013), section 3.2.

    python launch.py --experiment=length_generalisation
    python launch.py --experiment=length_generalisation --config.train.steps=200000 \\
        --workdir=runs/length_generalisation_200000                              about 30 minutes

The set-up of ``temporal_order_pascanu`` with the basic tanh start, clipping and Ω: trained on sequences of 50 to 100
steps (each draws its own), then scored at lengths it has never seen, up to 5,000. The paper's model was trained for up
to 5 million updates, this one for 24,000, with eight seeds, as five cannot reach a p-value of 5%.
About 6 minutes on two CPU cores.
"""

from rnn_research.experiment import (
    ByMeasure,
    Choice,
    Claim,
    Experiment,
    Level,
    Measure,
    ModelConfig,
    OptimizerConfig,
    PenaltyConfig,
    ProbeConfig,
    TrainConfig,
    TrialConfig,
)

LENGTHS = (100, 200, 500, 1000, 2000, 5000)

EXPERIMENT = Experiment(
    question="How far beyond the lengths it was trained on does an RNN remember, when it has learned the task?",
    base=TrialConfig(
        task=Choice("temporal_order", length=100, shortest=50),
        model=ModelConfig(
            cell=Choice("elman", hidden=50, input_init="normal(0.1)", recurrent_init="normal(0.1)"),
            head_init="normal(0.1)",
        ),
        optimizer=OptimizerConfig(name="sgd", learning_rate=1e-2, clip_norm=1.0),
        penalty=PenaltyConfig(omega=4.0),
        probe=ProbeConfig(lengths=",".join(map(str, LENGTHS)), examples=20),
        train=TrainConfig(steps=24_000, batch=20, eval_every=2000, valid_examples=500, test_examples=1000),
    ),
    axes={"model.cell.activation": ("tanh",)},
    compare="activation",
    seeds=8,
    measures=tuple(Measure(f"accuracy at {length}", f"accuracy@{length}") for length in LENGTHS),
    figures=(
        ByMeasure(
            tuple((length, f"accuracy at {length}") for length in LENGTHS),
            "length of the test sequences (steps)",
            "test accuracy after training on 50 to 100",
        ),
    ),
    claims=(
        Claim(
            "Pascanu 2013, 3.2",
            "what is learned on lengths 50 to 100, here in far fewer updates than the paper's, holds at 5,000: more "
            "than 99% right there",
            (Level("accuracy at 5000", "above", 0.99),),
        ),
        Claim(
            "Pascanu 2013, 3.2",
            "on the lengths it was trained on, it has learned the task by then: skill above 0.9",
            (Level("skill", "above", 0.9),),
        ),
    ),
    minutes=6,
)
