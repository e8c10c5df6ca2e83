"""Changes to an experiment from the command line: ``--config.PATH=value``, ``--grid.PATH=a,b,c``, ``--random``."""

import dataclasses
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from rnn_research.experiment import paths
from rnn_research.experiment.config import TrialConfig
from rnn_research.experiment.experiment import Experiment
from rnn_research.experiment.paths import Tables
from rnn_research.experiment.ranges import Range, parse_range, random_points
from rnn_research.experiment.text_form import split_parts, unquote
from rnn_research.experiment.variant import Variant
from rnn_research.lookup import nearest

Point = Mapping[str, Any]


def override(
    experiment: Experiment,
    config: Mapping[str, str],
    grid: Mapping[str, str],
    seeds: int | None,
    random: int | None = None,
    tables: Tables | None = None,
) -> Experiment:
    """The experiment with the user's settings in every trial, the user's axes and number of seeds.

    A setting that the experiment varies or tunes is then fixed; an axis that it has is replaced, and of one of variants
    those that are named are kept: ``--grid.attention=none,dot``. With ``random``, the user's axes are not crossed: so
    many points are drawn from them, always the same, and every arm of the experiment is run at each.

    Args:
      tables: factories by kind, which say what types the options of choices have.

    Raises:
      ValueError: a path that does not exist, or a value of the wrong type; a variant that there is not.
    """
    if "seed" in config or "seed" in grid:
        raise ValueError("seeds are set by --seeds=N, which gives every arm the seeds 0 to N - 1")
    axes = {path: tuple(values) for path, values in experiment.axes.items()}
    points, base, tune = experiment.points, experiment.base, experiment.tune
    for path, text in config.items():
        tune = None if tune and tune.path == path else tune
        base, axes, points = _fix(base, axes, points, path, unquote(text), tables)
    for path in grid:
        tune = None if tune and tune.path == path else tune
        points = tuple({other: value for other, value in point.items() if other != path} for point in points)
    kept = {path: _kept(axes[path], path, text) for path, text in grid.items() if _are_named(axes.get(path, ()))}
    axes |= kept
    pools = {path: _pool(base, path, text, tables) for path, text in grid.items() if path not in kept}
    if random is not None:
        points = _drawn(base, pools, points, random, tables)
        axes = {path: values for path, values in axes.items() if path not in pools}
    else:
        for path, pool in pools.items():
            if isinstance(pool, Range):
                raise ValueError(f"--grid.{path}={grid[path]}: give a number of values, or draw some with --random=N")
            axes[path] = pool
    if seeds is not None and seeds < 1:
        raise ValueError(f"--seeds must be 1 or more, not {seeds}")
    changed = {"base": base, "axes": axes, "points": _distinct(points), "tune": tune}
    asked = seeds or experiment.seeds
    as_measured = not (config or grid) and asked == experiment.seeds
    minutes = experiment.minutes if as_measured else None
    return dataclasses.replace(experiment, **changed, seeds=asked, minutes=minutes)


def replaced(before: Experiment, after: Experiment) -> list[str]:
    """A line for each setting that a variant has on purpose and that one for all trials took the place of."""
    found = []
    for name, old, new in _variants(before, after):
        was, now = dict(old.settings), dict(new.settings)
        found += [
            f"the variant {old} of {name} no longer has {path}={was[path]}, but {now.get(path)}, as all trials do"
            for path in was
            if now.get(path) != was[path]
        ]
    return list(dict.fromkeys(found))


def _variants(before: Experiment, after: Experiment) -> Iterator[tuple[str, Variant, Variant]]:
    """The axis of every variant, and what it was and is."""
    pairs = [(name, values, after.axes.get(name, ())) for name, values in before.axes.items()]
    names = dict.fromkeys(name for point in before.points for name in point)
    pairs += [(name, *([point.get(name) for point in one.points] for one in (before, after))) for name in names]
    for name, old, new in pairs:
        found = [other for other in new if isinstance(other, Variant)]
        for value in old:
            if isinstance(value, Variant) and (like := [other for other in found if other.name == value.name]):
                yield name, value, max(like, key=partial(_alike, value))


def _alike(one: Variant, other: Variant) -> tuple[int, int]:
    """How many settings, and how many paths, two variants share. Points may have several of a name: a distance of 20,
    which each task calls by an option of its own."""
    return sum(pair in other.settings for pair in one.settings), len(dict(one.settings).keys() & dict(other.settings))


def _are_named(values: tuple[Any, ...]) -> bool:
    return bool(values) and all(isinstance(value, Variant) for value in values)


def _kept(variants: tuple[Variant, ...], path: str, text: str) -> tuple[Variant, ...]:
    """The variants of an axis that ``--grid.PATH`` names."""
    known = {str(variant): variant for variant in variants}
    names = [text] if text in known else list(dict.fromkeys(map(unquote, split_parts(text))))
    for name in names:
        if name not in known:
            raise ValueError(f"--grid.{path}: no {name!r} among the experiment's own; {nearest(name, known)}")
    if not names:
        raise ValueError(f"--grid.{path} needs at least one value")
    return tuple(known[name] for name in names)


def _pool(base: TrialConfig, path: str, text: str, tables: Tables | None) -> Range | tuple[Any, ...]:
    """What ``--grid.PATH`` names: values of the declared type, or a range to draw from."""
    kind = paths.kind_of(base, path, tables)
    values: list[Any] = []
    for part in split_parts(text):
        numbers = None if kind is str else parse_range(part)
        if isinstance(numbers, Range):
            if part != text.strip():
                raise ValueError(f"--grid.{path}: a range to draw from must stand alone: {part}")
            first, last = numbers.ends()
            if kind is int and first > last:
                raise ValueError(f"--grid.{path}={text}: there is no whole number between")
            return numbers._replace(whole=kind is int)
        values += [unquote(part)] if numbers is None else [round(n) if kind is int else n for n in numbers]
    if not values:
        raise ValueError(f"--grid.{path} needs at least one value")
    return tuple(dict.fromkeys(_as_declared(base, path, value, tables) for value in values))


def _as_declared(base: TrialConfig, path: str, value: Any, tables: Tables | None) -> Any:
    """A value as the config holds it."""
    return paths.get(paths.replace(base, path, value, tables), path, tables)


def _drawn(
    base: TrialConfig, pools: Mapping[str, Any], points: tuple[Point, ...], count: int, tables: Tables | None
) -> tuple[Point, ...]:
    if count < 1:
        raise ValueError(f"--random must be 1 or more, not {count}")
    if not pools:
        raise ValueError("--random needs something to draw from: --grid.optimizer.learning_rate='log(1e-4,1e-2)'")
    drawn = [
        {path: _as_declared(base, path, value, tables) for path, value in point.items()}
        for point in random_points(pools, count)
    ]
    return tuple({**point, **new} for point in points or ({},) for new in drawn)


def _distinct(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """Each point once; none where nothing is left of any."""
    found = []
    for point in points:
        if point not in found:
            found.append(point)
    return () if found == [{}] else tuple(found)


def _fix(
    base: TrialConfig,
    axes: dict[str, tuple],
    points: tuple[Point, ...],
    path: str,
    text: str,
    tables: Tables | None,
):
    """Set a path in the base and in every axis and point that holds, or is held by, the setting."""
    try:
        base = paths.replace(base, path, text, tables)
    except ValueError as error:
        hint = f"; several values make an axis: --grid.{path}={text}" if len(split_parts(text)) > 1 else ""
        raise ValueError(f"{error}{hint}") from None
    probes = {probe.name for probe in base.probes}

    def gone(inner: str) -> bool:
        """Whether it is an option of a probe that there is no longer."""
        return path == "probes" and inner.startswith("probes.") and inner.split(".")[1] not in probes

    def fixed(axis: str, value: Any) -> Any:
        if isinstance(value, Variant):
            return Variant(value.name, fixed_all(dict(value.settings)))
        if axis == path or axis.startswith(path + "."):
            return paths.get(base, axis, tables)
        if path.startswith(axis + "."):
            return paths.get(paths.replace(paths.replace(base, axis, value, tables), path, text, tables), axis, tables)
        return value

    def fixed_all(settings: Point) -> dict[str, Any]:
        return {inner: fixed(inner, value) for inner, value in settings.items() if not gone(inner)}

    if any(gone(axis) for axis in axes):
        raise ValueError(f"--config.{path}={text}: the experiment varies {next(filter(gone, axes))}")
    axes = {axis: tuple(dict.fromkeys(fixed(axis, value) for value in values)) for axis, values in axes.items()}
    return base, axes, tuple(map(fixed_all, points))
