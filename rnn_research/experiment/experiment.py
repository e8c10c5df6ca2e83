"""An experiment: a question, a base configuration, axes, seeds, claims. And its unfolding into trials."""

import dataclasses
import itertools
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from rnn_research.experiment import paths
from rnn_research.experiment.choice import Choice, check
from rnn_research.experiment.claims import Claim, ParameterRatio
from rnn_research.experiment.config import LANES, SWITCHED, TrialConfig, fingerprint, to_dict, validate
from rnn_research.experiment.figures import ByAxis, ByMeasure, Curves
from rnn_research.experiment.measures import ALWAYS, Measure
from rnn_research.experiment.variant import Variant
from rnn_research.lookup import nearest

PILOT_SEED = 1_000_000  # pilots have seeds of their own, far from those reported


@dataclass(frozen=True)
class Tune:
    """A setting chosen for each arm on validation, with the same budget for every arm.

    Attributes:
      values: candidates.
      seeds: pilot runs per candidate, on seeds that the results do not use.
      steps: updates in a pilot run.
      path: the setting; one of ``config.LANES``.
    """

    values: tuple[float, ...]
    seeds: int
    steps: int
    path: str = "optimizer.learning_rate"


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
      minutes: expected time on two CPU cores.
      name: the file's name; filled in when it is loaded.
    """

    question: str
    base: TrialConfig
    axes: Mapping[str, tuple]
    compare: str
    points: tuple[Mapping[str, Any], ...] = ()
    seeds: int = 5
    tune: Tune | None = None
    measures: tuple[Measure, ...] = ()
    figures: tuple[ByAxis | ByMeasure | Curves, ...] = ()
    claims: tuple[Claim, ...] = field(default_factory=tuple)
    minutes: float = 5.0
    name: str = ""


class Arm(NamedTuple):
    """One combination of the axes: its place in their order, labels by column, configuration but for the seed."""

    number: int
    labels: dict[str, Any]
    config: TrialConfig


class Trial(NamedTuple):
    """One run. Its id is the fingerprint of its configuration: the same settings, the same directory."""

    id: str
    stage: Literal["pilot", "main"]
    arm: int
    labels: dict[str, Any]
    config: TrialConfig


def column(path: str) -> str:
    """The column that an axis fills in tables: ``model.cell.name`` → ``cell``."""
    return path.removesuffix(".name").rpartition(".")[2]


def label(value: Any, values: Sequence[Any]) -> Any:
    """How a value of an axis is written in tables: a choice by its name where that is enough."""
    if isinstance(value, Variant):
        return value.name
    if not isinstance(value, Choice):
        return value
    names = [other.name for other in values if isinstance(other, Choice)]
    return value.name if names.count(value.name) == 1 else str(value)


def arms(experiment: Experiment, tables: Mapping[str, Mapping[str, Callable]]) -> list[Arm]:
    """Every combination of the axes, the last axis turning fastest, with all defaults filled in.

    Args:
      tables: factories by kind, ``{"task": TASKS, "cell": CELLS}``; their signatures say what a choice may hold.

    Raises:
      ValueError: the first setting that no trial can have.
    """
    tune = experiment.tune
    if tune and (tune.path not in LANES or tune.steps % experiment.base.train.eval_every):
        raise ValueError(f"tune.path must be one of {', '.join(LANES)}, and tune.steps a multiple of train.eval_every")
    if experiment.compare not in columns(experiment):
        hint = nearest(experiment.compare, columns(experiment))
        raise ValueError(f"compare={experiment.compare!r} is no column; {hint}")
    both = set(experiment.axes) & {path for point in experiment.points for path in point}
    if both:
        raise ValueError(f"{min(both)} is both an axis and a setting of points")
    check_measures(experiment)
    found = []
    for values in itertools.product(*experiment.axes.values()):
        for point in experiment.points or ({},):
            settings = dict(zip(experiment.axes, values, strict=True)) | dict(point)
            config = experiment.base
            for path, value in unfolded(settings):
                config = paths.replace(config, path, value)
            labels = {
                column(path): label(settings[path] if path in settings else paths.get(config, path), pool)
                for path, pool in pools(experiment).items()
            }
            found.append(Arm(len(found), labels, resolve(config, tables)))
    for config, count in Counter(arm.config for arm in found).items():
        if count > 1:
            alike = next(arm.labels for arm in found if arm.config == config)
            raise ValueError(
                f"{count} arms are the same: {', '.join(f'{key}={value}' for key, value in alike.items())}"
            )
    return found


def unfolded(settings: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Paths and values, variants replaced by what they hold.

    Raises:
      ValueError: two of them set the same path.
    """
    found: list[tuple[str, Any]] = []
    for path, value in settings.items():
        found += value.settings if isinstance(value, Variant) else [(path, value)]
    for path, count in Counter(path for path, _ in found).items():
        if count > 1:
            raise ValueError(f"{path} is set by more than one axis")
    return found


def check_measures(experiment: Experiment) -> None:
    """Refuse claims and figures about numbers that no run has.

    Raises:
      ValueError: the first one, with the nearest name.
    """
    known = [*ALWAYS, *(measure.name for measure in experiment.measures)]
    tests = [test for claim in experiment.claims for test in claim.tests if not isinstance(test, ParameterRatio)]
    used = [test.measure for test in tests] + [f.y for f in experiment.figures if isinstance(f, ByAxis)]
    used += [name for f in experiment.figures if isinstance(f, ByMeasure) for _, name in f.points]
    for name in used:
        if name not in known:
            raise ValueError(f"no measure {name!r}; {nearest(name, known)}")


def pools(experiment: Experiment) -> dict[str, tuple]:
    """Every path that arms differ in, with its values."""
    found = {path: tuple(values) for path, values in experiment.axes.items()}
    for point in experiment.points:
        for path, value in point.items():
            found[path] = (*found.get(path, ()), value)
    return {path: tuple(dict.fromkeys(values)) for path, values in found.items()}


def columns(experiment: Experiment) -> list[str]:
    """The columns that tables have for the arms' settings."""
    return [column(path) for path in pools(experiment)]


def count_arms(experiment: Experiment) -> int:
    return math.prod(map(len, experiment.axes.values())) * max(1, len(experiment.points))


def count_trials(experiment: Experiment) -> int:
    """Pilots and reported runs together."""
    tune = experiment.tune
    return count_arms(experiment) * (experiment.seeds + (len(tune.values) * tune.seeds if tune else 0))


def resolve(config: TrialConfig, tables: Mapping[str, Mapping[str, Callable]]) -> TrialConfig:
    """The config with every default of its choices filled in, and all values checked.

    Raises:
      ValueError: an unknown name or option, or a value that no trial can have.
    """
    model = dataclasses.replace(config.model, cell=check(config.model.cell, tables["cell"], "cell"))
    config = dataclasses.replace(config, task=check(config.task, tables["task"], "task"), model=model)
    validate(config)
    return config


def pilots(experiment: Experiment, arm: Arm) -> dict[float, list[Trial]]:
    """The pilot runs of an arm by candidate value; none without a ``tune``."""
    tune = experiment.tune
    if tune is None:
        return {}
    train = dataclasses.replace(arm.config.train, steps=tune.steps)
    short = dataclasses.replace(arm.config, train=train)
    return {
        value: [
            make_trial("pilot", arm, paths.replace(short, tune.path, value), PILOT_SEED + seed)
            for seed in range(tune.seeds)
        ]
        for value in tune.values
    }


def mains(experiment: Experiment, arm: Arm, chosen: float | None) -> list[Trial]:
    """The runs of an arm that are reported, with the chosen value of the tuned setting."""
    config = arm.config
    if experiment.tune is not None and chosen is not None:
        config = paths.replace(config, experiment.tune.path, chosen)
    return [make_trial("main", arm, config, seed) for seed in range(experiment.seeds)]


def make_trial(stage: Literal["pilot", "main"], arm: Arm, config: TrialConfig, seed: int) -> Trial:
    config = dataclasses.replace(config, seed=seed)
    return Trial(fingerprint(config), stage, arm.number, arm.labels, config)


def signature(config: TrialConfig) -> str:
    """Fingerprint of all that a compiled program depends on: the config without its lanes."""
    for path in LANES:
        config = paths.replace(config, path, int(path in SWITCHED and paths.get(config, path) > 0))
    return fingerprint(config)


def identity(experiment: Experiment) -> dict[str, Any]:
    """What must not change within a run directory; axes and seeds may grow."""
    return {
        "experiment": experiment.name,
        "base": to_dict(experiment.base),
        "tune": to_dict(experiment.tune),
    }


def smoke(experiment: Experiment) -> Experiment:
    """The experiment in seconds, every stage kept: tiny batches and cells, few steps, the ends of every axis."""
    steps = 4 if experiment.base.train.steps else 0
    train = dataclasses.replace(
        experiment.base.train, steps=steps, batch=4, eval_every=2, valid_examples=8, test_examples=8
    )
    samples = _tiny("probe.samples", experiment.base.probe.samples)
    probe = dataclasses.replace(experiment.base.probe, examples=2, samples=samples, texts=2, tokens=20)
    base = dataclasses.replace(experiment.base, train=train, probe=probe)
    for path in ("model.cell", "model.embedding"):
        base = paths.replace(base, path, _tiny(path, paths.get(base, path)))
    axes = {path: (v[0], v[-1]) if len(v) > 2 else v for path, v in experiment.axes.items()}
    axes = {path: tuple(_tiny(path, value) for value in values) for path, values in axes.items()}
    points = (experiment.points[0], experiment.points[-1]) if len(experiment.points) > 2 else experiment.points
    points = tuple({path: _tiny(path, value) for path, value in point.items()} for point in points)
    tune = experiment.tune and dataclasses.replace(experiment.tune, values=experiment.tune.values[:2], seeds=1, steps=2)
    return dataclasses.replace(experiment, base=base, axes=axes, points=points, tune=tune, seeds=2)


TINY_NUMBERS = {"train.steps": 4, "train.batch": 4, "model.embedding": 4, "model.cell.hidden": 4}


def _tiny(path: str, value: Any):
    """A value of a setting in small: few steps, every cell and embedding tiny, texts after two and four steps."""
    if isinstance(value, Variant):
        return Variant(value.name, {inner: _tiny(inner, setting) for inner, setting in value.settings})
    if isinstance(value, Choice):
        return value.with_options(hidden=4) if "hidden" in dict(value.options) else value
    if path in TINY_NUMBERS:
        return min(int(value), TINY_NUMBERS[path])
    if path == "probe.samples":
        return "2,4" if str(value).strip("0, ") else value
    return value
