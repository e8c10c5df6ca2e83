"""Line drawings in a grid, of the first seed of each arm."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnn_research.exhibits import Drawings
from rnn_research.report.drawing import Drawing, Section, finish, panels
from rnn_research.report.exhibits.looks import Look
from rnn_research.report.markup import fill
from rnn_research.report.results import Results, by_labels

CELL = 1.25  # the side of a cell, where most drawings have a side of up to 1
INCHES = 0.36  # of a cell on the page
NOTE = "Of the first seed of each arm."


def draw_drawings(results: Results, looks: Sequence[Look]) -> list[Drawing | Section]:
    """A panel for each arm: the last look at its first run."""
    looks = [look for look in looks if any(look.exhibit.drawings)]
    if not looks:
        return []
    grids: dict[str, Drawings] = {}
    for labels, trials in by_labels([look.trial for look in looks], results.document["columns"]).items():
        grids[results.called(labels)] = [look for look in looks if look.trial.id == trials[0].id][-1].exhibit
    rows = max(len(grid.drawings) for grid in grids.values())
    columns = max(len(row) for grid in grids.values() for row in grid.drawings)
    with panels(len(grids), columns=2, size=(INCHES * columns + 0.4, INCHES * rows + 0.5)) as (figure, axes):
        for axis, (heading, grid) in zip(axes, grids.items(), strict=True):
            _draw(axis, grid)
            axis.set_title(heading, fontsize=9)
        shown = looks[0].exhibit
        drawing = finish(figure, axes, shown.title, " ".join(filter(None, (shown.caption, NOTE))))
    body = fill("drawings.html", grids=[_grid(heading, grid) for heading, grid in grids.items()], title=shown.title)
    return [drawing._replace(body=body)]


def _grid(heading: str, grid: Drawings) -> dict[str, Any]:
    """What the template shows: all lines as one path, a drawing's usual side 100 long, y downwards."""
    path = "".join("M" + "L".join(f"{round(100 * x)} {round(-100 * y)}" for x, y in line) for line in _placed(grid))
    columns, rows = max(map(len, grid.drawings)), len(grid.drawings)
    wide, tall = 100 * CELL * columns + 140, 100 * CELL * rows + 40
    return {
        "heading": heading,
        "box": f"-190 -85 {wide + 60:.0f} {tall:.0f}",
        "width": round(0.62 * wide),
        "least": min(round(0.3 * wide), 560),
        "columns": [(round(100 * CELL * (x - 0.45)), name) for x, name in enumerate(grid.columns)],
        "rows": [(round(100 * CELL * y) + 7, name) for y, name in enumerate(grid.rows)],
        "path": path,
    }


def _placed(grid: Drawings) -> list[np.ndarray]:
    """The lines of all drawings, each ``[points, 2]``, where they stand in the grid."""
    boxes = [[_box(lines) for lines in row] for row in grid.drawings]
    usual = np.percentile([side for row in boxes for _, side in row], 90)
    placed = []
    for y, (row, of_row) in enumerate(zip(grid.drawings, boxes, strict=True)):
        for x, (lines, (middle, side)) in enumerate(zip(row, of_row, strict=True)):
            scale = 1 / (max(usual, side) or 1)
            placed += [(np.array(line) - middle) * scale + (CELL * x, -CELL * y) for line in lines if line]
    return placed


def _draw(axis: Any, grid: Drawings) -> None:
    from matplotlib.collections import LineCollection

    axis.add_collection(LineCollection(_placed(grid), colors="black", linewidths=0.9, capstyle="round"))
    for x, name in enumerate(grid.columns):
        axis.text(CELL * (x - 0.45), 0.75, name, ha="left", va="bottom", fontsize=7)
    for y, name in enumerate(grid.rows):
        axis.text(-0.75, -CELL * y, name, ha="right", va="center", fontsize=7)
    axis.set_xlim(-1.2, CELL * max(map(len, grid.drawings)) - 0.5)
    axis.set_ylim(CELL * (0.4 - len(grid.drawings)), 1.3)
    axis.set_aspect("equal")
    axis.axis("off")


def _box(lines: Sequence[Sequence[Sequence[float]]]) -> tuple[np.ndarray, float]:
    """The middle of a drawing and its longer side."""
    points = np.array([point for line in lines for point in line] or [(0.0, 0.0)])
    low, high = points.min(axis=0), points.max(axis=0)
    return (low + high) / 2, float((high - low).max())
