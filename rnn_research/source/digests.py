"""Digests of the code behind an entry of a table, and of what a file does when it is loaded."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rnn_research.source.closure import PACKAGE, Closure
from rnn_research.source.objects import file_of, held_by, said_by, unwrapped
from rnn_research.source.statements import parsed

DIGITS = 16


def code_of(name: str, factory: Any, experiment: Path | None = None) -> str:
    """Digest of the code behind an entry of a table.

    Args:
      name: the entry's key.
      factory: the entry.
      experiment: the file of the experiment, which may have added the entry.
    """
    function, given = unwrapped(factory)
    given += repr(held) if (held := held_by(function)) else ""
    home = file_of(function)
    closure = Closure((experiment or home or PACKAGE).parent, home.parent if home else None)
    if home is not None:
        closure.want(home, function.__qualname__.partition(".")[0])
    files = ([home] if home else []) + (closure.reachable(experiment) if experiment else [])
    for path in dict.fromkeys(files):
        closure.take(path, lambda statement: statement.entry == name)
    code = getattr(function, "__code__", None)
    if not closure.texts and code is not None:  # no source, as of a function that exec made
        given += repr(said_by(code))
    return _digest([*closure.sorted(), given])


def acts_of(experiment: Path) -> str:
    """Digest of what a file, and those that it imports, do to the rest of the program when they are loaded, but for
    single entries of tables, which are their own; ``""`` where they do nothing."""
    closure = Closure(experiment.parent, None)
    files = closure.reachable(experiment)
    defined = {name: one for path in files for one in parsed(path) if one.defines for name in one.binds}
    acting: set[str] = set()  # functions that do so, or call one that does
    while more := {name for name, one in defined.items() if one.acts or one.calls & acting} - acting:
        acting |= more
    for path in files:
        closure.take(path, lambda statement: not statement.defines and bool(statement.acts or statement.calls & acting))
    return _digest(closure.sorted()) if closure.texts else ""


def _digest(texts: Iterable[str]) -> str:
    return hashlib.sha256("\n\n".join(texts).encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS]
