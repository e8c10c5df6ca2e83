"""Dotted paths into a config: read, replace, convert text to the field's type."""

import dataclasses
import typing
from typing import Any, Literal

from rnn_research.experiment.choice import Choice, convert, literal, parse
from rnn_research.lookup import nearest


def get(config: Any, path: str) -> Any:
    """The value at a dotted path, ``optimizer.learning_rate`` or ``model.cell.hidden``.

    Raises:
      ValueError: no such path, with the nearest name.
    """
    head, _, rest = path.partition(".")
    if isinstance(config, Choice):
        options = {"name": config.name, **dict(config.options)}
        if rest or head not in options:
            raise ValueError(f"{config.name!r} has no option {path!r}; {nearest(head, options)}")
        return options[head]
    _field(config, head)
    value = getattr(config, head)
    return get(value, rest) if rest else value


def replace(config: Any, path: str, value: Any) -> Any:
    """A copy of the config with another value at the path; text is converted to the field's type.

    An option of a ``Choice`` is taken as it is: its factory's signature judges it later.

    Raises:
      ValueError: no such path, with the nearest name, or a value of the wrong type.
    """
    head, _, rest = path.partition(".")
    if isinstance(config, Choice):
        if rest:
            raise ValueError(f"{config.name!r} has no option {path!r}")
        if head == "name":
            return Choice(value, **dict(config.options))
        return config.with_options(**{head: literal(value) if isinstance(value, str) else value})
    declared = _field(config, head)
    current = getattr(config, head)
    if rest:
        if not isinstance(current, Choice) and not dataclasses.is_dataclass(current):
            raise ValueError(f"{head!r} is a value and has no field {rest!r}")
        return dataclasses.replace(config, **{head: replace(current, rest, value)})
    return dataclasses.replace(config, **{head: _convert(value, declared, head)})


def _field(config: Any, name: str) -> Any:
    """The declared type of a dataclass field."""
    fields = {f.name for f in dataclasses.fields(config)}
    if name not in fields:
        raise ValueError(f"no field {name!r} in {type(config).__name__}; {nearest(name, fields)}")
    return typing.get_type_hints(type(config))[name]


def _convert(value: Any, declared: Any, name: str) -> Any:
    if declared is Choice:
        return parse(value) if isinstance(value, str) else value
    if isinstance(declared, type) and dataclasses.is_dataclass(declared):
        if isinstance(value, declared):
            return value
        raise ValueError(f"{name!r} is a group of fields: set one of them, as in {name}.FIELD=value")
    if typing.get_origin(declared) is Literal:
        known = typing.get_args(declared)
        if value not in known:
            raise ValueError(f"{name!r} cannot be {value!r}; {nearest(str(value), known)}")
        return value
    return convert(value, declared, repr(name))


def split_values(text: str) -> list[str]:
    """Split at the commas that stand outside brackets: ``a(x=1,y=2),b`` gives two values."""
    parts, depth = [""], 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]
