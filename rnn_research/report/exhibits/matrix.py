"""Matrices: the mean over seeds as cells, with the numbers in them where there is room."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnn_research.exhibits import Matrix
from rnn_research.report.drawing import Drawing, Section, arrange, finish, panels
from rnn_research.report.exhibits.looks import Look, by_panel, first_and_last
from rnn_research.report.maps import Map, map_html
from rnn_research.report.render import number
from rnn_research.report.results import Results

NUMBERED = 8  # rows or columns up to which numbers stand in the cells
ROOMY = 5  # columns up to which there is room for three digits
NAMED = 40  # and up to which every one is named


def draw_matrix(results: Results, looks: Sequence[Look]) -> list[Drawing | Section]:
    """A panel for each setting, arm and time of looking."""
    looks = [look for look in looks if np.size(look.exhibit.values)]
    if not looks:
        return []
    means: dict[str, tuple[Matrix, np.ndarray]] = {}
    for (setting, when), by_arm in by_panel(results, first_and_last(looks)).items():
        for arm in results.arms:
            if by_arm.get(arm):
                exhibits = [look.exhibit for look in by_arm[arm]]
                heading = ", ".join(filter(None, (results.title(setting), f"{arm} {when}")))
                means[heading] = exhibits[0], _mean(exhibits)
    finite = np.concatenate([mean[np.isfinite(mean)] for _, mean in means.values()])
    low, high = (min(0.0, finite.min()), finite.max()) if len(finite) else (0.0, 1.0)
    with panels(len(means), columns=3, size=(4.0, 3.4)) as (figure, axes):
        image = None
        for axis, (heading, (shown, mean)) in zip(axes, means.items(), strict=True):
            image = axis.imshow(mean, aspect="auto", cmap="cividis", vmin=low, vmax=high, interpolation="nearest")
            _name(axis.set_xticks, shown.columns, mean.shape[1], rotation=90 if any(map(_long, shown.columns)) else 0)
            _name(axis.set_yticks, shown.rows, mean.shape[0])
            if max(mean.shape) <= NUMBERED:
                _write(axis, mean, (low + high) / 2)
            axis.set_xlabel(shown.xlabel)
            axis.set_ylabel(shown.ylabel)
            axis.set_title(heading, fontsize=9)
            axis.spines[:].set_visible(False)
        arrange(figure, right=0.9)
        shown = looks[0].exhibit
        of_values = shown.zlabel or shown.title
        figure.colorbar(image, ax=list(axes), fraction=0.05, pad=0.02, aspect=40, label=of_values)
        caption = " ".join(filter(None, (shown.caption, "Mean over seeds.")))
        drawing = finish(figure, axes, shown.title, caption, arranged=True)
    maps = [
        Map(heading, mean, one.rows, one.columns or [str(place + 1) for place in range(mean.shape[1])])
        for heading, (one, mean) in means.items()
    ]
    body = map_html(maps, (float(low), float(high)), label=of_values, xlabel=shown.xlabel, ylabel=shown.ylabel)
    return [drawing._replace(body=body)]


def _mean(exhibits: Sequence[Matrix]) -> np.ndarray:
    """Over those that are shaped as the first; a value that is not finite makes the mean so."""
    values = [np.atleast_2d(np.array(exhibit.values, float)) for exhibit in exhibits]
    alike = [value for value in values if value.shape == values[0].shape]
    with np.errstate(invalid="ignore"):
        mean = np.mean(alike, axis=0)
    return np.where(np.isfinite(mean), mean, np.nan)


def _long(name: str) -> bool:
    return len(name) > 2


def _name(set_ticks: Any, names: Sequence[str], count: int, **style: Any) -> None:
    """Every row or column by its name; of many every nth."""
    places = range(0, count, -(-count // NAMED) or 1)
    known = names if len(names) == count else [str(place + 1) for place in range(count)]
    set_ticks(list(places), [known[place] for place in places], fontsize=7, **style)


def _write(axis: Any, mean: np.ndarray, middle: float) -> None:
    """The numbers, light on dark cells and dark on light ones; shares by two decimals where cells are narrow."""
    short = mean.shape[1] > ROOMY and np.nanmax(np.abs(mean), initial=0.0) <= 1
    for (row, column), value in np.ndenumerate(mean):
        colour = "black" if value > middle else "white"
        text = f"{value:.2f}" if short else number(value)
        axis.text(column, row, text, ha="center", va="center", fontsize=7, color=colour)
