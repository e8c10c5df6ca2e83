"""An experiment in seconds."""

import dataclasses
from typing import Any

from rnn_research.experiment import paths
from rnn_research.experiment.choice import Choice, convert, parameters
from rnn_research.experiment.config import TrialConfig
from rnn_research.experiment.experiment import Experiment
from rnn_research.experiment.paths import Tables
from rnn_research.experiment.variant import Variant

TINY_SETTINGS = {"train.steps": 4, "train.batch": 4, "model.embedding": 4, "model.cell.hidden": 4}
EXAMPLES = 1000  # to train on, where an experiment says how many its task is to have
# Options of whatever probe has them.
TINY_PROBES = {"examples": 2, "texts": 2, "samples": 2, "tokens": 20, "steps": (2, 4), "widths": (1, 2)}


def smoke(experiment: Experiment, tables: Tables | None = None) -> Experiment:
    """The experiment in seconds, every stage kept: tiny batches and cells, few steps, the ends of every axis.

    Args:
      tables: with the factories of probes, options that are not given shrink as well.
    """

    published = "glove" in _values(experiment, "model.embedding_init")  # vectors of a width of their own

    def tiny(path: str, value: Any) -> Any:
        """A value of a setting in small: few steps, every cell and embedding tiny, probes after two and four steps."""
        if path == "model.embedding" and published:
            return value
        if isinstance(value, Variant):
            return Variant(value.name, {inner: tiny(inner, setting) for inner, setting in value.settings})
        if path == "probes":
            given = paths.get(paths.replace(TrialConfig(), path, value, tables), path)
            return tuple(_tiny_probe(probe, tables) for probe in given)
        head, _, option = path.partition(".")
        if head == "probes":
            return _tiny_option(option.rpartition(".")[2], value)
        if isinstance(value, Choice):
            return value.with_options(hidden=min(4, int(value["hidden"]))) if "hidden" in dict(value.options) else value
        return min(int(value), TINY_SETTINGS[path]) if path in TINY_SETTINGS else value

    steps = 4 if experiment.base.train.steps else 0
    train = dataclasses.replace(
        experiment.base.train, steps=steps, batch=4, eval_every=2, valid_examples=8, test_examples=8, cuts=1
    )
    base = dataclasses.replace(experiment.base, train=train)
    for path in ("model.cell", "model.embedding", "probes"):
        base = paths.replace(base, path, tiny(path, paths.get(base, path)))
    if "examples" in dict(base.task.options):
        base = dataclasses.replace(
            base, task=base.task.with_options(examples=min(int(base.task["examples"]), EXAMPLES))
        )
    axes = {path: (v[0], v[-1]) if len(v) > 2 else v for path, v in experiment.axes.items()}
    axes = {path: _distinct([tiny(path, value) for value in values]) for path, values in axes.items()}
    points = (experiment.points[0], experiment.points[-1]) if len(experiment.points) > 2 else experiment.points
    points = tuple({path: tiny(path, value) for path, value in point.items()} for point in points)
    tune = experiment.tune
    if tune:
        tune = dataclasses.replace(tune, values=tune.values[:2], seeds=1, steps=2, limits=None, final_seeds=0)
    return dataclasses.replace(experiment, base=base, axes=axes, points=points, tune=tune, seeds=2, minutes=None)


def _distinct(values: list[Any]) -> tuple:
    """Without those that set what one before them sets: two widths, both of them tiny now."""
    found: dict[Any, Any] = {}
    for value in values:
        found.setdefault(value.settings if isinstance(value, Variant) else value, value)
    return tuple(found.values())


def _values(experiment: Experiment, path: str) -> list[Any]:
    """All that arms may have for a setting."""
    axes = [{name: value} for name, values in experiment.axes.items() for value in values]
    given = [setting for point in (*axes, *experiment.points) for setting in point.items()]
    inner = [setting for _, value in given if isinstance(value, Variant) for setting in value.settings]
    return [paths.get(experiment.base, path), *(value for name, value in [*given, *inner] if name == path)]


def _tiny_probe(probe: Choice, tables: Tables | None) -> Choice:
    table = (tables or {}).get("probe", {})
    options = dict(probe.options)
    if probe.name in table:
        options = {name: known.default for name, known in parameters(table, probe.name, "probe").items()} | options
    small = {name: _tiny_option(name, value) for name, value in options.items() if name in TINY_PROBES}
    return probe.with_options(**small)


def _tiny_option(name: str, value: Any) -> Any:
    """Steps before the first update stay where they are: what learns without steps is looked at there."""
    if name == "steps":
        return TINY_PROBES[name] if any(convert(value, tuple[int, ...], name)) else value
    if name == "widths":
        return TINY_PROBES[name]
    return min(int(value), TINY_PROBES[name]) if name in TINY_PROBES else value
