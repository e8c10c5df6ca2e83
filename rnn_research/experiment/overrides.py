"""Changes to an experiment from the command line: ``--config.PATH=value``, ``--grid.PATH=a,b,c``, ``--random``."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from rnn_research.experiment import paths
from rnn_research.experiment.config import TrialConfig
from rnn_research.experiment.experiment import Experiment
from rnn_research.experiment.ranges import Range, parse_range, random_points
from rnn_research.experiment.variant import Variant


def override(
    experiment: Experiment,
    config: Mapping[str, str],
    grid: Mapping[str, str],
    seeds: int | None,
    random: int | None = None,
) -> Experiment:
    """The experiment with the user's settings in every trial, the user's axes and number of seeds.

    A setting that the experiment varies or tunes is then fixed; an axis that it has is replaced. With ``random``,
    the user's axes are not crossed: so many points are drawn from them, always the same, and every arm of the
    experiment is run at each.

    Raises:
      ValueError: a path that does not exist, or a value of the wrong type.
    """
    axes = {path: tuple(values) for path, values in experiment.axes.items()}
    points, base, tune = experiment.points, experiment.base, experiment.tune
    for path, text in config.items():
        tune = None if tune and tune.path == path else tune
        base, axes, points = _fix(base, axes, points, path, text)
    for path in grid:
        tune = None if tune and tune.path == path else tune
        points = tuple({other: value for other, value in point.items() if other != path} for point in points)
    pools = {path: _pool(base, path, text) for path, text in grid.items()}
    if random is not None:
        points = _drawn(base, pools, points, random)
        axes = {path: values for path, values in axes.items() if path not in pools}
    else:
        for path, pool in pools.items():
            if isinstance(pool, Range):
                raise ValueError(f"--grid.{path}={grid[path]}: give a number of values, or draw some with --random=N")
            axes[path] = pool
    if seeds is not None and seeds < 1:
        raise ValueError(f"--seeds must be 1 or more, not {seeds}")
    changed = {"base": base, "axes": axes, "points": _distinct(points), "tune": tune}
    return dataclasses.replace(experiment, **changed, seeds=seeds or experiment.seeds)


def _pool(base: TrialConfig, path: str, text: str) -> Range | tuple[Any, ...]:
    """What ``--grid.PATH`` names: values of the field's type, or a range to draw from."""
    values: list[Any] = []
    for part in paths.split_values(text):
        numbers = parse_range(part)
        if isinstance(numbers, Range):
            if part != text.strip():
                raise ValueError(f"--grid.{path}: a range to draw from must stand alone: {part}")
            paths.get(base, path)
            return numbers
        values += [part] if numbers is None else [_fitting(base, path, number) for number in numbers]
    if not values:
        raise ValueError(f"--grid.{path} needs at least one value")
    return tuple(dict.fromkeys(paths.get(paths.replace(base, path, value), path) for value in values))


def _drawn(
    base: TrialConfig, pools: Mapping[str, Any], points: tuple[Mapping[str, Any], ...], count: int
) -> tuple[Mapping[str, Any], ...]:
    if count < 1:
        raise ValueError(f"--random must be 1 or more, not {count}")
    if not pools:
        raise ValueError("--random needs something to draw from: --grid.optimizer.learning_rate='log(1e-4,1e-2)'")
    drawn = [
        {path: paths.get(paths.replace(base, path, _fitting(base, path, v)), path) for path, v in point.items()}
        for point in random_points(pools, count)
    ]
    return tuple({**point, **new} for point in points or ({},) for new in drawn)


def _fitting(base: TrialConfig, path: str, value: Any) -> Any:
    """A number rounded where the field holds whole ones."""
    whole = isinstance(paths.get(base, path), int) and isinstance(value, float)
    return round(value) if whole else value


def _distinct(points: tuple[Mapping[str, Any], ...]) -> tuple[Mapping[str, Any], ...]:
    """Each point once; none where nothing is left of any."""
    found = []
    for point in points:
        if point not in found:
            found.append(point)
    return () if found == [{}] else tuple(found)


def _fix(base: TrialConfig, axes: dict[str, tuple], points: tuple[Mapping[str, Any], ...], path: str, text: str):
    """Set a path in the base and in every axis and point that holds, or is held by, the setting."""
    base = paths.replace(base, path, text)
    parent, _, option = path.rpartition(".")

    def fixed(axis: str, value: Any) -> Any:
        if isinstance(value, Variant):
            return Variant(value.name, {inner: fixed(inner, v) for inner, v in value.settings})
        if axis == path or axis.startswith(path + "."):
            return paths.get(base, axis)
        return paths.replace(value, option, text) if axis == parent else value

    axes = {axis: tuple(dict.fromkeys(fixed(axis, value) for value in values)) for axis, values in axes.items()}
    points = tuple({axis: fixed(axis, value) for axis, value in point.items()} for point in points)
    return base, axes, points
