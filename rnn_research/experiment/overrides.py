"""Changes to an experiment from the command line: ``--config.PATH=value``, ``--grid.PATH=a,b,c``, ``--seeds``."""

import dataclasses
from collections.abc import Mapping

from rnn_research.experiment import paths
from rnn_research.experiment.config import TrialConfig
from rnn_research.experiment.experiment import Experiment


def override(
    experiment: Experiment, config: Mapping[str, str], grid: Mapping[str, str], seeds: int | None
) -> Experiment:
    """The experiment with the user's settings in every trial, the user's axes and number of seeds.

    A setting that the experiment varies or tunes is then fixed; an axis that it has is replaced.

    Raises:
      ValueError: a path that does not exist, or a value of the wrong type.
    """
    axes = {path: tuple(values) for path, values in experiment.axes.items()}
    base, tune = experiment.base, experiment.tune
    for path, text in config.items():
        tune = None if tune and tune.path == path else tune
        base, axes = _fix(base, axes, path, text)
    for path, text in grid.items():
        tune = None if tune and tune.path == path else tune
        axes[path] = tuple(paths.get(paths.replace(base, path, value), path) for value in paths.split_values(text))
        if not axes[path]:
            raise ValueError(f"--grid.{path} needs at least one value")
    if seeds is not None and seeds < 1:
        raise ValueError(f"--seeds must be 1 or more, not {seeds}")
    return dataclasses.replace(experiment, base=base, axes=axes, tune=tune, seeds=seeds or experiment.seeds)


def _fix(base: TrialConfig, axes: dict[str, tuple], path: str, text: str):
    """Set a path in the base and in every axis that holds, or is held by, the setting."""
    base = paths.replace(base, path, text)
    parent, _, option = path.rpartition(".")
    fixed = {}
    for axis, values in axes.items():
        if axis == path or axis.startswith(path + "."):
            values = (paths.get(base, axis),)
        elif axis == parent:
            values = tuple(paths.replace(value, option, text) for value in values)
        fixed[axis] = values
    return base, fixed
