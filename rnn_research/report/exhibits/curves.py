"""Curves: lines with bands over seeds, or rows of cells coloured by value."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnn_research.exhibits import Curve
from rnn_research.report.charts import Chart, Panel, Run
from rnn_research.report.drawing import (
    LINES,
    Drawing,
    Section,
    arrange,
    band,
    counted_across,
    finish,
    legend_name,
    number_within,
    panels,
)
from rnn_research.report.exhibits.looks import Look, by_panel, first_and_last
from rnn_research.report.maps import Map, map_html
from rnn_research.report.results import QUANTITIES, Results

LEAST = 1e-12  # a share under this is drawn as this
DARKEST = -8.0  # of the colours of a share, in powers of ten
TICKS = 8  # positions that are written under cells which are not evenly spaced


def draw_curves(results: Results, looks: Sequence[Look]) -> list[Drawing | Section]:
    """The views that the curves ask for, of the first and the last look at each run."""
    views = {"strip": strip, "lines": lines}
    drawn = [look for look in looks if len(look.exhibit.y)]
    return [draw(results, drawn) for view, draw in views.items() if drawn and view in drawn[0].exhibit.views]


def lines(results: Results, looks: Sequence[Look]) -> Drawing:
    """A panel for each setting and time of looking, a line for each arm."""
    settings = by_panel(results, first_and_last(looks))
    with panels(len(settings), columns=2, size=(4.4, 2.9)) as (figure, axes):
        for axis, ((setting, when), by_arm) in zip(axes, settings.items(), strict=True):
            shown = next(iter(by_arm.values()))[0].exhibit
            longest = max((look.exhibit.positions for looks in by_arm.values() for look in looks), key=len)
            anything = False
            for index, arm in enumerate(results.arms):
                curves = [look.exhibit for look in by_arm.get(arm, [])]
                if curves:
                    x = np.array(max((curve.positions for curve in curves), key=len))
                    drawn = [_values(curve, LEAST) for curve in curves]
                    anything |= band(axis, x, drawn, index, str(arm), positive=shown.scale == "log")
            if shown.scale == "share":
                axis.set_yscale("log")
                axis.set_ylim(bottom=LEAST / 2)
                if len(longest) > 1:
                    axis.set_xlim(longest[0], longest[-1])
            elif shown.scale == "log" and anything:
                axis.set_yscale("log")
            for (name, values), dash in zip(shown.beside.items(), ("-", "--", ":", "-."), strict=False):
                x = shown.positions[: len(values)]
                axis.plot(
                    x, _values(shown._replace(y=values), LEAST), color="0.5", linestyle=dash, label=legend_name(name)
                )
            if shown.reference is not None:
                axis.axhline(shown.reference, color="0.4", linewidth=0.8)
            number_within(axis, *QUANTITIES[shown.quantity])
            if all(float(place).is_integer() for place in longest):
                counted_across(axis)
            axis.set_xlabel(shown.xlabel)
            axis.set_ylabel(shown.ylabel + (", log scale" if shown.scale != "linear" else ""))
            axis.set_title(results.title(setting, when), fontsize=9)
        shown = looks[0].exhibit
        drawing = finish(figure, axes, shown.title, " ".join(filter(None, (shown.caption, LINES))))
    panels_of_chart = [_panel(results, *key, by_arm) for key, by_arm in settings.items()]
    return drawing._replace(chart=Chart(shown.xlabel, {shown.title: panels_of_chart}, shown.caption))


def _panel(results: Results, setting: tuple, when: str, by_arm: Mapping[Any, Sequence[Look]]) -> Panel:
    """The same lines for the page's chart."""
    shown = next(iter(by_arm.values()))[0].exhibit
    runs = [
        Run(index, look.trial.seed, look.exhibit.positions, _values(look.exhibit, LEAST).tolist())
        for index, arm in enumerate(results.arms)
        for look in by_arm.get(arm, [])
    ]
    beside = [
        (shown.positions[: len(values)], _values(shown._replace(y=values), LEAST).tolist(), name)
        for name, values in shown.beside.items()
    ]
    marks = [] if shown.reference is None else [shown.reference]
    title = results.title(setting, when)
    return Panel(
        title, shown.ylabel, runs, shown.scale != "linear", None, marks, beside, bounds=QUANTITIES[shown.quantity]
    )


def strip(results: Results, looks: Sequence[Look]) -> Drawing:
    """The lectures' picture (S29): a panel for each setting, in it a row of cells for each arm and time of looking."""
    by_setting: dict[tuple, dict[str, list[Curve]]] = {}
    for (setting, when), by_arm in by_panel(results, first_and_last(looks)).items():
        for arm in results.arms:
            if by_arm.get(arm):
                curves = [look.exhibit for look in by_arm[arm]]
                by_setting.setdefault(setting, {})[f"{arm} {when}"] = curves
    rows = {setting: [_row(curves) for curves in of.values()] for setting, of in by_setting.items()}
    shown, most = looks[0].exhibit, max(map(len, rows.values()))
    low, high = _colours(shown, [row for of in rows.values() for row in of])
    with panels(len(by_setting), columns=1, size=(8.8, 0.75 + 0.3 * most)) as (figure, axes):
        image = None
        for axis, (setting, named) in zip(axes, by_setting.items(), strict=True):
            image = _cells(axis, rows[setting], next(iter(named.values()))[0], low, high)
            axis.set_yticks(range(len(named)), list(named))
            axis.set_title(results.title(setting), fontsize=9)
            axis.spines[:].set_visible(False)
        arrange(figure, right=0.9)
        extend = "min" if shown.scale == "share" else "neither"
        bar = figure.colorbar(image, ax=list(axes), fraction=0.05, pad=0.02, extend=extend)
        bar.set_label((shown.strip.ylabel or shown.ylabel) + (" (log10)" if shown.scale != "linear" else ""))
        caption = " ".join(filter(None, (shown.strip.caption or shown.caption, "Median over seeds.")))
        title = shown.strip.title or _strip_title(shown)
        drawing = finish(figure, axes, title, caption, arranged=True)
    label = bar.ax.get_ylabel()
    maps = [_map(results.title(setting), list(named), rows[setting], named) for setting, named in by_setting.items()]
    xlabel = shown.strip.xlabel or shown.xlabel
    return drawing._replace(body=map_html(maps, (low, high), label=label, xlabel=xlabel, long=True))


def _map(heading: str, names: Sequence[str], rows: Sequence[np.ndarray], named: Mapping[str, Sequence[Curve]]) -> Map:
    """The same cells for the page."""
    shown = next(iter(named.values()))[0]
    length = max(map(len, rows))
    padded = np.full((len(rows), length), np.nan)
    for line, row in zip(padded, rows, strict=True):
        line[: len(row)] = row
    longest = max((curve.positions for curves in named.values() for curve in curves), key=len)
    positions = [index + 1.0 for index in range(length)] if shown.strip.backwards else longest
    return Map(heading, padded, names, (), positions)


def _strip_title(shown: Curve) -> str:
    """So that two views of a curve have names of their own."""
    return f"{shown.title}, step by step" if "lines" in shown.views else shown.title


def _row(curves: Sequence[Curve]) -> np.ndarray:
    """The median over seeds, as it is coloured; in powers of ten where the scale is logarithmic."""
    values = [_values(curve, 10**DARKEST) for curve in curves]
    padded = np.full((len(values), max(map(len, values))), np.nan)
    for line, of_run in zip(padded, values, strict=True):
        line[: len(of_run)] = of_run
    if curves[0].scale != "linear":
        with np.errstate(invalid="ignore", divide="ignore"):
            padded = np.log10(padded)
        padded[~np.isfinite(padded)] = np.nan
    row = np.median(padded, axis=0)
    return row[::-1] if curves[0].strip.backwards else row


def _cells(axis: Any, rows: Sequence[np.ndarray], shown: Curve, low: float, high: float) -> Any:
    """Cells of width 1 at the curve's positions, or side by side where those are no range."""
    length = max(map(len, rows))
    padded = np.full((len(rows), length), np.nan)
    for line, row in zip(padded, rows, strict=True):
        line[: len(row)] = row
    backwards, listed = shown.strip.backwards, shown.x is not None and not shown.strip.backwards
    first = 1.0 if backwards else 0.0 if listed else shown.first
    extent = (first - 0.5, first + length - 0.5, len(rows) - 0.5, -0.5)
    image = axis.imshow(
        padded, aspect="auto", cmap="cividis", vmin=low, vmax=high, extent=extent, interpolation="nearest"
    )
    if listed:
        places = range(0, len(shown.positions), max(1, len(shown.positions) // TICKS))
        axis.set_xticks(list(places), [f"{shown.positions[place]:g}" for place in places])
    axis.set_xlabel(shown.strip.xlabel or shown.xlabel)
    return image


def _colours(shown: Curve, rows: Sequence[np.ndarray]) -> tuple[float, float]:
    """The values of the darkest and of the brightest colour."""
    if shown.scale == "share":
        return DARKEST, 0.0
    values = np.concatenate(rows)
    values = values[np.isfinite(values)]
    return (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)


def _values(curve: Curve, least: float) -> np.ndarray:
    """What is drawn: the values, or shares of the first, ``least`` in the place of smaller ones; NaN what is not
    finite: a share that overflowed is drawn as far as it goes."""
    values = np.array(curve.y, float)
    if curve.scale == "share" and len(values):
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            values = np.maximum(values / values[0], least)
    return np.where(np.isfinite(values), values, np.nan)
