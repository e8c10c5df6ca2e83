"""The names in a syntax tree that are not its own: what a piece of code refers to."""

import ast
from collections.abc import Iterator
from typing import Any

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def uses(node: ast.AST, local: frozenset[str] = frozenset()) -> Iterator[tuple[str, str]]:
    """Names of the file that a part of it refers to, each with the attribute that is read of it; not those of functions
    and comprehensions of their own."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        yield from ((name, node.attr) for name, _ in uses(node.value, local))
        return
    if isinstance(node, ast.Name) and node.id not in local:
        yield node.id, ""
    inner = local
    if isinstance(node, FUNCTIONS):
        inner = local | _locals(node)
    if isinstance(node, COMPREHENSIONS):
        inner = local | {
            one.id for part in node.generators for one in ast.walk(part.target) if isinstance(one, ast.Name)
        }
    for name, value in ast.iter_fields(node):
        scope = inner if name == "body" or isinstance(node, COMPREHENSIONS) else local  # defaults are the file's matter
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from uses(child, scope)
    if isinstance(node, COMPREHENSIONS):  # what it runs over is not in its own scope
        yield from uses(node.generators[0].iter, local)


def _locals(function: Any) -> frozenset[str]:
    """The names that are a function's own: its arguments, and what its body binds."""
    args = function.args
    found = {one.arg for one in [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg] if one}
    shared: set[str] = set()
    waiting = list(function.body) if isinstance(function.body, list) else [function.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Global):
            shared |= set(node.names)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        if isinstance(node, (*FUNCTIONS[:2], ast.ClassDef)):
            found.add(node.name)
        elif not isinstance(node, (ast.Lambda, *COMPREHENSIONS)):
            waiting += ast.iter_child_nodes(node)
    return frozenset(found - shared)


def root(node: ast.AST) -> str:
    """The name that an expression begins with: ``a`` of ``a.b[c](d)``."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""
