"""Does an RNN trained on lengths 50 to 100 solve temporal order at 5,000 steps? Pascanu et al. (2013), section 3.2.

    python launch.py --experiment=length_generalisation

The set-up of ``temporal_order_pascanu`` with the basic tanh start: clipping, with and without Ω, trained on sequences
of 50 to 100 steps (each draws its own), then scored at lengths it has never seen, up to 5,000.
About 5 minutes on two CPU cores.
"""

from rnn_research.experiment import (
    ByMeasure,
    Choice,
    Claim,
    Compare,
    Experiment,
    Level,
    Measure,
    ModelConfig,
    OptimizerConfig,
    ProbeConfig,
    TrainConfig,
    TrialConfig,
    Variant,
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
        probe=ProbeConfig(lengths=",".join(map(str, LENGTHS)), examples=20),
        train=TrainConfig(steps=20_000, batch=20, eval_every=2000, valid_examples=500, test_examples=1000),
    ),
    axes={"method": (Variant("clipping", {}), Variant("clipping, Ω", {"penalty.omega": 4.0}))},
    compare="method",
    seeds=5,
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
            "with Ω, what is learned on lengths 50 to 100 holds at 5,000: more than 99% right there",
            (Level("accuracy at 5000", "above", 0.99, where={"method": ("clipping, Ω",)}),),
        ),
        Claim(
            "Pascanu 2013, fig. 7",
            "with Ω the network gets further than with clipping alone, by more than a tenth of the way from chance",
            (Compare("method", "clipping, Ω", "clipping", margin=0.1),),
        ),
    ),
    minutes=5,
)
