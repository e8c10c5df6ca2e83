"""Settings: fields of a config that declare, once, what values they may have and what a compiled program makes of them.

Everything that walks a config (validation, the traced part, choices from tables) goes by these declarations: a new
setting is one field and needs a line nowhere else.
"""

import dataclasses
import math
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")
LARGEST, SMALLEST = 3.4028234663852886e38, 1.1754943508222875e-38  # of float32, in which numbers are computed


class Setting(NamedTuple):
    """What a field declares.

    Attributes:
      above, least, below: bounds of a number; ``above`` and ``below`` are themselves not allowed.
      finite: a number must be neither infinite nor NaN.
      traced: trials of one compiled program may differ in it.
      switch: of a traced one, that its term is in the program only where the value is not 0.
      table: which table of factories its ``Choice``, or every one of a tuple of them, is chosen from.
    """

    above: float | None = None
    least: float | None = None
    below: float | None = None
    finite: bool = True
    traced: bool = False
    switch: bool = False
    table: str = ""


def setting(
    default: Any,
    *,
    above: float | None = None,
    least: float | None = None,
    below: float | None = None,
    finite: bool = True,
    traced: bool = False,
    switch: bool = False,
    table: str = "",
) -> Any:
    """A dataclass field with a default and what ``Setting`` says of it."""
    declared = Setting(above, least, below, finite, traced, switch, table)
    return dataclasses.field(default=default, metadata={"setting": declared})


def declared(field: dataclasses.Field) -> Setting:
    """What a field declares; nothing in particular where it is no ``setting``."""
    return field.metadata.get("setting", Setting())


def settings(config: Any, prefix: str = "") -> Iterator[tuple[str, Setting, Any]]:
    """Path, declaration and value of every setting of a config and of the configs in it."""
    for field in dataclasses.fields(config):
        path, value = prefix + field.name, getattr(config, field.name)
        if is_group(value):
            yield from settings(value, path + ".")
        else:
            yield path, declared(field), value


def is_group(value: Any) -> bool:
    """Whether a field's value is a config of its own, with settings in it; a ``Choice`` is a value."""
    return dataclasses.is_dataclass(value) and any("setting" in field.metadata for field in dataclasses.fields(value))


def check_ranges(config: Any) -> None:
    """Refuse numbers that a setting does not allow.

    Raises:
      ValueError: the first one found, by its path.
    """
    for path, rule, value in settings(config):
        if not isinstance(value, int | float) or isinstance(value, bool):
            continue
        if rule.finite and not math.isfinite(value):
            raise ValueError(f"{path} must be a finite number, not {value}")
        if isinstance(value, float) and math.isfinite(value) and value and not SMALLEST <= abs(value) <= LARGEST:
            raise ValueError(f"{path} must be a number that float32 can hold, not {value}")
        too_low = (rule.above is not None and not value > rule.above) or (rule.least is not None and value < rule.least)
        if too_low or (rule.below is not None and not value < rule.below):
            raise ValueError(f"{path} must be {_range(rule)}, not {value}")


def _range(rule: Setting) -> str:
    """``more than 0``, ``0 or more``, ``less than 1``, ``in [0, 1)``."""
    low = rule.least if rule.above is None else rule.above
    if rule.below is None:
        return f"more than {low}" if rule.above is not None else f"{low} or more"
    if low is None:
        return f"less than {rule.below}"
    return f"in {'[' if rule.above is None else '('}{low}, {rule.below})"


def static(config: T) -> T:
    """The config that a program is compiled from: None in every traced setting's place, and in a traced switch's
    whether its term is there. What a trial's own value is, such a program cannot read by mistake."""
    changed = {}
    for field in dataclasses.fields(config):  # pyright: ignore[reportArgumentType]
        value, rule = getattr(config, field.name), declared(field)
        if is_group(value):
            changed[field.name] = static(value)
        elif rule.traced:
            changed[field.name] = value != 0 if rule.switch else None
    return dataclasses.replace(config, **changed)  # pyright: ignore[reportArgumentType, reportReturnType, reportCallIssue]
