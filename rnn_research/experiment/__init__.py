"""What is run: experiments, their axes and claims, and the configuration of a trial. Imports no jax."""

from rnn_research.experiment.choice import Choice
from rnn_research.experiment.claims import Claim, Compare, ParameterRatio
from rnn_research.experiment.config import ModelConfig, OptimizerConfig, TrainConfig, TrialConfig
from rnn_research.experiment.experiment import Experiment, Tune
from rnn_research.experiment.ranges import Range, linear, log, random_points

__all__ = [
    "Choice",
    "Claim",
    "Compare",
    "Experiment",
    "ModelConfig",
    "OptimizerConfig",
    "ParameterRatio",
    "Range",
    "TrainConfig",
    "TrialConfig",
    "Tune",
    "linear",
    "log",
    "random_points",
]
