"""Figures of any experiment: learning curves, columns against the step, measures against an axis, exhibits."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from operator import itemgetter
from typing import Any

import numpy as np

from rnn_research.report.charts import Chart, Means, Panel, Run
from rnn_research.report.drawing import (
    LINES,
    Drawing,
    Section,
    band,
    finish,
    legend_name,
    line_style,
    number_within,
    panels,
    with_unique_names,
)
from rnn_research.report.exhibits import drawn_exhibits
from rnn_research.report.pilots import tuning_curves
from rnn_research.report.places import position, spans, tick
from rnn_research.report.reach import draw_reach
from rnn_research.report.results import (
    Results,
    TrialResult,
    by_labels,
    facts_of,
    keep,
    possible,
    possible_measure,
    rows_of,
    settings_text,
)
from rnn_research.report.statistics import NO_RUNS, Summary
from rnn_research.report.sweep import draw_sweep
from rnn_research.report.table import measure_summary, score_summary

STEP = "step (updates)"
CROSS = "A cross at the top marks a run that had diverged by that look."
DENSITIES = ("mixture",)  # heads whose loss may be below 0
ASIDE = 3.0  # points between the intervals of two arms at one place
ACROSS = 130.0  # points that the places of a panel have at least


def draw(results: Results) -> list[Drawing | Section]:
    """Every figure and section of a report, in the order in which they are shown: those the experiment asks for come
    first, then the learning curves and the exhibits, sections last."""
    kinds = {"ByAxis": by_axis, "ByMeasure": by_measure, "Curves": curves, "Reach": draw_reach}
    asked = [kinds[figure["kind"]](results, figure) for figure in results.document["figures"]]
    shown = drawn_exhibits(results)
    drawings = [part for part in shown if isinstance(part, Drawing)]
    figures = [*asked, draw_sweep(results), learning_curves(results), *drawings, tuning_curves(results)]
    sections = [part for part in shown if isinstance(part, Section)]
    return with_unique_names(part for part in [*figures, *sections] if part)


def learning_curves(results: Results) -> Drawing | None:
    """The reported metric on the validation split against the step, the trivial baseline dashed; the loss, where the
    metric is not measured there.

    One panel for each setting of the axes other than the compared one.
    """
    drawn = [trial for trial in results.reported if trial.facts and any(row["step"] for row in rows_of(trial, "valid"))]
    settings = by_labels(drawn, results.others)
    if not settings:
        return None
    arms, longest = results.arms, _longest(drawn)
    with panels(len(settings)) as (figure, axes):
        for axis, (setting, trials) in zip(axes, settings.items(), strict=True):
            facts = trials[0].facts
            metric, logarithmic = facts["metric"], facts["better"] == "lower" and facts["perfect"] == 0
            if not any(metric in row for trial in trials for row in rows_of(trial, "valid")):
                metric, logarithmic = "loss", False  # the metric is scored once, at the end
            _against_step(axis, by_labels(trials, [results.compare]), arms, "valid", metric, logarithmic, longest)
            baseline = facts["baseline"].get(metric, math.nan)
            axis.axhline(baseline, color="0.4", linestyle=(0, (2, 2)), linewidth=1, label="trivial baseline")
            if metric == facts["metric"] and facts["better"] == "higher" and facts["perfect"] == 1:
                axis.set_ylim(min(0, axis.dataLim.y0), 1.03)
            axis.set_ylabel(f"validation {metric}" + (", log scale" if logarithmic else ""))
            axis.set_title(results.title(setting), fontsize=9)
        caption = f"Validation during training. {LINES} Dashed: the trivial baseline."
        chart = _learning_chart(results, settings)
        return finish(figure, axes, "Learning curves", caption)._replace(chart=chart)


def _learning_chart(results: Results, settings: Mapping[tuple, Sequence[TrialResult]]) -> Chart:
    """The reported metric on validation, then the other of metric and loss, and both in training, as far as there are
    any; every setting by its own metric."""
    views: dict[str, list[Panel]] = {}
    for split, called in (("valid", "validation"), ("train", "training")):
        for of_metric in (True, False):
            panels = []
            for setting, trials in settings.items():
                facts = trials[0].facts
                column = facts["metric"] if of_metric else "loss"
                runs = _runs(results, trials, split, column)
                if runs and (of_metric or facts["metric"] != "loss"):
                    log = of_metric and facts["better"] == "lower" and facts["perfect"] == 0
                    baseline = facts["baseline"].get(column)
                    name = column.replace("_", " ")
                    shown = Panel(results.title(setting), f"{called} {name}", runs, log, baseline)
                    panels.append(shown._replace(bounds=_bounds(facts, column)))
            labels = list(dict.fromkeys(panel.ylabel for panel in panels))
            if panels:
                views[labels[0] if len(labels) == 1 else f"{called} metric"] = panels
    return Chart(STEP, views, _crosses(views))


def _bounds(facts: Mapping[str, Any], column: str) -> tuple[float, float]:
    """Between what a column of the rows must lie: of the reported metric as its score, a loss from 0 on, unless it is
    that of a density."""
    if column == facts.get("metric"):
        return possible(facts)
    head = facts.get("target", {}).get("head", "")
    return (0.0, math.inf) if column == "loss" and head and head not in DENSITIES else (-math.inf, math.inf)


def _crosses(views: Mapping[str, Sequence[Panel]]) -> str:
    """What crosses say, where there are any."""
    return CROSS if any(run.died for view in views.values() for panel in view for run in panel.runs) else ""


def _runs(results: Results, trials: Sequence[TrialResult], split: str, column: str) -> list[Run]:
    """The curves of the runs that have that column."""
    arms = {arm: index for index, arm in enumerate(results.arms)}
    found = []
    for trial in trials:
        looks = [(row["step"], row[column]) for row in rows_of(trial, split) if column in row]
        if looks:
            x, y = zip(*looks, strict=True)
            found.append(Run(arms[trial.labels[results.compare]], trial.seed, x, y, trial.state == "diverged"))
    return found


def curves(results: Results, asked: Mapping[str, Any]) -> Drawing | None:
    """A column of the rows against the step."""
    split, column = asked["split"], asked["column"]
    drawn = [trial for trial in keep(results.reported, asked["where"]) if rows_of(trial, split)]
    settings = by_labels(drawn, results.others)
    if not settings:
        return None
    longest = _longest(drawn)
    with panels(len(settings)) as (figure, axes):
        for axis, (setting, trials) in zip(axes, settings.items(), strict=True):
            _against_step(
                axis, by_labels(trials, [results.compare]), results.arms, split, column, asked["log"], longest
            )
            axis.set_ylabel(asked["ylabel"] + (", log scale" if asked["log"] else ""))
            axis.set_title(results.title(setting), fontsize=9)
        caption = f"{LINES} {CROSS}"
        shown = [
            Panel(
                results.title(setting), asked["ylabel"], _runs(results, trials, split, column), asked["log"]
            )._replace(bounds=_bounds(next((trial.facts for trial in trials if trial.facts), {}), column))
            for setting, trials in settings.items()
        ]
        views = {asked["ylabel"]: [panel for panel in shown if panel.runs]}
        chart = Chart(STEP, views, _crosses(views))
        return finish(figure, axes, asked["ylabel"], caption)._replace(chart=chart)


def by_axis(results: Results, asked: Mapping[str, Any]) -> Drawing | None:
    """A measure against the values of an axis."""
    column, measure = asked["x"], asked["y"]
    others = [other for other in results.others if other != column]

    def places(trials):
        return list(dict.fromkeys(trial.labels[column] for trial in trials))

    def summary(trials, place):
        runs = [trial for trial in trials if trial.labels[column] == place]
        return (
            score_summary(runs, measure) if measure in ("score", "skill") else measure_summary(results, runs, measure)
        )

    return _means(results, {**asked, "ylabel": asked["ylabel"] or measure}, others, places, summary, [measure])


def by_measure(results: Results, asked: Mapping[str, Any]) -> Drawing | None:
    """Several measures of the same runs, each at its place on the horizontal axis."""
    measures = dict(asked["points"])
    return _means(
        results,
        asked,
        results.others,
        lambda trials: list(measures),
        lambda trials, place: measure_summary(results, trials, measures[place]),
        list(measures.values()),
    )


def _means(
    results: Results,
    asked: Mapping[str, Any],
    others: Sequence[str],
    places_of: Callable[[Sequence[TrialResult]], list],
    summary: Callable[[Sequence[TrialResult], Any], Summary],
    measures: Sequence[str],
) -> Drawing | None:
    """Means with 95% intervals of measures, a panel for each setting of the other axes, a line for each arm."""
    shown = keep(results.reported, asked["where"])
    settings, arms = by_labels(shown, others), list(by_labels(shown, [results.compare]))
    if not settings:
        return None
    responding: list[Panel] = []
    colours = {arm: index for index, arm in enumerate(results.arms)}
    with panels(len(settings)) as (figure, axes):
        for axis, (setting, trials) in zip(axes, settings.items(), strict=True):
            places, of_arm = places_of(trials), by_labels(trials, [results.compare])
            here = [arm for arm in arms if arm in of_arm]
            means = []
            for index, name in enumerate(arms):
                (arm,) = name
                summaries = [summary(of_arm.get(name, []), place) for place in places]
                aside = _aside(places, here.index(name), len(here)) if name in here else 0.0
                _line(axis, places, summaries, index, str(arm), aside)
                means.append(_of_arm(places, summaries, colours[arm]))
            ticks = [(position(places, place), str(places[place])) for place in range(len(places))]
            title = settings_text(others, setting)
            bounds = _between(results, measures, facts_of(trials))
            responding.append(Panel(title, asked["ylabel"], means=means, ticks=ticks, bounds=bounds))
            tick(axis, places)
            axis.set_xlim(*_ends(places, _aside(places, len(here), len(here))))
            axis.set_xlabel(asked["label"])
            axis.set_ylabel(asked["ylabel"])
            axis.set_title(settings_text(others, setting), fontsize=9)
        if not any(one.x for panel in responding for one in panel.means):
            return None
        _alike(axes)
        for axis, panel in zip(axes, responding, strict=True):
            number_within(axis, *panel.bounds)
        caption = (
            "Means over seeds with 95% intervals; of shares of runs exact ones; of scores none where some runs solved "
            "the task and some did not."
        )
        drawing = finish(figure, axes, asked["ylabel"], caption)
    logarithmic = all(spans(places_of(trials)) for trials in settings.values())
    return drawing._replace(chart=Chart(asked["label"], {asked["ylabel"]: responding}, caption, logarithmic))


def _between(results: Results, measures: Sequence[str], facts: Mapping[str, Any]) -> tuple[float, float]:
    """Between what values of any of the measures must lie."""
    ends = [possible(facts, one) if one == "skill" else possible_measure(results, one, facts) for one in measures]
    return min(least for least, _ in ends), max(most for _, most in ends)


def _of_arm(places: Sequence[Any], summaries: Sequence[Summary], arm: int) -> Means:
    """What there is of an arm at each place, for the page's chart."""
    x, of = _along_its_line(places, summaries)
    return Means(arm, x, [one.mean for one in of], [one.low for one in of], [one.high for one in of])


def _along_its_line(places: Sequence[Any], summaries: Sequence[Summary]) -> tuple[list[float], list[Summary]]:
    """An arm's places in order and what there is at each, from its first to its last; where there is nothing between
    them NaN, so that no line bridges it."""
    found = sorted(((position(places, place), one) for place, one in enumerate(summaries)), key=itemgetter(0))
    known = [place for place, (_, one) in enumerate(found) if one.n]
    within = found[known[0] : known[-1] + 1] if known else []
    return [x for x, _ in within], [one if one.n else NO_RUNS for _, one in within]


def _aside(places: Sequence[Any], index: int, count: int) -> float:
    """How far an arm is drawn beside its place, in points, so that intervals of several do not lie on each other."""
    at = _along(places)
    nearest = min((after - before for before, after in pairwise(at)), default=1.0)
    apart = ACROSS * nearest / (at[-1] - at[0]) if len(at) > 1 else ACROSS
    return (index - (count - 1) / 2) * min(ASIDE, 0.5 * apart / count)


def _ends(places: Sequence[Any], aside: float) -> tuple[float, float]:
    """Of the horizontal axis, with room for what is drawn so many points beside the first place and the last."""
    at = _along(places)
    room = (at[-1] - at[0] or 1.0) * (0.05 + aside / ACROSS)
    ends = at[0] - room, at[-1] + room
    return (math.exp(ends[0]), math.exp(ends[1])) if spans(places) else ends


def _along(places: Sequence[Any]) -> list[float]:
    """Where places are on the axis as it is drawn, each once and in order."""
    at = sorted({position(places, place) for place in range(len(places))})
    return [math.log(place) for place in at] if spans(places) else at


def _line(
    axis: Any, places: Sequence[Any], summaries: Sequence[Summary], index: int, label: str, aside: float = 0.0
) -> None:
    """Means and intervals at each place, so many points to the right of it."""
    from matplotlib.transforms import ScaledTranslation

    x, of = _along_its_line(places, summaries)
    means = [one.mean for one in of]
    errors = [(one.mean - one.low, one.high - one.mean) if np.isfinite(one.low) else (0, 0) for one in of]
    if x:
        colour, dash, marker = line_style(index)
        style: Any = {"color": colour, "linestyle": dash, "marker": marker, "markersize": 4, "linewidth": 1.4}
        style["label"] = legend_name(label)
        drawn = axis.errorbar(x, means, yerr=np.maximum(np.transpose(errors), 0), capsize=2, **style)
        for artist in drawn.get_children():  # once they are drawn, as the axis's ends are to be of what there is
            artist.set_transform(axis.transData + ScaledTranslation(aside / 72, 0, axis.figure.dpi_scale_trans))


def _alike(axes: Sequence[Any]) -> None:
    """One vertical scale for all panels."""
    lows, highs = zip(*(axis.get_ylim() for axis in axes), strict=True)
    for axis in axes:
        axis.set_ylim(min(lows), max(highs))


def _longest(trials: Sequence[TrialResult]) -> int:
    return max(row["step"] for trial in trials for row in trial.rows)


def _against_step(
    axis: Any,
    by_arm: Mapping[tuple, Sequence[TrialResult]],
    arms: Sequence[Any],
    split: str,
    column: str,
    log: bool,
    longest: int,
) -> None:
    """Curves of every arm, to the step ``longest``; a cross at the top for each run that diverged."""
    anything = False
    for index, arm in enumerate(arms):
        curves = []
        for trial in by_arm.get((arm,), []):
            curve = np.array([(row["step"], row[column]) for row in rows_of(trial, split) if column in row], float)
            curves += [curve] if len(curve) else []
            if len(curve) and trial.state == "diverged":
                style: Any = {"color": line_style(index)[0], "transform": axis.get_xaxis_transform()}
                axis.plot(curve[-1, 0], 1.0, marker="x", markersize=5, clip_on=False, **style)
        if curves:
            steps = max(curves, key=len)[:, 0]
            anything |= band(axis, steps, [curve[:, 1] for curve in curves], index, str(arm), positive=log)
    if log and anything:
        axis.set_yscale("log")
    axis.set_xlim(0, longest)
    axis.set_xlabel(STEP)
