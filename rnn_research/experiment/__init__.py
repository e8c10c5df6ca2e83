"""What is run: experiments, their axes and claims, and the configuration of a trial. Imports no jax."""

from rnn_research.experiment.choice import Choice
from rnn_research.experiment.claims import Claim, Compare, Level, ParameterRatio
from rnn_research.experiment.config import (
    ModelConfig,
    OptimizerConfig,
    PenaltyConfig,
    TrainConfig,
    TrialConfig,
)
from rnn_research.experiment.experiment import Experiment, Tune
from rnn_research.experiment.figures import ByAxis, ByMeasure, Curves
from rnn_research.experiment.measures import DECAY, Measure
from rnn_research.experiment.published import Published
from rnn_research.experiment.ranges import Range, linear, log, random_points
from rnn_research.experiment.variant import Variant

__all__ = [
    "DECAY",
    "ByAxis",
    "ByMeasure",
    "Choice",
    "Claim",
    "Compare",
    "Curves",
    "Experiment",
    "Level",
    "Measure",
    "ModelConfig",
    "OptimizerConfig",
    "ParameterRatio",
    "PenaltyConfig",
    "Published",
    "Range",
    "TrainConfig",
    "TrialConfig",
    "Tune",
    "Variant",
    "linear",
    "log",
    "random_points",
]
