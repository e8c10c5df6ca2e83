"""Of a sweep, where one task is tried with several settings beside what is compared: how each did on validation, by
which one may be chosen. A choice among many is no verdict."""

import math
from collections.abc import Sequence
from typing import Any

from rnn_research.report.drawing import Drawing, finish, legend_name, line_style, panels
from rnn_research.report.results import ENDED_BADLY, Results, TrialResult, by_labels, group_by, has_ended, task_of
from rnn_research.runs.files import encode

NAMED = 3  # arms that are named as the best
WIDE = 8  # from this ratio of the largest setting to the least on, their axis is logarithmic
TITLE = "Validation score by setting"
CAPTION = (
    "A point for each arm: its mean over the seeds that reached their end, at the look that was kept. The best of each "
    "panel is ringed: of the arms with the fewest failures, that of the best mean."
)


def sweeps(results: Results) -> list[list[TrialResult]]:
    """The runs of each task that is tried with several settings of the other axes."""
    begun = [trial for trial in results.reported if trial.facts]
    tasks = group_by(begun, lambda trial: encode(task_of([trial])))
    return [trials for trials in tasks.values() if len(by_labels(trials, results.others)) > 1]


def best(results: Results) -> list[str]:
    """The arms that are best on validation, for each task."""
    found = []
    for trials in sweeps(results):
        ranked = _ranked(results, trials)
        named = [f"{results.called(labels)} ({score:.4g})" for labels, score in ranked[:NAMED]]
        if len(ranked) > 1:
            metric = trials[0].facts["metric"]
            found.append(f"Best on validation, by mean {metric} over seeds: {'; then '.join(named)}")
    return found


def draw_sweep(results: Results) -> Drawing | None:
    """The score of every arm against each setting that is a number, a panel for each of them and each task."""
    shown = [(column, trials) for trials in sweeps(results) for column in _numeric(results, trials)]
    if not shown:
        return None
    with panels(len(shown)) as (figure, axes):
        for axis, (column, trials) in zip(axes, shown, strict=True):
            _panel(results, axis, column, trials)
        return finish(figure, axes, TITLE, CAPTION)


def on_validation(trial: TrialResult) -> float:
    """The reported metric at the look whose parameters were kept; NaN where it is not measured there."""
    metric, chosen = trial.facts["metric"], trial.facts.get("chosen", "loss")
    chosen = metric if chosen == "metric" else chosen
    looks = [row for row in trial.rows if row["split"] == "valid" and metric in row and math.isfinite(row[chosen])]
    sign = -1 if chosen == metric and trial.facts["better"] == "higher" else 1
    return min(looks, key=lambda row: sign * row[chosen], default={metric: math.nan})[metric]


def mean_on_validation(arm: Sequence[TrialResult]) -> float:
    """Of an arm's runs that reached their last update; NaN where one has not ended, or none got there. What a run had
    before it diverged says nothing of its setting."""
    done = [trial for trial in arm if trial.state == "done"]
    return sum(map(on_validation, done)) / len(done) if done and all(map(has_ended, arm)) else math.nan


def _ranked(results: Results, trials: Sequence[TrialResult]) -> list[tuple[tuple, float]]:
    """Labels and score of each arm that has one, the best first: as with pilots by the share of runs that failed, then
    by the score."""
    arms = by_labels(trials, results.document["columns"])
    sign = -1 if trials[0].facts["better"] == "higher" else 1
    known = []
    for labels, arm in arms.items():
        if math.isfinite(score := mean_on_validation(arm)):
            failed = sum(trial.state in ENDED_BADLY for trial in arm) / len(arm)
            known.append(((failed, sign * score), labels, score))
    return [(labels, score) for _, labels, score in sorted(known, key=lambda one: one[0])]


def _numeric(results: Results, trials: Sequence[TrialResult]) -> list[str]:
    """The axes whose values are numbers, more than one."""

    def values(column: str) -> set[Any]:
        return {trial.labels[column] for trial in trials}

    def is_number(value: Any) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool)

    return [name for name in results.document["columns"] if len(values(name)) > 1 and all(map(is_number, values(name)))]


def _panel(results: Results, axis: Any, column: str, trials: Sequence[TrialResult]) -> None:
    facts, at = trials[0].facts, results.document["columns"].index(column)
    places = sorted({trial.labels[column] for trial in trials})
    ranked = _ranked(results, trials)
    for index, arm in enumerate(results.arms):
        labelled = [dict(zip(results.document["columns"], labels, strict=True)) for labels, _ in ranked]
        points = [
            (labels[at], score)
            for (labels, score), named in zip(ranked, labelled, strict=True)
            if named[results.compare] == arm
        ]
        if points:
            colour, _, marker = line_style(index)
            style: Any = {"linestyle": "", "marker": marker, "color": colour, "alpha": 0.8}
            axis.plot(*zip(*points, strict=True), label=legend_name(str(arm)), **style)
    if ranked:
        (labels, score), *_ = ranked
        ring: Any = {"marker": "o", "markersize": 11, "markerfacecolor": "none", "linestyle": ""}
        axis.plot(labels[at], score, color="0.4", **ring)
    if places[0] > 0 and places[-1] / places[0] >= WIDE:
        axis.set_xscale("log")
    logarithmic = facts["better"] == "lower" and facts["perfect"] == 0 and all(score > 0 for _, score in ranked)
    if logarithmic and ranked:
        axis.set_yscale("log")
    axis.set_xlabel(column.replace("_", " "))
    axis.set_ylabel(f"validation {facts['metric']}" + (", log scale" if logarithmic else ""))
