"""A choice: the name of an entry in a table (a cell, a task, a probe) and the options for its factory."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from rnn_research.experiment.text_form import split_parts, split_values, unquote, within_brackets, written
from rnn_research.lookup import lookup, nearest

Table = Mapping[str, Callable]


@dataclass(frozen=True, init=False)
class Choice:
    """``Choice("lstm", hidden=32)``: which factory, called with which keyword arguments.

    The factory's own signature says which options there are and their types and defaults, so a new
    cell or task needs no entry anywhere else.
    """

    name: str
    options: tuple[tuple[str, Any], ...]

    def __init__(self, name: str, /, **options: Any):
        given = {option: tuple(value) if isinstance(value, list) else value for option, value in options.items()}
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "options", tuple(sorted(given.items())))

    def __str__(self) -> str:
        inner = ", ".join(f"{option}={written(value)}" for option, value in self.options)
        return f"{self.name}({inner})" if inner else self.name

    def __getitem__(self, option: str) -> Any:
        return dict(self.options)[option]

    def with_options(self, **options: Any) -> "Choice":
        return Choice(self.name, **(dict(self.options) | options))


def parameters(table: Table, name: str, kind: str) -> Mapping[str, inspect.Parameter]:
    """The options of a factory: their types and defaults.

    Raises:
      ValueError: no factory of that name, with the nearest one.
    """
    return inspect.signature(lookup(table, name, kind), eval_str=True).parameters


def check(choice: Choice, table: Table, kind: str) -> Choice:
    """The choice with every default filled in and every value of its option's type.

    Raises:
      ValueError: unknown name or option (with the nearest one), a value of the wrong type, or a missing one.
    """
    known, given = parameters(table, choice.name, kind), dict(choice.options)
    for option in given:
        if option not in known:
            raise ValueError(f"{kind} {choice.name!r} has no option {option!r}; {nearest(option, known)}")
    filled = {}
    for option, parameter in known.items():
        value = given.get(option, parameter.default)
        if value is inspect.Parameter.empty:
            raise ValueError(f"{kind} {choice.name!r} needs a value for {option!r}")
        filled[option] = convert(value, parameter.annotation, f"{kind} option {option!r}")
    return Choice(choice.name, **filled)


def typed(choice: Choice, table: Table, kind: str) -> Choice:
    """The choice with every value of its option's type, as far as its factory has the option; no defaults.

    Raises:
      ValueError: a value of the wrong type.
    """
    if choice.name not in table:
        return choice
    known = parameters(table, choice.name, kind)
    given = {
        option: convert(value, known[option].annotation, f"{kind} option {option!r}") if option in known else value
        for option, value in choice.options
    }
    return Choice(choice.name, **given)


def build(choice: Choice, table: Table, kind: str) -> Any:
    """Call the factory that a choice names."""
    return lookup(table, choice.name, kind)(**dict(choice.options))


def convert(value: Any, kind: Any, name: str) -> Any:
    """``value``, perhaps text from the command line, as a value of the declared type: ``bool``, ``int``, ``float``,
    ``str``, a ``Literal``, or a tuple of one of these, ``tuple[int, ...]``, as text ``1,2`` or ``(1,2)``.

    Where a factory does not say which type it wants, text becomes what it looks like.

    Raises:
      ValueError: it is no value of that type.
    """
    if kind is inspect.Parameter.empty:
        return literal(value) if isinstance(value, str) else value
    if get_origin(kind) is Literal:
        known = get_args(kind)
        if value not in known:
            raise ValueError(f"{name} cannot be {value!r}; {nearest(str(value), known)}")
        return value
    if get_origin(kind) is tuple and isinstance(value, str | tuple | list):
        values = split_values(within_brackets(value)) if isinstance(value, str) else value
        return tuple(convert(one, get_args(kind)[0], name) for one in values)
    if kind is bool and str(value).lower() in ("true", "false"):
        return str(value).lower() == "true"
    if kind is str and isinstance(value, str):
        return value
    if kind in (int, float) and not isinstance(value, bool | tuple):
        try:
            # "1e3" is a fine integer; 0.5 is not.
            number = float(value)
            if kind is float or number == int(number):
                return kind(number)
        except (TypeError, ValueError, OverflowError):
            pass
    shown = kind if get_origin(kind) is tuple else getattr(kind, "__name__", kind)
    raise ValueError(f"{name} must be of type {shown}, not {value!r}")


def parse(text: str) -> Choice:
    """Read ``name`` or ``name(option=value, ...)``. Values stay text: ``check`` makes of them what the factory wants.

    Raises:
      ValueError: the text has another form.
    """
    form = f"{text!r} is not of the form name(option=value, ...)"
    name, bracket, inner = text.strip().partition("(")
    if not name or (bracket and not inner.endswith(")")):
        raise ValueError(form)
    try:
        parts = split_parts(inner[:-1])
    except ValueError as error:
        raise ValueError(f"{form}: {error}") from None
    options = {}
    for part in parts:
        option, equals, value = part.partition("=")
        if not equals:
            raise ValueError(form)
        options[option.strip()] = unquote(value)
    return Choice(name.strip(), **options)


def literal(text: str) -> bool | int | float | str:
    """Text as the value it looks like: a bool, an int, a float, else the text itself."""
    for kind in (bool, int, float):
        try:
            return convert(text.strip(), kind, "")
        except ValueError:
            continue
    return text.strip()
