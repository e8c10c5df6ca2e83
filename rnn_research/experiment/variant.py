"""A variant: settings that go together under a name, as one value of an axis."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, init=False)
class Variant:
    """``Variant("norm", {"optimizer.clip_norm": 1.0})``: a value of an axis that has a name of its own.

    ``axes={"cure": (Variant("none", {}), Variant("norm", {"optimizer.clip_norm": 1.0}))}``: tables show the column
    ``cure`` with the variants' names. A name that is a number, a distance that tasks call by other options each, stands
    at its place on a figure's axis.
    """

    name: str | int
    settings: tuple[tuple[str, Any], ...]

    def __init__(self, name: str | int, /, settings: Mapping[str, Any]):
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "settings", tuple(sorted(settings.items(), key=lambda pair: pair[0])))

    def __str__(self) -> str:
        return str(self.name)
