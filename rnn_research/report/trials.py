"""Every trial for the page: by arm, with its settings, how it ended and its curve."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rnn_research.report.render import number, setting_text
from rnn_research.report.results import Results, TrialResult, by_labels
from rnn_research.report.table import score_summary

Config = Mapping[str, Any]
NOTE = "By arm: the settings that its trials share and that are not those of all; then each trial with what is its own."


def listed_trials(results: Results, configs: Mapping[str, Config]) -> dict[str, Any]:
    """What the template lists.

    Args:
      configs: of each trial that has begun, by dotted paths.
    """
    base = _shared(list(configs.values()))
    places = {trial.id: place for place, (trial, _, _) in enumerate(_curves(results))}
    arms = []
    for labels, trials in by_labels(results.trials, results.document["columns"]).items():
        known = [configs[trial.id] for trial in trials if trial.id in configs]
        mine = _shared(known)
        stages = Counter("pilots" if trial.stage == "pilot" else "runs" for trial in trials)
        scored = score_summary([trial for trial in trials if trial.stage == "main"])
        about = ", ".join(f"{count} {stage}" for stage, count in sorted(stages.items(), reverse=True))
        facts = next((trial.facts for trial in trials if trial.facts), {})
        arms.append(
            {
                "name": results.called(labels),
                "about": about + (f", mean {number(scored.mean)}" if scored.n else ""),
                "metric": facts.get("metric", "score").replace("_", " "),
                "settings": _lines({path: value for path, value in mine.items() if path not in base}),
                "trials": [_trial(trial, configs.get(trial.id, {}), mine, places.get(trial.id)) for trial in trials],
            }
        )
    splits = {split for _, split, _ in _curves(results)}
    curve = "validation" if splits == {"valid"} else "curve"
    return {"note": NOTE, "base": _lines(base), "arms": arms, "curve": curve}


def small_curves(results: Results) -> list[tuple[Sequence[float], Sequence[float]]]:
    """(steps, values) of the trials that have a curve, in the order of the places that ``listed_trials`` gives."""
    return [tuple(zip(*looks, strict=True)) for _, _, looks in _curves(results)]  # type: ignore[misc]


def _curves(results: Results) -> list[tuple[TrialResult, str, list[tuple[float, float]]]]:
    """The reported metric on validation, or the loss there where that is not measured; of training where there is no
    validation."""
    found = []
    for trial in results.trials:
        metric = trial.facts.get("metric", "loss")
        for split, column in (("valid", metric), ("valid", "loss"), ("train", "loss")):
            looks = [(row["step"], row[column]) for row in trial.rows if row["split"] == split and column in row]
            if len(looks) > 1:
                found.append((trial, split, looks))
                break
    return found


def _trial(trial: TrialResult, config: Config, shared: Config, spark: int | None) -> dict[str, Any]:
    own = {path: value for path, value in config.items() if path not in shared and path != "seed"}
    return {
        "id": trial.id,
        "seed": "" if trial.seed is None else trial.seed,
        "stage": trial.stage,
        "state": trial.state + (f": {trial.reason}" if trial.reason else ""),
        "score": number(trial.score),
        "key": "" if trial.score != trial.score else trial.score,
        "own": ", ".join(_lines(own)),
        "spark": spark,
    }


def _shared(configs: Sequence[Config]) -> dict[str, Any]:
    """The settings that all have, with the same value."""
    if not configs:
        return {}
    first, *others = configs
    return {
        path: value
        for path, value in first.items()
        if path != "seed" and all(path in other and other[path] == value for other in others)
    }


def _lines(settings: Config) -> list[str]:
    return [f"{path} = {setting_text(value)}" for path, value in settings.items()]
