"""What the pilots of a tuned experiment said: their best validation scores against the setting that they tried."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rnn_research.report.charts import Chart, Panel, Run
from rnn_research.report.drawing import Drawing, finish, legend_name, line_style, panels
from rnn_research.report.places import position, spans, tick
from rnn_research.report.results import ENDED_BADLY, Results, TrialResult, by_labels, rows_of


def tuning_curves(results: Results) -> Drawing | None:
    """The best validation score of the pilots, what settings are chosen by, against the setting that they tried."""
    tune = results.document["identity"]["tune"]
    pilots = [trial for trial in results.trials if trial.stage == "pilot"]
    settings = by_labels(pilots, results.others)
    if not tune or not settings:
        return None
    arms = list(dict.fromkeys(trial.labels[results.compare] for trial in pilots))
    with panels(len(settings)) as (figure, axes):
        for axis, (setting, trials) in zip(axes, settings.items(), strict=True):
            places = sorted({trial.tuned[tune["path"]] for trial in trials})
            for index, arm in enumerate(arms):
                mine = [trial for trial in trials if trial.labels[results.compare] == arm]
                _tried(axis, [(trial.tuned[tune["path"]], trial) for trial in mine], index, str(arm))
            tick(axis, places)
            axis.set_xlabel(tune["path"].rpartition(".")[2].replace("_", " "))
            axis.set_ylabel(_chosen_by(trials))
            axis.set_title(results.title(setting), fontsize=9)
        caption = "Every point is a pilot; lines go through their means. A cross at the top: it diverged or failed."
        drawing = finish(figure, axes, "What the pilots said", caption)
    if not set(arms) <= set(results.arms):  # of some there are pilots alone so far; the page's curves are of runs
        return drawing
    return drawing._replace(chart=_pilots_chart(results, tune["path"], settings))


def _pilots_chart(results: Results, path: str, settings: Mapping[tuple, Sequence[TrialResult]]) -> Chart:
    """The same: of every arm and seed a curve over the values that were tried, and a cross for each that failed."""
    colours = {arm: index for index, arm in enumerate(results.arms)}
    shown, logarithmic = [], True
    for setting, trials in settings.items():
        places = sorted({trial.tuned[path] for trial in trials})
        at = {place: position(places, index) for index, place in enumerate(places)}
        tried: dict[tuple[int, int | None], dict[float, float]] = {}
        failed = []
        for trial in sorted(trials, key=lambda trial: trial.tuned[path]):
            arm, place = colours[trial.labels[results.compare]], at[trial.tuned[path]]
            chosen, best = _chosen(trial)
            looks = [row[chosen] for row in rows_of(trial, "valid") if not math.isnan(row[chosen])]
            if trial.state == "done" and looks:
                tried.setdefault((arm, trial.seed), {})[place] = best(looks)
            elif trial.state in ENDED_BADLY:
                failed.append(Run(arm, trial.seed, [place], [math.nan], died=True))
        runs = [Run(*of, list(scores), list(scores.values())) for of, scores in tried.items()]
        ticks = [(at[place], str(place)) for place in places]
        shown.append(Panel(results.title(setting), _chosen_by(trials).replace("_", " "), [*runs, *failed], ticks=ticks))
        logarithmic &= spans(places)
    caption = "Lines go through the means of the pilots. A cross at the top: one of them diverged or failed."
    return Chart(path.rpartition(".")[2].replace("_", " "), {"pilots": shown}, caption, logarithmic)


def _tried(axis: Any, pilots: Sequence[tuple[float, TrialResult]], index: int, label: str) -> None:
    """The pilots of an arm, by the value that each tried."""
    colour, dash, marker = line_style(index)
    scores: dict[float, list[float]] = {}
    for value, trial in sorted(pilots, key=lambda pilot: pilot[0]):
        chosen, best = _chosen(trial)
        looks = [row[chosen] for row in rows_of(trial, "valid") if not math.isnan(row[chosen])]
        if trial.state == "done" and looks:
            scores.setdefault(value, []).append(best(looks))
        elif trial.state in ENDED_BADLY:
            place: Any = {"transform": axis.get_xaxis_transform(), "clip_on": False, "linestyle": ""}
            axis.plot(value, 1.0, marker="x", markersize=5, color=colour, **place)
    points = [(value, score) for value, found in scores.items() for score in found]
    if points:
        axis.plot(*zip(*points, strict=True), linestyle="", marker=marker, markersize=3, color=colour, alpha=0.6)
        means = [sum(found) / len(found) for found in scores.values()]
        axis.plot(list(scores), means, color=colour, linestyle=dash, linewidth=1.4, label=legend_name(label))


def _chosen(trial: TrialResult) -> tuple[str, Callable[[list[float]], float]]:
    """By which metric a trial's parameters and settings are chosen on validation, and the best of its values."""
    chosen = trial.facts.get("chosen", "loss")
    return chosen, max if chosen == trial.facts.get("metric") and trial.facts.get("better") == "higher" else min


def _chosen_by(trials: Sequence[TrialResult]) -> str:
    chosen, best = _chosen(trials[0])
    return f"{'highest' if best is max else 'lowest'} validation {chosen}"
