"""Whether what an experiment's file holds is of the types that are declared: a comma that is missing makes of a tuple
of one the one itself, and Python says nothing of it."""

import dataclasses
from collections.abc import Iterable, Mapping
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from rnn_research.lookup import nearest

LONGEST = 60  # characters of a value that is shown


def check_types(value: Any, kind: Any, name: str) -> None:
    """Refuse a value that is not of its declared type, whatever is in it included.

    A whole number is a fine float; a list is as good as a tuple.

    Args:
      kind: a class, a dataclass, ``Any``, a union, a ``Literal``, a ``tuple[...]`` or a ``Mapping[...]`` of these.
      name: what the value is called; what is in it is called ``name.field``, ``name[0]`` or ``name['key']``.

    Raises:
      ValueError: the first that is not.
    """
    origin, inner = get_origin(kind) or kind, get_args(kind)
    if kind is Any:
        return
    if origin in (Union, UnionType):
        if not any(_is_of(value, one) for one in inner):
            raise _refusal(value, kind, name)
        check_types(value, next(one for one in inner if _is_of(value, one)), name)
    elif origin is Literal:
        if value not in inner:
            raise ValueError(f"{name} cannot be {value!r}; {nearest(str(value), map(str, inner))}")
    elif not _is_of(value, kind):
        raise _refusal(value, kind, name)
    elif origin is tuple and inner:
        kinds: Iterable[Any] = [inner[0]] * len(value) if Ellipsis in inner else inner
        if len(list(kinds)) != len(value):
            raise _refusal(value, kind, name)
        for number, (one, of_one) in enumerate(zip(value, kinds, strict=True)):
            check_types(one, of_one, f"{name}[{number}]")
    elif origin is Mapping and inner:
        for key, one in value.items():
            check_types(key, inner[0], f"a name in {name}")
            check_types(one, inner[1], f"{name}[{key!r}]")
    elif dataclasses.is_dataclass(value):
        hints = get_type_hints(type(value))
        for field in dataclasses.fields(value):
            check_types(getattr(value, field.name), hints[field.name], f"{name}.{field.name}" if name else field.name)


def _is_of(value: Any, kind: Any) -> bool:
    """Whether a value is of a kind as far as can be seen from outside."""
    origin = get_origin(kind) or kind
    if origin is tuple:
        return isinstance(value, tuple | list) and not hasattr(value, "_fields")
    if origin in (int, float):
        allowed = int if origin is int else (int, float)
        return isinstance(value, allowed) and not isinstance(value, bool)
    return isinstance(value, origin)


def _refusal(value: Any, kind: Any, name: str) -> ValueError:
    origin, inner = get_origin(kind) or kind, get_args(kind)
    if origin is tuple and not isinstance(value, tuple | list):
        one = "" if isinstance(value, Mapping | NoneType) else ": write (x,), with the comma, for a tuple of one"
        return ValueError(f"{name} must be a tuple, not {_shown(value)}{one}")
    if origin is tuple:
        return ValueError(f"{name} must hold {len(inner)} values, not {_shown(value)}")
    kinds = inner if origin in (Union, UnionType) else (kind,)
    wanted = " or ".join(_named(one) for one in kinds)
    return ValueError(f"{name} must be of type {wanted}, not {_shown(value)}")


def _named(kind: Any) -> str:
    if kind is NoneType:
        return "None"
    return getattr(get_origin(kind) or kind, "__name__", str(kind))


def _shown(value: Any) -> str:
    """Short: a whole ``Claim`` would fill the screen."""
    text = str(value) if type(value).__str__ is not object.__str__ and dataclasses.is_dataclass(value) else repr(value)
    return text if len(text) <= LONGEST else f"a {type(value).__name__}"
