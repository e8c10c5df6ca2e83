"""The unfolding of an experiment into arms: every combination of its axes, as a resolved configuration."""

import dataclasses
import itertools
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from rnn_research.experiment import paths
from rnn_research.experiment.checks import check_names
from rnn_research.experiment.choice import Choice, check
from rnn_research.experiment.columns import columns, label, pools
from rnn_research.experiment.config import TrialConfig, validate
from rnn_research.experiment.experiment import Experiment, Tune
from rnn_research.experiment.paths import Tables
from rnn_research.experiment.settings import declared, is_group
from rnn_research.experiment.unread import check_read
from rnn_research.experiment.variant import Variant


class Arm(NamedTuple):
    """One combination of the axes.

    Attributes:
      number: its place in their order.
      labels: value of each axis, by column.
      config: configuration but for the seed.
      tuned_with: an earlier arm that differs in ``train.steps`` alone: its pilots, which have steps of their own, are
        this one's too.
    """

    number: int
    labels: dict[str, Any]
    config: TrialConfig
    tuned_with: "Arm | None" = None


def arms(experiment: Experiment, tables: Tables) -> list[Arm]:
    """Every combination of the axes, the last axis turning fastest, with all defaults filled in.

    Args:
      tables: factories by kind, ``{"task": TASKS, "cell": CELLS, "learner": LEARNERS, "probe": PROBES, …}``; their
        signatures say what a choice may hold.

    Raises:
      ValueError: the first setting that no trial can have.
    """
    check_names(experiment)
    names, values = columns(experiment), pools(experiment)
    found: list[Arm] = []
    tuned: dict[TrialConfig, Arm] = {}
    for settings in combinations(experiment):
        given = experiment.base
        for path, value in unfolded(settings, experiment.tune):
            given = paths.replace(given, path, value, tables)
        config = resolve(given, tables)
        labels = {}
        for path, name in names.items():
            value = settings[path] if path in settings else paths.get(given, path, tables)
            ran = None if isinstance(value, Variant) else paths.get(config, path, tables)
            labels[name] = label(value, values[path], ran)
        arm = Arm(len(found), labels, config)
        if experiment.tune:
            check_pilots(experiment.tune, config)
            first = tuned.setdefault(pilot_config(experiment.tune, config, experiment.tune.values[0]), arm)
            arm = arm if first is arm else arm._replace(tuned_with=first)
        found.append(arm)
    refuse_alike(found, experiment.tune)
    check_read([arm.config for arm in found])
    return found


def combinations(experiment: Experiment) -> Iterator[dict[str, Any]]:
    """The settings of every arm, by the path or the name of the axis."""
    for values in itertools.product(*experiment.axes.values()):
        for point in experiment.points or ({},):
            yield dict(zip(experiment.axes, values, strict=True)) | dict(point)


def unfolded(settings: Mapping[str, Any], tune: Tune | None = None) -> list[tuple[str, Any]]:
    """Paths and values, variants replaced by what they hold.

    Raises:
      ValueError: two of them set the same path, or one sets what is tuned, or the seed.
    """
    found: list[tuple[str, Any]] = []
    setters: dict[str, list[str]] = {}
    for axis, value in settings.items():
        of_axis = value.settings if isinstance(value, Variant) else [(axis, value)]
        found += of_axis
        for path, _ in of_axis:
            setters.setdefault(path, []).append(axis)
    for path, axes in setters.items():
        if len(axes) > 1:
            raise ValueError(
                f"{path} is set by more than one axis: {', '.join(axes)}; --grid.AXIS=NAME,NAME keeps some of one"
            )
        if path == "seed":
            raise ValueError("seeds are set by --seeds=N, or by the experiment's own seeds: no axis can set one")
        if tune and path == tune.path:
            raise ValueError(f"{path} is tuned: no axis, point or variant can set it")
    return found


def resolve(config: TrialConfig, tables: Tables) -> TrialConfig:
    """The config with every default of its choices filled in, and all values checked.

    Raises:
      ValueError: an unknown name or option, or a value that no trial can have.
    """
    config = _checked(config, tables)
    validate(config)
    return config


def _checked(config: Any, tables: Tables) -> Any:
    """Every choice of a config, and of the configs in it, with its defaults."""
    changed: dict[str, Any] = {}
    for field in dataclasses.fields(config):
        value, kind = getattr(config, field.name), declared(field).table
        if is_group(value):
            changed[field.name] = _checked(value, tables)
        elif isinstance(value, Choice):
            changed[field.name] = check(value, tables[kind], kind)
        elif kind:
            changed[field.name] = tuple(check(choice, tables[kind], kind) for choice in value)
    return dataclasses.replace(config, **changed)


def pilot_config(tune: Tune, config: TrialConfig, value: Any) -> TrialConfig:
    """An arm's configuration with the steps of a pilot and a candidate value."""
    train = dataclasses.replace(config.train, steps=tune.steps)
    return paths.replace(dataclasses.replace(config, train=train), tune.path, value)


def check_pilots(tune: Tune, config: TrialConfig) -> None:
    """Refuse pilots that no trial can have.

    Raises:
      ValueError: what ``validate`` says of one. Probes do not count: pilots see nothing of them.
    """
    for value in tune.values:
        try:
            validate(dataclasses.replace(pilot_config(tune, config, value), probes=()))
        except ValueError as error:
            raise ValueError(f"in the pilots, {error}") from None


def refuse_alike(found: list[Arm], tune: Tune | None) -> None:
    """Refuse arms that are one and the same, or that tables could not tell apart.

    Raises:
      ValueError: the first ones, by their labels.
    """

    def shown(arm: Arm) -> str:
        return ", ".join(f"{key}={value}" for key, value in arm.labels.items())

    def run(arm: Arm) -> TrialConfig:  # a tuned setting is given its value later
        return paths.replace(arm.config, tune.path, tune.values[0]) if tune else arm.config

    for key, why in ((run, "the same"), (shown, "labelled alike")):
        for value, count in Counter(map(key, found)).items():
            if count > 1:
                alike = dict.fromkeys(shown(arm) for arm in found if key(arm) == value)
                raise ValueError(f"{count} arms are {why}: {' and '.join(alike)}")


def count_arms(experiment: Experiment) -> int:
    return math.prod(map(len, experiment.axes.values())) * max(1, len(experiment.points))
