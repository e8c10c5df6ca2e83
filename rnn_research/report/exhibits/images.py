"""Pictures of the first seed of each arm, with what is said of them, and maps of colours under them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnn_research.exhibits import Images
from rnn_research.report.drawing import COLOURS, Drawing, Section, finish, panels
from rnn_research.report.exhibits.looks import Look, by_panel, first_and_last
from rnn_research.report.maps import ink_png, share_png
from rnn_research.report.markup import fill
from rnn_research.report.results import Results

COLUMNS = 3  # arms side by side
WIDTH, LEAST, CAPTION = (
    3.4,
    0.3,
    0.45,
)  # inches: of the widest picture; the height of one at least; for what is under it
WIDEST = 620  # pixels of the page
NOTE = "Of the first seed of each arm."
WRONG = COLOURS[1]


def draw_images(results: Results, looks: Sequence[Look]) -> list[Drawing | Section]:
    """A column of pictures for each setting and arm, of the last look at its first run that has some."""
    looks = [look for look in looks if len(look.exhibit.values)]
    if not looks:
        return []
    columns = _columns(results, looks)
    shown = [exhibit for _, exhibit in columns]
    wide = min(COLUMNS, len(columns))
    deep = max(len(exhibit.values) for exhibit in shown)
    sizes = [_size(exhibit, index) for exhibit in shown for index in range(len(exhibit.values))]
    width, height = max(width for width, _ in sizes), max(height for _, height in sizes)
    size = WIDTH, max(LEAST, WIDTH * height / width) + CAPTION
    with panels(-(-len(columns) // wide) * deep * wide, columns=wide, size=size) as (figure, axes):
        for axis in axes:
            axis.set_visible(False)
        for place, (heading, exhibit) in enumerate(columns):
            for index in range(len(exhibit.values)):
                axis = axes[(place // wide * deep + index) * wide + place % wide]
                axis.set_visible(True)
                _draw(axis, exhibit, index, width)
                if index == 0:
                    axis.set_title(heading, fontsize=9)
        caption = " ".join(filter(None, (shown[0].caption, NOTE)))
        drawing = finish(figure, axes, shown[0].title, caption)
    pictures = [{"heading": heading, "pictures": _pictures(exhibit)} for heading, exhibit in columns]
    return [drawing._replace(body=fill("pictures.html", columns=pictures))]


def _pictures(exhibit: Images) -> list[dict[str, Any]]:
    """What the template shows: pixels large enough to be seen, all of one size."""
    widest = max(len(picture[0]) for picture in exhibit.values if len(picture))
    pixel = max(1, min(6, WIDEST // max(widest, 1)))
    found = []
    for index, caption in enumerate(exhibit.captions):
        picture = np.asarray(exhibit.values[index], float)
        height, width = picture.shape
        below = np.asarray(exhibit.below[index], float) if len(exhibit.below) else None
        found.append(
            {
                "image": ink_png(picture),
                "width": width * pixel,
                "height": height * pixel,
                "below": "" if below is None else share_png(below),
                "depth": 0 if below is None else round(_depth(exhibit, index, height) * pixel),
                "rows": exhibit.rows if below is not None else (),
                "caption": caption,
                "marked": bool(exhibit.marked) and exhibit.marked[index],
            }
        )
    return found


def _columns(results: Results, looks: Sequence[Look]) -> list[tuple[str, Images]]:
    """What is drawn, with its heading."""
    found = []
    for (setting, when), by_arm in by_panel(results, [first_and_last([look])[0] for look in _last(looks)]).items():
        for arm in results.arms:
            if by_arm.get(arm):
                heading = ", ".join(filter(None, (results.title(setting), f"{arm} {when}")))
                found.append((heading, by_arm[arm][0].exhibit))
    return found


def _last(looks: Sequence[Look]) -> list[Look]:
    """Of each run its last look."""
    return list({look.trial.id: look for look in looks}.values())


def _size(exhibit: Images, index: int) -> tuple[int, float]:
    """The width and the height of a picture with what is below it, in pixels."""
    height, width = np.shape(exhibit.values[index])
    return width, height + (_depth(exhibit, index, height) + 1 if len(exhibit.below) else 0)


def _depth(exhibit: Images, index: int, height: int) -> float:
    """The map under a picture is as high as it, or a pixel a row."""
    return max(height, len(exhibit.below[index]))


def _draw(axis: Any, exhibit: Images, index: int, widest: int) -> None:
    """A picture with its top at 0, its caption, and the map under it; all on one scale."""
    picture = np.asarray(exhibit.values[index], float)
    height, width = picture.shape
    axis.imshow(picture, cmap="gray_r", vmin=0, vmax=1, extent=(0, width, height, 0), interpolation="nearest")
    axis.set_xticks([])
    axis.set_yticks([])
    bottom = height
    if len(exhibit.below):
        values, top = np.asarray(exhibit.below[index], float), height + 1
        bottom = top + _depth(exhibit, index, height)
        axis.imshow(values, cmap="cividis", vmin=0, vmax=1, extent=(0, width, bottom, top), interpolation="nearest")
        step = (bottom - top) / len(values)
        if len(exhibit.rows) == len(values):
            places = [top + step * (row + 0.5) for row in range(len(values))]
            axis.set_yticks(places, exhibit.rows, fontsize=5)
            axis.tick_params(axis="y", length=0)
    axis.set_xlim(0, widest)
    axis.set_ylim(bottom, 0)
    axis.spines[:].set_visible(False)
    marked = bool(exhibit.marked) and exhibit.marked[index]
    style = {"color": WRONG, "fontweight": "bold"} if marked else {}
    axis.set_xlabel(exhibit.captions[index], fontsize=8, loc="left", **style)
