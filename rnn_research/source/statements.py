"""The statements at the top of a file: what each binds, refers to, imports, and does to other files."""

import ast
import functools
import linecache
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from rnn_research.source.names import root, uses

EVERYTHING = "*"
MAIN = ("__name__ == '__main__'", "'__main__' == __name__")
STORING = ("setattr", "delattr", "exec")


class Origin(NamedTuple):
    """Where an imported name comes from: a module, its leading dots, and the name there, ``""`` for the module."""

    module: str
    level: int
    name: str


class Statement(NamedTuple):
    """A statement at the top of a file.

    Attributes:
      node: its syntax tree; None of an import.
      binds: names that it defines or adds to.
      uses: names that it refers to, each with the attribute that is read of it, or ``""``.
      imports: where names that it imports come from; from several places, as after ``try`` and ``except``.
      defines: whether it is a definition of a function or a class.
      acts: whether it may change things outside of its file, but for ``entry``; a definition, where it is called.
      calls: the last names of what it calls.
      entry: the key that it adds to a table of another file, as in ``CELLS["mine"] = mine``; None for most.
    """

    node: ast.stmt | None
    binds: frozenset[str]
    uses: frozenset[tuple[str, str]]
    imports: dict[str, tuple[Origin, ...]]
    defines: bool
    acts: bool
    calls: frozenset[str]
    entry: Any


def parsed(path: Path) -> tuple[Statement, ...]:
    """The statements at the top of a file, or of a notebook's cell; none where it cannot be read."""
    try:
        if path.is_file():
            return _parsed(path, path.stat().st_mtime_ns)
        return _statements("".join(linecache.getlines(str(path))))
    except (OSError, SyntaxError, ValueError):
        return ()


@functools.lru_cache(maxsize=256)
def _parsed(path: Path, changed: int) -> tuple[Statement, ...]:
    del changed  # the time of the last change, for the cache
    return _statements(path.read_bytes())


def _statements(source: str | bytes) -> tuple[Statement, ...]:
    body = ast.parse(source).body
    foreign = {name for node in body for each in ast.walk(node) for name in _imports(each)}
    own = {node.name for node in body if isinstance(node, ast.FunctionDef)}
    return tuple(_statement(node, foreign, own) for node in body if not _is_main(node))


def _statement(node: ast.stmt, foreign: set[str], own: set[str]) -> Statement:
    parts = list(ast.walk(node))
    imports: dict[str, tuple[Origin, ...]] = {}
    for name, origin in (pair for part in parts for pair in _imports(part).items()):
        imports[name] = (*imports.get(name, ()), origin)
    definition = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    binds = {node.name} if definition else {name for part in parts for name in _bound(part) if name not in foreign}
    return Statement(
        node=None if isinstance(node, ast.Import | ast.ImportFrom) else node,
        binds=frozenset(binds | set(() if definition else imports)),
        uses=frozenset(uses(node)),
        imports=imports,
        defines=definition,
        acts=any(_stores(part, foreign) if definition else _acts(part, foreign, own) for part in parts),
        calls=frozenset(_called(part) for part in parts if isinstance(part, ast.Call)),
        entry=_entry(node, foreign),
    )


def written(node: Any) -> str:
    """A syntax tree as text: without docstrings, places, and what one version of Python alone has to say."""
    if isinstance(node, ast.AST):
        fields = [f"{name}={written(value)}" for name, value in ast.iter_fields(node) if _says_something(name, value)]
        return f"{type(node).__name__}({', '.join(fields)})"
    if isinstance(node, list):
        return f"[{', '.join(written(one) for one in node if not _is_text(one))}]"
    return repr(node)


def _says_something(name: str, value: Any) -> bool:
    return name not in ("ctx", "kind", "type_comment") and value is not None and value != []


def _is_text(node: Any) -> bool:
    """Whether a statement is a string alone, as a docstring is."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_main(node: ast.stmt) -> bool:
    """Whether it is what a file does only when it is run by itself."""
    return isinstance(node, ast.If) and not node.orelse and ast.unparse(node.test) in MAIN


def _imports(node: ast.AST) -> dict[str, Origin]:
    if isinstance(node, ast.Import):
        return {one.asname or one.name.partition(".")[0]: Origin(one.name, 0, "") for one in node.names}
    if isinstance(node, ast.ImportFrom):
        return {one.asname or one.name: Origin(node.module or "", node.level, one.name) for one in node.names}
    return {}


def _bound(node: ast.AST) -> Iterator[str]:
    """Names that a part of a statement binds, or whose value it changes: ``points.append(...)`` adds to ``points``."""
    if isinstance(node, ast.Name | ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
        yield root(node)
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    if isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
        yield root(node.value.func)


def _stores(node: ast.AST, foreign: set[str]) -> bool:
    """Whether a part of a function says that it changes what is not its own."""
    if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
        return root(node) in foreign
    return isinstance(node, ast.Global)


def _called(node: ast.Call) -> str:
    """The last name of what is called: ``b`` of ``a.b()``."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else root(node.func)


def _acts(node: ast.AST, foreign: set[str], own: set[str]) -> bool:
    """Whether a part of a statement may change what lies outside of its file: a call for its own sake, or storing in
    something imported. A single entry of a table is ``_entry``'s."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return root(node.value.func) in {*foreign, *own, *STORING}
    if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
        return root(node) in foreign and not isinstance(node.slice, ast.Constant)
    if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
        return root(node) in foreign
    return isinstance(node, ast.AugAssign) and root(node.target) in foreign


def _entry(node: ast.stmt, foreign: set[str]) -> Any:
    target = node.targets[0] if isinstance(node, ast.Assign) else None
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant) and root(target) in foreign:
        return target.slice.value
    return None
