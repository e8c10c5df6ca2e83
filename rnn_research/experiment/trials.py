"""The trials of an arm; which pilots it has, that choose a setting, is in ``tuning``."""

import dataclasses
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from rnn_research.experiment import paths
from rnn_research.experiment.arms import Arm, combinations, count_arms
from rnn_research.experiment.config import TrialConfig, fingerprint
from rnn_research.experiment.experiment import Experiment
from rnn_research.experiment.variant import Variant

PILOT_SEED = 1_000_000  # pilots have seeds of their own, far from those reported
APART = 1000  # seeds between the pilots of two runs that are tuned each by itself
FINALISTS = 2  # candidates that are tried on ``Tune.final_seeds``


class Trial(NamedTuple):
    """One run.

    Attributes:
      id: the fingerprint of its configuration: the same settings, the same directory.
      stage: whether it is a pilot or is reported.
      arm, labels: number and labels of its arm; of a pilot that arms share, those of the first.
      config: the configuration, with its seed.
      tuned: what the tuned setting is in it, path → value; nothing without a ``tune``.
    """

    id: str
    stage: Literal["pilot", "main"]
    arm: int
    labels: dict[str, Any]
    config: TrialConfig
    tuned: dict[str, Any]


def mains(experiment: Experiment, arm: Arm, chosen: Any) -> list[Trial]:
    """The runs of an arm that are reported, with the chosen value of the tuned setting, None without a ``tune``."""
    tuned = experiment.tune.path if experiment.tune is not None and chosen is not None else None
    config = paths.replace(arm.config, tuned, chosen) if tuned else arm.config
    return [make_trial("main", arm, config, seed, tuned) for seed in range(experiment.seeds)]


def make_trial(
    stage: Literal["pilot", "main"], arm: Arm, config: TrialConfig, seed: int, tuned: str | None = None
) -> Trial:
    """The trial of an arm with a configuration and a seed; ``tuned`` is the path of the setting that pilots choose."""
    config = dataclasses.replace(config, seed=seed)
    values = {tuned: paths.get(config, tuned)} if tuned else {}
    return Trial(fingerprint(config), stage, arm.number, arm.labels, config, values)


def distinct(trials: Iterable[Trial]) -> list[Trial]:
    """Each trial once, in order: pilots may be shared by arms."""
    return list({trial.id: trial for trial in trials}.values())


def count_trials(experiment: Experiment) -> int:
    """Pilots and reported runs together; more candidates, where the best lies at an end, come on top."""
    tune = experiment.tune
    if tune is None:
        return count_arms(experiment) * experiment.seeds
    tuned = {frozenset(_but_for_steps(settings).items()) for settings in combinations(experiment)}
    finals = FINALISTS * max(0, tune.final_seeds - tune.seeds) if len(tune.values) > 1 else 0
    times = experiment.seeds if tune.each_seed else 1
    return count_arms(experiment) * experiment.seeds + times * len(tuned) * (len(tune.values) * tune.seeds + finals)


def _but_for_steps(settings: dict[str, Any]) -> dict[str, Any]:
    """What pilots depend on of the settings of an arm."""
    found: dict[str, Any] = {}
    for path, value in settings.items():
        found |= dict(value.settings) if isinstance(value, Variant) else {path: value}
    return {path: value for path, value in found.items() if path != "train.steps"}
