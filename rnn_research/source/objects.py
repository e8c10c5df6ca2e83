"""What a function that is at hand says of itself: what it is wrapped in, what it holds, where it was written."""

import functools
import inspect
import types
from contextlib import suppress
from pathlib import Path
from typing import Any


def unwrapped(factory: Any) -> tuple[Any, str]:
    """The function within partials and decorators, and what the partials give it."""
    given = ""
    while isinstance(factory, functools.partial) or hasattr(factory, "__wrapped__"):
        if isinstance(factory, functools.partial):
            given += repr((factory.args, sorted(factory.keywords.items())))
            factory = factory.func
        else:
            factory = factory.__wrapped__
    factory = factory if hasattr(factory, "__qualname__") else type(factory)
    return factory, "" if " at 0x" in given else given  # an address is another in every process


def held_by(function: Any) -> list[Any]:
    """The plain values that a function made by another has kept, and those of functions among them."""
    found: list[Any] = []
    waiting, seen = [function], []
    while waiting:
        one = waiting.pop()
        seen.append(one)
        for cell in getattr(one, "__closure__", None) or ():
            with suppress(ValueError):  # it holds nothing yet
                value = cell.cell_contents
                if _is_plain(value):
                    found.append(value)
                elif hasattr(value, "__code__") and not any(value is other for other in seen):
                    waiting.append(value)
    return found


def _is_plain(value: Any) -> bool:
    """Whether a value is said by its text, in every process alike."""
    if isinstance(value, tuple | list):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return _is_plain([*value, *value.values()])
    return value is None or type(value) in (bool, int, float, complex, str, bytes)


def said_by(value: Any) -> Any:
    """A constant of byte code, or byte code: without addresses, and sets in an order."""
    if isinstance(value, types.CodeType):
        return value.co_code, value.co_names, [said_by(one) for one in value.co_consts]
    return sorted(map(repr, value)) if isinstance(value, frozenset) else repr(value)


def file_of(function: Any) -> Path | None:
    code = getattr(function, "__code__", None)
    try:
        path = Path(str(code.co_filename if code else inspect.getfile(function)))
    except (TypeError, OSError):
        return None
    return path.resolve() if path.is_file() else path
