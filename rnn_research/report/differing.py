"""In what runs that stand side by side were made differently: settings, code, data, versions, machine."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rnn_research.report.render import NOTHING, setting_text
from rnn_research.report.results import TrialResult
from rnn_research.report.side_by_side import Run, Together
from rnn_research.runs.directory import flat
from rnn_research.runs.identity import conflicts, merged

ALL = "all arms"
OF_THE_MACHINE = ("git", "python", "versions", "devices", "cpus", "platform", "environment")


class Differing(NamedTuple):
    """A setting that is not the same in all of the runs.

    Attributes:
      values: as text, one for each run; a dash where there is none.
      arms: of which arms, ``ALL`` where it is of each; empty of what is of the run as a whole.
    """

    path: str
    values: tuple[str, ...]
    arms: str = ""


def differing(together: Together) -> list[Differing]:
    """The settings of the matched arms first, then how they were chosen and how often they were run, what they were
    trained with, and where."""
    return [*_of_arms(together), *_of_runs(together.runs), *_trained_with(together.runs)]


def _of_arms(together: Together) -> list[Differing]:
    found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for arm in together.arms:
        sides = {side.run: side.trials for side in arm.sides}
        known = [_settings(run, sides.get(run.letter, ())) for run in together.runs]
        there = [settings for settings in known if settings]
        for path in dict.fromkeys(path for settings in there for path in settings):
            if any(settings.get(path) != there[0].get(path) for settings in there):
                values = tuple(_text(settings.get(path)) if settings else NOTHING for settings in known)
                found.setdefault((path, values), []).append(arm.name)
    every = [arm.name for arm in together.arms]
    return [Differing(*key, ALL if names == every else "; ".join(names)) for key, names in found.items()]


def _settings(run: Run, trials: Sequence[TrialResult]) -> dict[str, Any]:
    """Of an arm's runs, by path: what all of them have, and of what they do not share each value once."""
    configs = [run.configs[trial.id] for trial in trials if trial.id in run.configs]
    paths = dict.fromkeys(path for config in configs for path in config if path != "seed")
    found = {}
    for path in paths:
        values = [config.get(path) for config in configs]
        alike = all(value == values[0] for value in values)
        found[path] = values[0] if alike else ", ".join(dict.fromkeys(map(_text, values)))
    return found


def _of_runs(runs: Sequence[Run]) -> list[Differing]:
    return _unlike([_facts(run) for run in runs])


def _facts(run: Run) -> dict[str, Any]:
    """What is of a run as a whole, by path."""
    document = run.results.document
    seeds = sorted({trial.seed for trial in run.results.reported if trial.seed is not None})
    made = document["provenance"]
    where = {"revision" if name == "git" else name: made.get(name) for name in OF_THE_MACHINE}
    return flat({"experiment": document["name"], "tune": document["identity"]["tune"], "seeds": seeds} | where)


def _trained_with(runs: Sequence[Run]) -> list[Differing]:
    """Code, data and settings of jax, against those of the first run: of digests no more is to be said than that they
    differ."""
    first, *others = [_identity(run) for run in runs]
    found = [conflicts(first, other) for other in others]
    return [
        Differing(what, ("", *("differs" if what in of_run else "" for of_run in found)))
        for what in dict.fromkeys(what for of_run in found for what in of_run)
    ]


def _identity(run: Run) -> Mapping[str, Mapping[str, Any]]:
    """As the launch had it, with what only its trials' cards name."""
    held = [trial.facts.get("trained_with", {}) for trial in run.results.reported]
    return merged([*held, run.results.document.get("trained_with", {})])


def _unlike(facts: Sequence[Mapping[str, Any]]) -> list[Differing]:
    paths = dict.fromkeys(path for of_run in facts for path in of_run)
    return [
        Differing(path, tuple(_text(of_run.get(path)) for of_run in facts))
        for path in paths
        if any(of_run.get(path) != facts[0].get(path) for of_run in facts)
    ]


def _text(value: Any) -> str:
    return setting_text(value) or NOTHING
