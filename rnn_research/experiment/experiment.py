"""An experiment: a question, a base configuration, axes, seeds, claims."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rnn_research.experiment.claims import Claim
from rnn_research.experiment.config import TrialConfig, to_dict
from rnn_research.experiment.figures import ByAxis, ByMeasure, Curves, Reach
from rnn_research.experiment.measures import Measure
from rnn_research.experiment.published import Published


@dataclass(frozen=True)
class Tune:
    """A setting chosen for each arm on validation, with the same budget for every arm.

    Attributes:
      values: candidates; neighbours should differ by a factor of 3 or less.
      seeds: pilot runs per candidate, on seeds that the results do not use.
      steps: updates in a pilot run.
      path: the setting; one of ``config.traced_paths()``.
      limits: how far candidates are added where the best lies at an end of those tried; None: not at all.
      final_seeds: pilot runs that the best two have in the end.
      runner_up: take the second-best candidate of every arm: do the answers hang on the choice?
      each_seed: every run of an arm has pilots of its own, on seeds of their own, and the value that these choose, so
        that the runs differ by what tuning comes to as well, and the intervals hold it; at as many times the pilots.
    """

    values: tuple[float, ...]
    seeds: int
    steps: int
    path: str = "optimizer.learning_rate"
    limits: tuple[float, float] | None = None
    final_seeds: int = 0
    runner_up: bool = False
    each_seed: bool = False


@dataclass(frozen=True)
class Experiment:
    """One file in ``experiments/`` defines one of these under the name ``EXPERIMENT``.

    Attributes:
      question: what is asked, in one sentence.
      base: the configuration that all trials start from.
      axes: path → values; every combination is an arm. An axis of ``Variant``s has any name in the place of a path.
      points: settings that go together, path → value, each crossed with the axes: a list made with plain Python, or
        a random search (``ranges.random_points``).
      compare: the column whose values are compared with each other in the table; the first is the reference.
      seeds: runs per arm, seeds 0 to seeds − 1, the same for every arm.
      tune: a setting to choose per arm, or None.
      measures: numbers of each run that the table shows and claims may test.
      figures: what the report is to draw beside the learning curves and what was probed.
      claims: what the report is to answer.
      published: figures of others, shown beside the test scores of the arms that they belong to.
      minutes: measured time on two CPU cores; None before it is measured, and where the command line changes what is
        run.
      name: the file's name; filled in when it is loaded.
      file: its path, likewise; "" where there is none.
    """

    question: str
    base: TrialConfig
    axes: Mapping[str, tuple]
    compare: str
    points: tuple[Mapping[str, Any], ...] = ()
    seeds: int = 8
    tune: Tune | None = None
    measures: tuple[Measure, ...] = ()
    figures: tuple[ByAxis | ByMeasure | Curves | Reach, ...] = ()
    claims: tuple[Claim, ...] = field(default_factory=tuple)
    published: tuple[Published, ...] = ()
    minutes: float | None = None
    name: str = ""
    file: str = ""


def identity(experiment: Experiment) -> dict[str, Any]:
    """What must not change within a run directory; axes and seeds may grow."""
    tune = to_dict(experiment.tune)
    if tune and not tune["each_seed"]:
        del tune["each_seed"]  # directories from before there was a choice have none
    return {"experiment": experiment.name, "base": to_dict(experiment.base), "tune": tune}
