"""Maps of values and pictures as HTML: pixels as small PNGs, words and numbers as text, in the page's own type."""

import base64
import io
import json
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from rnn_research.report.charts import rounded
from rnn_research.report.markup import fill
from rnn_research.report.render import number

NUMBERED = 8  # rows and columns up to which a map is a table of numbers
NAMED = 40  # rows or columns up to which every one is named
ROOM = 20  # upright names that stand beside each other in a third of the width
UPRIGHT = 2  # letters from which on the names of columns stand upright
TICKS = 8  # positions that are written under columns without names
READABLE = 40_000  # cells of all maps of a figure up to which each can be read off
STOPS = 9  # colours of the scale


class Map(NamedTuple):
    """One map.

    Attributes:
      values: ``[rows, columns]``; NaN for a gap.
      rows, columns: what they are called; of columns without names the ``positions`` are written here and there.
    """

    heading: str
    values: np.ndarray
    rows: Sequence[str]
    columns: Sequence[str] = ()
    positions: Sequence[float] = ()


def map_html(
    maps: Sequence[Map],
    ends: tuple[float, float],
    *,
    label: str,
    xlabel: str = "",
    ylabel: str = "",
    long: bool = False,
) -> Markup:
    """Maps on one scale of colours, which stands under them.

    Args:
      ends: the values of the darkest and of the brightest colour.
      label: what the values are.
      long: whether each has the whole width; so they have where there is no room for upright names otherwise.
    """
    readable = sum(one.values.size for one in maps) <= READABLE
    shown = [_shown(one, ends, readable) for one in maps]
    long = long or any(one.get("upright") and len(one["columns"]) > ROOM for one in shown)
    names = [number(ends[0]), number(ends[1])]
    gradient = ", ".join(_hex(colour) for colour in _colours(np.linspace(0, 1, STOPS), (0.0, 1.0)))
    return fill(
        "maps.html", maps=shown, label=label, xlabel=xlabel, ylabel=ylabel, long=long, ends=names, gradient=gradient
    )


def _shown(one: Map, ends: tuple[float, float], readable: bool) -> dict:
    rows, columns = _names(one.rows, one.values.shape[0]), _names(one.columns, one.values.shape[1])
    shown = {"heading": one.heading, "cells": None, "rows": rows, "columns": columns, "ticks": [], "data": ""}
    if max(one.values.shape) <= NUMBERED and len(one.columns):
        return shown | {"cells": _cells(one.values, ends)}
    places = [str(place) for place in one.columns] or [f"{place:g}" for place in one.positions]
    found = {"values": [[_short(value) for value in row] for row in one.values.tolist()]}
    found |= {"rows": list(map(str, one.rows)), "columns": places}
    return shown | {
        "image": png(_colours(one.values, ends)),
        "said": _said(one.values, rows, places if len(places) == one.values.shape[1] else columns),
        "every_row": _every(rows),
        "every_column": _every(columns) if len(one.columns) else [],
        "upright": any(len(name) > UPRIGHT for name in one.columns),
        "ticks": [] if len(one.columns) else _ticks(places),
        "height": max(1.2, min(26.0, 0.78 * len(one.rows))),
        "data": json.dumps(found, separators=(",", ":"), ensure_ascii=False) if readable else "",
    }


def _said(values: np.ndarray, rows: Sequence[str], columns: Sequence[str]) -> str:
    """How far a map's values go, and where the greatest stands."""
    if not np.isfinite(values).any():
        return ""
    finite = np.where(np.isfinite(values), values, -np.inf)
    row, column = divmod(int(np.argmax(finite)), finite.shape[1])
    ends = f"{number(float(np.nanmin(np.where(np.isfinite(values), values, np.nan))))} to {number(float(finite.max()))}"
    return f"; from {ends}, the greatest at {rows[row]}, {columns[column]}"


def _short(value: float) -> float | int | None:
    return rounded(float(f"{value:.4g}")) if math.isfinite(value) else None


def _names(names: Sequence[str], count: int) -> list[str]:
    return list(names) if len(names) == count else [str(place + 1) for place in range(count)]


def _every(names: Sequence[str]) -> list[str]:
    """Of many names every nth; the others are empty, so that each keeps its place."""
    step = max(1, -(-len(names) // NAMED))
    return [name if place % step == 0 else "" for place, name in enumerate(names)]


def _ticks(places: Sequence[str]) -> list[tuple[str, str]]:
    """(percent from the left, text) of a few columns, at their middles."""
    step = max(1, -(-len(places) // TICKS))
    return [(f"{100 * (at + 0.5) / len(places):.2f}", places[at]) for at in range(0, len(places), step)]


def _cells(values: np.ndarray, ends: tuple[float, float]) -> list[list[dict[str, str]]]:
    """Numbers on their colours: light on dark ones, dark on light ones."""
    colours = _colours(values, ends)
    short = values.shape[1] > 5 and np.nanmax(np.abs(values), initial=0.0) <= 1
    return [
        [
            {
                "text": f"{value:.2f}" if short and math.isfinite(value) else number(value),
                "back": _hex(colour) if math.isfinite(value) else "transparent",
                "ink": "inherit" if not math.isfinite(value) else "#000" if colour[1] > 118 else "#fff",
            }
            for value, colour in zip(row, of_row, strict=True)
        ]
        for row, of_row in zip(values.tolist(), colours, strict=True)
    ]


def _colours(values: np.ndarray, ends: tuple[float, float]) -> np.ndarray:
    """``[..., 4]`` bytes of red, green, blue and opacity; what is no number is clear."""
    from matplotlib import colormaps

    span = ends[1] - ends[0]
    with np.errstate(invalid="ignore"):
        shares = np.clip((np.asarray(values, float) - ends[0]) / span if span else np.zeros_like(values), 0, 1)
    return colormaps["cividis"](np.ma.masked_invalid(shares), bytes=True)


def ink_png(picture: np.ndarray) -> str:
    """A picture of ink from 0 to 1, black on white, as a data URI."""
    return png((255 * (1 - np.clip(picture, 0, 1))).round().astype(np.uint8))


def share_png(shares: np.ndarray) -> str:
    """A map of values from 0 to 1 as a data URI."""
    return png(_colours(shares, (0.0, 1.0)))


def png(pixels: np.ndarray) -> str:
    """``[height, width]`` or ``[height, width, 4]`` bytes as a data URI."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _hex(colour: np.ndarray) -> str:
    return "#" + "".join(f"{int(part):02x}" for part in colour[:3])
