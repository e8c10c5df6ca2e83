"""How far an arm gets: the distance at which half of its runs still solve the task."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup

from rnn_research.report.drawing import Drawing, finish, legend_name, line_style, panels
from rnn_research.report.markup import fill
from rnn_research.report.render import NOTHING, number
from rnn_research.report.results import Results, TrialResult, by_labels, keep, settings_text, solved
from rnn_research.report.statistics import exact
from rnn_research.report.themed import static

HALF = 0.5
TITLE = "The distance at which half of the runs solve it"
CAPTION = (
    "Where the share of runs that solved the task, made to fall with the distance, passes a half, on the logarithm of "
    "the distance between those tried; bars: from the farthest at which the exact 95% interval of the share lies above "
    "a half to the nearest at which it lies below. An arrow points to where it lies beyond what was tried."
)


class Reach(NamedTuple):
    """The distance at which half of the runs solve it: 0 where that is below all that were tried, infinite where it is
    beyond them.

    Attributes:
      low, high: the farthest distance at which the lower limit of the share, and the nearest at which the upper one, is
        on its side of a half: between the distances that were tried, nobody knows.
    """

    distance: float
    low: float
    high: float


def reach(solved_at: Mapping[float, tuple[int, int]]) -> Reach | None:
    """From runs that solved it and runs in all, by distance; None without any runs.

    Shares, and their limits, are made to fall with the distance by isotonic regression (pool adjacent violators),
    weighted by the runs.
    """
    tried = {distance: counts for distance, counts in sorted(solved_at.items()) if counts[1]}
    if not tried:
        return None
    weights = [runs for _, runs in tried.values()]
    limits = [exact(successes, runs) for successes, runs in tried.values()]
    shares = [successes / runs for successes, runs in tried.values()]
    lows, highs = (_falling(limit, weights) for limit in zip(*limits, strict=True))
    low = max((distance for distance, share in zip(tried, lows, strict=True) if share >= HALF), default=0.0)
    high = min((distance for distance, share in zip(tried, highs, strict=True) if share < HALF), default=math.inf)
    return Reach(_crossing(list(tried), _falling(shares, weights)), low, high)


def draw_reach(results: Results, asked: Mapping[str, Any]) -> Drawing | None:
    """The reach of every arm in every setting of the other axes, one line each; a distance that is no number has no
    place."""
    column = asked["x"]
    others = [other for other in results.others if other != column]
    shown = [trial for trial in keep(results.reported, asked["where"]) if _is_number(trial.labels[column])]
    settings, tried = by_labels(shown, others), sorted({float(trial.labels[column]) for trial in shown})
    if not any("solved" in trial.facts for trial in shown):
        return None
    apart = 0.8 / len(results.arms)
    with panels(1, size=(7.0, 0.22 * len(results.arms) * len(settings) + 1.0)) as (figure, axes):
        (axis,) = axes
        edges = tried[0] / 1.5, tried[-1] * 1.5
        for row, trials in enumerate(settings.values()):
            for index, arm in enumerate(results.arms):
                found = reach(_counts([t for t in trials if t.labels[results.compare] == arm], column))
                if found:
                    _mark(axis, found, edges, row + (index - (len(results.arms) - 1) / 2) * apart, index, str(arm))
        axis.set_xscale("log")
        axis.set_xlim(edges[0] / 1.1, edges[1] * 1.1)
        axis.minorticks_off()
        axis.set_xticks(tried, [f"{distance:g}" for distance in tried], rotation=90 if len(tried) > 8 else 0)
        axis.set_yticks(range(len(settings)), [settings_text(others, setting) for setting in settings])
        axis.set_ylim(len(settings) - 0.5, -0.5)
        axis.set_xlabel(asked["label"])
        axis.grid(axis="x", color="0.9")
        drawing = finish(figure, axes, TITLE, CAPTION)
    return drawing._replace(
        body=_body(results, drawing, column, {settings_text(others, key): of for key, of in settings.items()})
    )


def _body(results: Results, drawing: Drawing, column: str, settings: Mapping[str, Sequence[TrialResult]]) -> Markup:
    """For the page: the figure, and its numbers in a table."""
    rows = []
    for name, trials in settings.items():
        tried = [float(trial.labels[column]) for trial in trials]
        found = [
            reach(_counts([t for t in trials if t.labels[results.compare] == arm], column)) for arm in results.arms
        ]
        rows.append([name, *(said(one, min(tried), max(tried)) for one in found)])
    return fill("reach.html", title=TITLE, figure=static(drawing), arms=list(map(str, results.arms)), rows=rows)


def said(found: Reach | None, nearest: float, farthest: float) -> str:
    """``38.2 [20, 50]``; ``beyond`` or ``below`` of what was tried.

    Args:
      nearest, farthest: of the distances that were tried.
    """
    if found is None:
        return NOTHING
    beyond = {0.0: f"below {nearest:g}", math.inf: f"beyond {farthest:g}"}
    low, high = (beyond.get(end, f"{end:g}") for end in (found.low, found.high))
    return f"{beyond.get(found.distance) or number(found.distance)} [{low}, {high}]"


def _is_number(label: Any) -> bool:
    return isinstance(label, int | float) and not isinstance(label, bool)


def _falling(values: Sequence[float], weights: Sequence[float]) -> np.ndarray:
    from scipy.optimize import isotonic_regression  # takes a tenth of a second

    return isotonic_regression(values, weights=weights, increasing=False).x


def _crossing(distances: Sequence[float], shares: np.ndarray) -> float:
    """Where a falling line through the shares, over the logarithm of the distance, passes a half."""
    if shares[0] < HALF:
        return 0.0
    if shares[-1] >= HALF:
        return math.inf
    after = int(np.argmax(shares < HALF))
    (near, far), (high, low) = np.log(distances[after - 1 : after + 1]), shares[after - 1 : after + 1]
    return float(np.exp(near + (far - near) * (high - HALF) / (high - low)))


def _counts(trials: Sequence[TrialResult], column: str) -> dict[float, tuple[int, int]]:
    found: dict[float, tuple[int, int]] = {}
    for trial in trials:
        value = solved(trial)
        if not math.isnan(value):
            successes, runs = found.get(float(trial.labels[column]), (0, 0))
            found[float(trial.labels[column])] = successes + int(value), runs + 1
    return found


def _mark(axis: Any, found: Reach, edges: tuple[float, float], height: float, index: int, label: str) -> None:
    colour, _, marker = line_style(index)
    within = [min(max(value, edges[0]), edges[1]) for value in found]
    axis.plot(within[1:], [height, height], color=colour, linewidth=1.4)
    beyond = {0.0: "<", math.inf: ">"}.get(found.distance, marker)
    axis.plot(within[0], height, color=colour, marker=beyond, markersize=5, linestyle="", label=legend_name(label))
