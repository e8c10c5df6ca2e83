"""A choice: the name of an entry in a table (a cell, a task) and the options for its factory."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rnn_research.lookup import lookup, nearest

Value = bool | int | float | str


@dataclass(frozen=True, init=False)
class Choice:
    """``Choice("lstm", hidden=32)``: which factory, called with which keyword arguments.

    The factory's own signature says which options there are and their types and defaults, so a new
    cell or task needs no entry anywhere else.
    """

    name: str
    options: tuple[tuple[str, Value], ...]

    def __init__(self, name: str, /, **options: Value):
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "options", tuple(sorted(options.items())))

    def __str__(self) -> str:
        inner = ", ".join(f"{k}={v}" for k, v in self.options)
        return f"{self.name}({inner})" if inner else self.name

    def __getitem__(self, option: str) -> Value:
        return dict(self.options)[option]

    def with_options(self, **options: Value) -> "Choice":
        return Choice(self.name, **(dict(self.options) | options))


def check(choice: Choice, table: Mapping[str, Callable], kind: str) -> Choice:
    """The choice with every default filled in and every value of its option's type.

    Raises:
      ValueError: unknown name or option (with the nearest one), a value of the wrong type, or a missing one.
    """
    parameters = inspect.signature(lookup(table, choice.name, kind)).parameters
    given = dict(choice.options)
    for option in given:
        if option not in parameters:
            raise ValueError(f"{kind} {choice.name!r} has no option {option!r}; {nearest(option, parameters)}")
    filled = {}
    for option, parameter in parameters.items():
        value = given.get(option, parameter.default)
        if value is inspect.Parameter.empty:
            raise ValueError(f"{kind} {choice.name!r} needs a value for {option!r}")
        filled[option] = convert(value, parameter.annotation, f"{kind} option {option!r}")
    return Choice(choice.name, **filled)


def build(choice: Choice, table: Mapping[str, Callable], kind: str) -> Any:
    """Call the factory that a choice names."""
    return lookup(table, choice.name, kind)(**dict(choice.options))


def convert(value: Any, kind: Any, name: str) -> Any:
    """``value``, perhaps text from the command line, as a ``bool``, ``int``, ``float`` or ``str``.

    Where a factory does not say which type it wants, text becomes what it looks like.

    Raises:
      ValueError: it is no value of that type.
    """
    if kind is inspect.Parameter.empty:
        return literal(value) if isinstance(value, str) else value
    if kind is bool and str(value).lower() in ("true", "false"):
        return str(value).lower() == "true"
    if kind is str and isinstance(value, str):
        return value
    if kind in (int, float) and not isinstance(value, bool):
        try:
            # "1e3" is a fine integer; 0.5 is not.
            number = float(value)
            if kind is float or number == int(number):
                return kind(number)
        except (ValueError, OverflowError):
            pass
    raise ValueError(f"{name} must be of type {getattr(kind, '__name__', kind)}, not {value!r}")


def parse(text: str) -> Choice:
    """Read ``name`` or ``name(option=value, ...)``.

    Raises:
      ValueError: the text has another form.
    """
    name, bracket, inner = text.strip().partition("(")
    if not bracket:
        return Choice(name)
    if not inner.endswith(")"):
        raise ValueError(f"{text!r} is not of the form name(option=value, ...)")
    options = {}
    for part in filter(None, (p.strip() for p in inner[:-1].split(","))):
        option, equals, value = part.partition("=")
        if not equals:
            raise ValueError(f"{text!r} is not of the form name(option=value, ...)")
        options[option.strip()] = literal(value)
    return Choice(name, **options)


def literal(text: str) -> Value:
    """Text as the value it looks like: a bool, an int, a float, else the text itself."""
    for kind in (bool, int, float):
        try:
            return convert(text.strip(), kind, "")
        except ValueError:
            continue
    return text.strip()
