"""Dotted paths into a config: read, replace, convert text to the declared type.

What a ``Choice`` holds is typed by the factory that it names, in one of the ``tables`` (by kind: ``task``, ``cell``,
``learner``, ``probe``). Without tables, and where the factory lacks the option, text stays text until ``choice.check``.
"""

import dataclasses
import inspect
import typing
from collections.abc import Mapping
from typing import Any, get_origin

from rnn_research.experiment.choice import Choice, Table, convert, parameters, parse, typed
from rnn_research.experiment.settings import declared, is_group
from rnn_research.experiment.text_form import split_parts, within_brackets
from rnn_research.lookup import nearest

Tables = Mapping[str, Table]


def get(config: Any, path: str, tables: Tables | None = None) -> Any:
    """The value at a dotted path: ``optimizer.learning_rate``, ``model.cell.hidden``, ``probes.gradients.every``.

    With tables, an option that is not given has its factory's default.

    Raises:
      ValueError: no such path, with the nearest name.
    """
    head, _, rest = path.partition(".")
    field = _field(config, head)
    value = getattr(config, head)
    if not rest:
        return value
    if is_group(value):
        return get(value, rest, tables)
    choice, option, known = _chosen(field, value, rest, tables)
    options = dict(choice.options)
    if option == "name":
        return choice.name
    if option not in options and option in known and known[option].default is not inspect.Parameter.empty:
        return known[option].default
    if option not in options:
        raise ValueError(f"{choice.name!r} has no option {option!r}; {nearest(option, ['name', *options, *known])}")
    return options[option]


def kind_of(config: Any, path: str, tables: Tables | None = None) -> Any:
    """The declared type at a dotted path; None of an option that no factory at hand declares.

    Raises:
      ValueError: no such path, with the nearest name.
    """
    head, _, rest = path.partition(".")
    field = _field(config, head)
    value = getattr(config, head)
    if not rest:
        return _hint(config, head)
    if is_group(value):
        return kind_of(value, rest, tables)
    _, option, known = _chosen(field, value, rest, tables)
    if option == "name":
        return str
    return known[option].annotation if option in known else None


def replace(config: Any, path: str, value: Any, tables: Tables | None = None) -> Any:
    """A copy of the config with another value at the path; text is converted to the declared type.

    A path into ``probes`` names the probe, which is added if it is not there.

    Raises:
      ValueError: no such path, with the nearest name, or a value of the wrong type.
    """
    return _replace(config, path, value, tables, path)


def _replace(config: Any, path: str, value: Any, tables: Tables | None, whole: str) -> Any:
    """``replace`` in a config that lies in another; ``whole`` is the path from the outermost, for messages."""
    head, _, rest = path.partition(".")
    field = _field(config, head)
    current = getattr(config, head)
    if not rest:
        return dataclasses.replace(config, **{head: _convert(value, _hint(config, head), field, tables, whole)})
    if is_group(current):
        return dataclasses.replace(config, **{head: _replace(current, rest, value, tables, whole)})
    choice, option, known = _chosen(field, current, rest, tables)
    if option == "name":
        if not isinstance(value, str):
            raise ValueError(f"{whole} must be a name, not {value}; {whole.removesuffix('.name')} takes that")
        changed = Choice(value, **dict(choice.options))
    else:
        name = f"option {option!r} of {choice.name!r}"
        given = convert(value, known[option].annotation, name) if option in known else value
        changed = choice.with_options(**{option: given})
    if isinstance(current, tuple):
        others = {other.name: other for other in current}
        return dataclasses.replace(config, **{head: tuple((others | {choice.name: changed}).values())})
    return dataclasses.replace(config, **{head: changed})


def _field(config: Any, name: str) -> dataclasses.Field:
    fields = {field.name: field for field in dataclasses.fields(config)}
    if name not in fields:
        raise ValueError(f"no field {name!r} in {type(config).__name__}; {nearest(name, fields)}")
    return fields[name]


def _hint(config: Any, name: str) -> Any:
    return typing.get_type_hints(type(config))[name]


def _chosen(
    field: dataclasses.Field, value: Any, rest: str, tables: Tables | None
) -> tuple[Choice, str, Mapping[str, inspect.Parameter]]:
    """Where the rest of a path leads to from a field that holds one choice or several: the choice, the name of its
    option, and the options that its factory declares, none where it is not at hand."""
    kind = declared(field).table
    table = (tables or {}).get(kind)
    head, _, option = rest.partition(".")
    if isinstance(value, Choice):
        if option:
            raise ValueError(f"{value.name!r} has no option {rest!r}")
        return value, head, parameters(table, value.name, kind) if table and value.name in table else {}
    if not kind:
        raise ValueError(f"{field.name!r} is a value and has no field {rest!r}")
    if not option or "." in option or option == "name":
        raise ValueError(f"{field.name}.{rest}: set an option, {field.name}.NAME.OPTION=value, or {field.name} itself")
    choice = next((choice for choice in value if choice.name == head), Choice(head))
    return choice, option, parameters(table, head, kind) if table else {}


def _convert(value: Any, hint: Any, field: dataclasses.Field, tables: Tables | None, path: str) -> Any:
    kind = declared(field).table
    table = (tables or {}).get(kind, {})
    if kind and get_origin(hint) is tuple:
        parts = split_parts(within_brackets(value)) if isinstance(value, str) else value
        parts = (parts,) if isinstance(parts, Choice) else parts
        return tuple(typed(parse(part) if isinstance(part, str) else part, table, kind) for part in parts)
    if kind:
        return typed(parse(value) if isinstance(value, str) else value, table, kind)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        if isinstance(value, hint):
            return value
        raise ValueError(f"{path} is a group of fields: set one of them, as in {path}.FIELD=value")
    return convert(value, hint, path)
