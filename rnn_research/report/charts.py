"""The numbers of the charts that respond on the page, as plain values for its script."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from rnn_research.report.statistics import LEVEL, POINTS, student_quantile

DIGITS = 5  # significant digits of a value
VALUES = 60_000  # of all charts together, about 400 kB: longer curves are thinned
FEWEST = 24  # values that a curve keeps, however many there are


class Run(NamedTuple):
    """One curve of one run.

    Attributes:
      arm: the place of its arm among ``Results.arms``, by which it has its colour.
      died: whether it diverged where it ends.
    """

    arm: int
    seed: int | None
    x: Sequence[float]
    y: Sequence[float]
    died: bool = False


class Means(NamedTuple):
    """Means of an arm with the intervals of the table.

    Attributes:
      low, high: NaN for no interval.
    """

    arm: int
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


class Panel(NamedTuple):
    """Curves over one pair of axes; of runs, or means alone.

    Attributes:
      log: whether the vertical axis is logarithmic at first.
      baseline: of the trivial baseline; None for none.
      marks: levels that thin lines mark.
      beside: (x, y, name) of what the runs are compared with.
      ticks: (place, text) of the horizontal axis where it has no scale of its own.
      bounds: between what the runs' values must lie, and so their intervals.
    """

    title: str
    ylabel: str
    runs: Sequence[Run] = ()
    log: bool = False
    baseline: float | None = None
    marks: Sequence[float] = ()
    beside: Sequence[tuple[Sequence[float], Sequence[float], str]] = ()
    means: Sequence[Means] = ()
    ticks: Sequence[tuple[float, str]] = ()
    bounds: tuple[float, float] = (-math.inf, math.inf)


class Chart(NamedTuple):
    """Panels in step with each other.

    Attributes:
      views: what can be shown, by its name: the panels of each.
      caption: beside how it is used; what lines and bands are, the reader chooses.
      log: whether the horizontal axis is logarithmic at first.
    """

    xlabel: str
    views: Mapping[str, Sequence[Panel]]
    caption: str = ""
    log: bool = False


class Steps:
    """Horizontal positions, each list of them once: most curves share theirs."""

    def __init__(self) -> None:
        self.lists: list[list[float]] = []
        self._places: dict[tuple[float, ...], int] = {}

    def place(self, x: Sequence[float]) -> int:
        key = tuple(x)
        if key not in self._places:
            self._places[key] = len(self.lists)
            self.lists.append([rounded(value) for value in x])  # type: ignore[misc]
        return self._places[key]


def page_data(
    charts: Sequence[Chart],
    arms: Sequence[Any],
    sparks: Sequence[tuple[Sequence[float], Sequence[float]]],
) -> Markup:
    """All that the script reads, as JSON that may stand within a ``script`` element.

    Args:
      sparks: (x, y) of the small curve of each trial.
    """
    most = kept_values(charts)
    steps = Steps()
    drawn = [_chart(chart, steps, most) for chart in charts]
    small = [_spark(x, y, steps) for x, y in sparks]
    runs = max((len(panel.runs) for chart in charts for view in chart.views.values() for panel in view), default=1)
    quantiles = {n: round(student_quantile((1 + LEVEL) / 2, n - 1), 4) for n in range(2, runs + 1)}
    data = {
        "arms": [str(arm) for arm in arms],
        "points": POINTS,
        "t": quantiles,
        "charts": drawn,
        "sparks": small,
        "steps": steps.lists,
    }
    text = json.dumps(data, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))


def kept_values(charts: Sequence[Chart]) -> int:
    """How many values a curve may have, so that all of them are no more than ``VALUES``."""
    curves = sum(len(panel.runs) for chart in charts for view in chart.views.values() for panel in view)
    return max(FEWEST, VALUES // max(curves, 1))


def is_thinned(chart: Chart, most: int) -> bool:
    """Whether some curve has more values than may be kept."""
    return any(len(run.x) > most for view in chart.views.values() for panel in view for run in panel.runs)


def thinned(longest: int, most: int) -> list[int]:
    """The places that are kept of a curve, the first and the last among them: half of them evenly spread, half
    evenly on a logarithmic scale, as most happens at the start."""
    if longest <= most:
        return list(range(longest))
    last, half = longest - 1, most // 2
    even = {round(index * last / (half - 1)) for index in range(half)}
    early = {round(last ** (index / (half - 1))) for index in range(half)}
    return sorted(even | early)


def rounded(value: float) -> float | int | None:
    """A number as short as ``DIGITS`` digits allow; None where it is none."""
    if value is None or not math.isfinite(value):
        return None
    short = float(f"{value:.{DIGITS}g}") if value != int(value) else int(value)
    return int(short) if short == int(short) else short


def _chart(chart: Chart, steps: Steps, most: int) -> dict[str, Any]:
    views = [
        {"name": name, "panels": [_panel(panel, steps, most) for panel in panels]}
        for name, panels in chart.views.items()
    ]
    return {"xlabel": chart.xlabel, "log": chart.log, "views": views}


def _panel(panel: Panel, steps: Steps, most: int) -> dict[str, Any]:
    return {
        "title": panel.title,
        "ylabel": panel.ylabel,
        "log": panel.log,
        "baseline": rounded(panel.baseline) if panel.baseline is not None else None,
        "marks": [rounded(mark) for mark in panel.marks],
        "beside": [{"x": _rounded(x), "y": _rounded(y), "name": name} for x, y, name in panel.beside],
        "runs": [_run(run, kept, steps) for run, kept in zip(panel.runs, _kept(panel.runs, most), strict=True)],
        "bounds": [rounded(end) for end in panel.bounds],
        "ticks": [[rounded(place), text] for place, text in panel.ticks],
        "means": [
            {"arm": one.arm, "x": _rounded(one.x), "y": _rounded(one.y)}
            | {"low": _rounded(one.low), "high": _rounded(one.high)}
            for one in panel.means
        ],
    }


def _kept(runs: Sequence[Run], most: int) -> list[list[int]]:
    """The places that are kept of each run: of runs that were looked at at the same steps, as far as they go, the same,
    so that a mean is over all of them; those of another number of looks are thinned by themselves."""
    longest: list[tuple[float, ...]] = []  # of each kind
    kinds: dict[tuple[float, ...], list[int]] = {}
    for x in sorted({tuple(run.x) for run in runs}, key=len, reverse=True):
        whole = next((other for other in longest if other[: len(x)] == x), x)
        longest += [whole] if whole is x else []
        kinds[x] = thinned(len(whole), most)
    return [kinds[tuple(run.x)] for run in runs]


def _run(run: Run, kept: Sequence[int], steps: Steps) -> dict[str, Any]:
    places = [place for place in kept if place < len(run.x)]
    if run.died and places and places[-1] != len(run.x) - 1:
        places.append(len(run.x) - 1)
    found = {"arm": run.arm, "seed": run.seed, "at": steps.place([run.x[place] for place in places])}
    found |= {"y": _rounded(run.y[place] for place in places)}
    return found | ({"died": 1} if run.died else {})


def _spark(x: Sequence[float], y: Sequence[float], steps: Steps) -> list[Any]:
    places = thinned(len(x), FEWEST)
    return [steps.place([x[place] for place in places]), _rounded(y[place] for place in places)]


def _rounded(values: Iterable[float]) -> list[float | int | None]:
    return [rounded(value) for value in values]
