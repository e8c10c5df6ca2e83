"""What all figures share: the style, a grid of panels, lines with bands, and the files they end in."""

import io
import itertools
import math
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup

from rnn_research.report.charts import Chart

# Okabe and Ito's palette: told apart by the colour-blind; dashes tell the lines apart in grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)), (0, (8, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LINES = "Median and middle half over seeds; single seeds faint."  # what ``band`` draws
COLUMNS = 3
LABEL_WIDTH = 28  # characters in a line of a vertical axis' label
EPSILON = 1e-9
CROWDED = 4  # times the least that an axis ends at: from there on not every number has room
MARKS = 3  # of fewer numbers nobody could tell the scale
DIGITS = tuple(range(1, 10))
FEW = 12  # values of a line whose places are marked
TITLE_DENSITY = 12  # characters of a title in an inch
STYLE: Any = {
    "font.size": 9,
    "svg.hashsalt": "rnn_research",
    "svg.fonttype": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.parse_math": False,  # dollars are signs of a text, or of what people call their arms
}
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def line_style(index: int) -> tuple[str, Any, str]:
    """Colour, dashes and marker of the line with that index; all three together come again after 49 lines."""
    turn = index + index // len(COLOURS)
    return COLOURS[index % len(COLOURS)], DASHES[turn % len(DASHES)], MARKERS[turn % len(MARKERS)]


class Drawing(NamedTuple):
    """A finished figure.

    Attributes:
      name: of its files, without the ending: a slug of the title.
      title, caption: for the page.
      chart: what responds on the page in the place of the figure; None for none.
      body: what stands on the page in the place of the figure, as its own HTML; empty for the figure.
    """

    name: str
    title: str
    caption: str
    svg: bytes
    png: bytes
    chart: Chart | None = None
    body: Markup = Markup()


class Section(NamedTuple):
    """A part of the page that is no figure.

    Attributes:
      title: its heading.
      html: what stands under that.
      markdown: the same for a document of its own; empty for none.
    """

    title: str
    html: Markup
    markdown: str = ""


def slug(title: str) -> str:
    """A title as a file name: lower case, letters and digits of any script, ``_`` between words."""
    return re.sub(r"\W+", "_", title.lower()).strip("_") or "figure"


def with_unique_names(parts: Iterable[Drawing | Section]) -> list[Drawing | Section]:
    """The second figure of a name gets a 2 at its end, and so on."""
    taken: set[str] = set()
    found: list[Drawing | Section] = []
    for part in parts:
        if isinstance(part, Drawing):
            numbered = (f"{part.name}_{number}" for number in itertools.count(2))
            name = next(name for name in itertools.chain([part.name], numbered) if name not in taken)
            taken.add(name)
            part = part._replace(name=name)
        found.append(part)
    return found


@contextmanager
def panels(count: int, columns: int = COLUMNS, size: tuple[float, float] = (3.4, 2.5)) -> Iterator[tuple[Any, Any]]:
    """A figure and its ``count`` axes in a grid; none of pyplot's, so that a notebook's backend stays what it is."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if count == 1:
        size = max(size[0], 5.0), max(size[1], 3.0)
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    with rc_context(STYLE):
        figure = Figure(figsize=(size[0] * columns, size[1] * rows + 0.4))
        FigureCanvasAgg(figure)
        axes = figure.subplots(rows, columns, squeeze=False)
        for axis in axes.flat[count:]:
            axis.set_visible(False)
        yield figure, axes.flat[:count]


def finish(figure: Any, axes: Sequence[Any], title: str, caption: str, *, arranged: bool = False) -> Drawing:
    """One legend for all panels above them, and the files; ``arranged``: the panels stay where they are."""
    found: dict[str, Any] = {}
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    if found:
        lines = _legend(figure, found)
        figure.set_figheight(figure.get_figheight() + 0.22 * (lines - 1))
        arrange(figure, top=1 - (0.1 + 0.22 * lines) / figure.get_figheight())
    elif not arranged:
        arrange(figure)
    return Drawing(slug(title), title, caption, _saved(figure, "svg"), _saved(figure, "png"))


def _title_width(wide: float, axis: Any) -> int:
    """How many characters of a panel's title stand over it, so many inches wide; a label beside it moves its middle to
    the right."""
    return max(10, int(TITLE_DENSITY * (wide - (0.7 if axis.get_ylabel() else 0))))


def arrange(figure: Any, right: float = 1.0, top: float = 1.0) -> None:
    """Lay the panels out, with what is written around them in lines that fit, as far to the right and up as is said."""
    for axis in figure.axes:
        wide = right * figure.get_figwidth() / axis.get_subplotspec().get_gridspec().ncols
        axis.set_ylabel(textwrap.fill(axis.get_ylabel(), LABEL_WIDTH))
        axis.title.set_text(textwrap.fill(axis.get_title(), _title_width(wide, axis)))
        _write_numbers(axis)
    figure.tight_layout(rect=(0, 0, right, top))
    figure.set_layout_engine(None)  # an engine, even the one that does nothing, has every file drawn twice


def legend_name(name: str) -> str:
    """As matplotlib takes it: what begins with an underscore is left out of its legends."""
    return f" {name}" if name.startswith("_") else name


def _write_numbers(axes: Any) -> None:
    """Along a logarithmic axis powers of ten, in signs of the font; where there are fewer than two of them, numbers."""
    from matplotlib.ticker import FuncFormatter, LogFormatterMathtext, LogLocator, MaxNLocator, NullLocator

    for axis in (axes.xaxis, axes.yaxis):
        if isinstance(axis.get_major_formatter(), LogFormatterMathtext):
            low, high = axis.get_view_interval()
            powers = math.floor(math.log10(high)) > math.ceil(math.log10(low))
            axis.set_major_formatter(FuncFormatter(lambda value, _: power_of_ten(value)) if powers else "{x:g}")
            axis.set_minor_formatter("" if powers else "{x:g}")
            if powers:
                continue
            crowded = high > CROWDED * low
            for digits in ((1, 2, 5), DIGITS) if crowded else (DIGITS,):
                if _marks_within(low, high, digits) >= MARKS:
                    axis.set_minor_locator(LogLocator(subs=digits[1:]))
                    break
            else:
                axis.set_major_locator(MaxNLocator(6, steps=(1, 2, 5, 10)))
                axis.set_minor_locator(NullLocator())


def _marks_within(low: float, high: float, digits: Sequence[int]) -> int:
    """How many of the numbers with one digit, one of ``digits``, an axis shows."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return sum(low <= digit * 10.0**exponent <= high for exponent in exponents for digit in digits)


def power_of_ten(value: float) -> str:
    """``10⁻³`` for 0.001; what is no power of ten as a number."""
    exponent = math.log10(value)
    whole = abs(exponent - round(exponent)) < 1e-9
    return f"10{str(round(exponent)).translate(SUPERSCRIPTS)}" if whole else f"{value:g}"


def _legend(figure: Any, found: Mapping[str, Any]) -> int:
    """In as many columns as the figure is wide enough for; returns the number of lines."""
    for columns in range(len(found), 0, -1):
        legend = figure.legend(found.values(), found.keys(), loc="upper center", ncols=columns, frameon=False)
        if columns == 1 or legend.get_window_extent(figure.canvas.get_renderer()).width <= figure.bbox.width:
            return math.ceil(len(found) / columns)
        legend.remove()
    return 0


def counted_across(axis: Any) -> None:
    """A horizontal axis of what is counted, such as positions: nothing is written between whole numbers."""
    from matplotlib.ticker import MaxNLocator

    axis.xaxis.set_major_locator(MaxNLocator(nbins="auto", integer=True, steps=[1, 2, 5, 10]))


def number_within(axis: Any, least: float, most: float) -> None:
    """Along the vertical axis no number is written that no value can have."""
    low, high = axis.get_ylim()
    ends = max(low, least - EPSILON), min(high, most + EPSILON)
    if ends != (low, high):
        axis.set_yticks([place for place in axis.get_yticks() if ends[0] <= place <= ends[1]])
        axis.set_ylim(low, high)


def band(
    axis: Any, x: np.ndarray, curves: Sequence[np.ndarray], index: int, label: str, positive: bool = False
) -> bool:
    """Median and middle half of curves over the same ``x``, single ones faint; a shorter one ends where it ends.

    Values that are not finite leave a gap; where only ``positive`` ones can be drawn the others do, too, but they count
    in the median and the quartiles.

    Returns:
      Whether there was anything to draw.
    """
    colour, dash, marker = line_style(index)
    padded = np.full((len(curves), len(x)), np.nan)
    for row, curve in zip(padded, curves, strict=True):
        row[: len(curve)] = np.where(np.isfinite(curve), curve, np.nan)
    drawn = np.where(padded > 0, padded, np.nan) if positive else padded
    if np.isnan(drawn).all():
        return False
    known = ~np.isnan(padded).all(axis=0)
    for row in drawn:
        axis.plot(x, row, color=colour, alpha=0.3, linewidth=0.6)
    quartiles = np.full((3, len(x)), np.nan)
    quartiles[:, known] = np.nanpercentile(padded[:, known], (25, 50, 75), axis=0)
    low, middle, high = np.where(quartiles > 0, quartiles, np.nan) if positive else quartiles
    if positive:  # down to where the axis ends
        low = np.where(np.isnan(low), np.fmin(high, np.nanmin(drawn)), low)
    axis.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
    style: Any = {"marker": marker, "markersize": 4} if len(x) <= FEW else {}
    axis.plot(x, middle, color=colour, linestyle=dash, linewidth=1.6, label=legend_name(label), **style)
    return True


def _saved(figure: Any, kind: str) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, dpi=160, metadata={"Date": None} if kind == "svg" else None)
    return buffer.getvalue()
