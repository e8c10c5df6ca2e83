"""The settings that trials of one compiled program may differ in, as arguments of that program."""

import jax
import numpy as np

from rnn_research.experiment import paths
from rnn_research.experiment.config import TrialConfig, traced_paths

# A scalar for each traced setting, by its path; arrays over the trials of a pack.
Traced = dict[str, jax.Array]


def traced_values(config: TrialConfig) -> dict[str, np.generic]:
    """Those of one trial, as NumPy scalars."""
    return {path: _scalar(path, paths.get(config, path)) for path in traced_paths()}


def _scalar(path: str, value: int | float) -> np.generic:
    """Of the declared type, not the value's: a clip_norm may be written as 1."""
    if path == "seed":
        return np.uint32(value)
    return np.int32(value) if paths.kind_of(TrialConfig(), path) is int else np.float32(value)
