"""Figures within a page: in its colours, light or dark, and no larger than it can carry."""

import base64
import re
from collections.abc import Sequence

from markupsafe import Markup

from rnn_research.report.drawing import COLOURS, Drawing

LARGEST = 150_000  # bytes of an SVG that stands in the page; of a larger one it is the PNG
SCALE = 1.5  # pixels of the page for a point of the figure
# What matplotlib draws its frames, grids and grey lines in, as it writes them.
GREYS = {"#ffffff": "paper", "#000000": "ink", "#666666": "faint", "#808080": "faint", "#e6e6e6": "line"}
NAMES = GREYS | {colour.lower(): f"c{index}" for index, colour in enumerate(COLOURS[:-1])}


def static(drawing: Drawing) -> Markup:
    """The figure as it stands where no script runs."""
    said = f"{drawing.title}: {drawing.caption}" if drawing.caption else drawing.title
    if len(drawing.svg) > LARGEST:
        return Markup('<img alt="{}" src="{}">').format(said, data_uri(drawing.png))
    return themed(drawing.svg.decode(), said, drawing.name)


def data_uri(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


def themed(svg: str, title: str, name: str) -> Markup:
    """Matplotlib's SVG with the page's colours, ids of its own and what it is called, without its metadata."""
    inner = svg[svg.index("<svg") :]
    inner = re.sub(r"<metadata>.*?</metadata>", "", inner, flags=re.DOTALL)
    inner = re.sub(r"#[0-9a-f]{6}\b", lambda found: _colour(found[0]), inner)
    # Two figures have clip paths and markers of the same name.
    inner = re.sub(r'\bid="', f'id="{name}-', inner)
    inner = re.sub(r"url\(#", f"url(#{name}-", inner)
    inner = re.sub(r'xlink:href="#', f'xlink:href="#{name}-', inner)
    inner = re.sub(r'\bd="[^"]*"', lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path[0]), inner)
    opening, rest = inner.split(">", 1)
    wide = float(re.search(r'width="([\d.]+)pt"', opening)[1])  # type: ignore[index]
    opening = re.sub(r' (width|height)="[^"]*"', "", opening)
    named = Markup('{} role="img" aria-label="{}" style="fill: var(--ink); width: {:.0f}px">')
    return named.format(Markup(opening), title, wide * SCALE) + Markup(rest)


def _colour(found: str) -> str:
    name = NAMES.get(found)
    return f"var(--{name})" if name else found


def interval(
    value: float, low: float, high: float, ends: tuple[float, float], marks: Sequence[tuple[str, float]] = ()
) -> Markup:
    """A point with its interval on a scale, as a small picture beside the numbers that say the same.

    Args:
      ends: of the scale.
      marks: (class, place) of thin lines across it.
    """
    wide, tall = 110, 14

    def x(place: float) -> str:
        share = (place - ends[0]) / (ends[1] - ends[0]) if ends[1] > ends[0] else 0.5
        return f"{4 + (wide - 8) * min(max(share, 0.0), 1.0):.1f}"

    parts = [
        Markup('<line class="{}" x1="{}" x2="{}" y1="0" y2="{}"/>').format(name, x(place), x(place), tall)
        for name, place in marks
    ]
    if low == low:
        parts.append(Markup('<line x1="{}" x2="{}" y1="7" y2="7"/>').format(x(low), x(high)))
    parts.append(Markup('<circle cx="{}" cy="7" r="3"/>').format(x(value)))
    opening = Markup('<svg class="interval" width="{}" height="{}" aria-hidden="true">').format(wide, tall)
    return opening + Markup("").join(parts) + Markup("</svg>")
