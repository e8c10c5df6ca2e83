"""Where the values of an axis stand along a figure's edge: numbers at themselves, names side by side."""

from collections.abc import Sequence
from typing import Any

ABREAST = 30  # characters of the numbers along an axis that have room beside one another


def numeric(places: Sequence[Any]) -> bool:
    return all(isinstance(place, int | float) and not isinstance(place, bool) for place in places)


def position(places: Sequence[Any], index: int) -> float:
    return float(places[index]) if numeric(places) else float(index)


def tick(axis: Any, places: Sequence[Any]) -> None:
    """Every value of the axis at its place; on a logarithmic scale where they span more than a factor of eight."""
    if spans(places):
        axis.set_xscale("log")
        axis.minorticks_off()
    labels = [str(place) for place in places]
    across = 90 if len(" ".join(labels)) > ABREAST and numeric(places) else 0
    axis.set_xticks([position(places, index) for index in range(len(places))], labels, rotation=across)


def spans(places: Sequence[Any]) -> bool:
    """Whether the places are numbers that want a logarithmic scale."""
    return numeric(places) and min(places) > 0 and max(places) / min(places) >= 8
