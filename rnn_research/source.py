"""The code that a function depends on, as a digest: it changes when the function's meaning may, and not before.

Followed are names: from a function to what it refers to in its own file, and on into files that it imports from the
same folder, or from anywhere that is no installed package. Not followed are this package's other folders, installed
packages and Python itself, which have versions. Comments, docstrings, layout and where a file lies count for nothing;
neither do definitions that nobody refers to. What is decided at run time is not seen: a name made by ``getattr``, a
file that is read; nor, of a function written in a notebook, what other cells of it define.
"""

import ast
import functools
import hashlib
import importlib.machinery
import inspect
import linecache
import sys
import sysconfig
import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

PACKAGE = Path(__file__).resolve().parent
INSTALLED = ("site-packages", "dist-packages")
EVERYTHING = "*"
DIGITS = 16
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


def code_of(name: str, factory: Any, experiment: Path | None = None) -> str:
    """Digest of the code behind an entry of a table.

    Args:
      name: the entry's key.
      factory: the entry.
      experiment: the file of the experiment, which may have added the entry.
    """
    function, given = _unwrapped(factory)
    given += repr(held) if (held := _held(function)) else ""
    home = _file_of(function)
    closure = Closure((experiment or home or PACKAGE).parent, home.parent if home else None)
    if home is not None:
        closure.want(home, function.__qualname__.partition(".")[0])
    files = ([home] if home else []) + (closure.reachable(experiment) if experiment else [])
    for path in dict.fromkeys(files):
        closure.take(path, lambda statement: statement.entry == name)
    code = getattr(function, "__code__", None)
    if not closure.texts and code is not None:  # no source, as of a function that exec made
        given += repr(_constant(code))
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


class Closure:
    """What is found when names are followed.

    Args:
      base: the folder that Python looks in first.
      home: a folder whose files are followed though they may be installed.
    """

    def __init__(self, base: Path, home: Path | None):
        self.base, self.home = base, home
        self.texts: dict[Path, dict[tuple[int, str], str]] = {}
        self.wanted: set[tuple[Path, str, str]] = set()
        self.found: dict[tuple[Path, str, int], Path | None] = {}

    def sorted(self) -> list[str]:
        """The text of each file, in an order that does not depend on where the files lie."""
        return sorted("\n".join(text for _, text in sorted(texts.items())) for texts in self.texts.values())

    def want(self, path: Path, name: str, attribute: str = "") -> None:
        """Take in what binds a name in a file (or, for ``EVERYTHING``, all of it), and what that refers to.

        Args:
          attribute: what is read of a name that may be a module's.
        """
        if (path, name, attribute) in self.wanted:
            return
        self.wanted.add((path, name, attribute))
        statements = parsed(path)
        for number, statement in enumerate(statements):
            for origin in statement.imports.get(name, ()) if name != EVERYTHING else ():
                self._import(path, number, name, origin, attribute)
            if statement.node and (name == EVERYTHING or name in statement.binds):
                self._take(path, number, statement)
        if not any(name in statement.binds for statement in statements):
            for origin in [one for each in statements for one in each.imports.get(EVERYTHING, ())]:
                self._follow(path, origin, name)

    def take(self, path: Path, chosen: Callable[[Statement], bool]) -> None:
        """Take in the statements that are chosen, and what they refer to."""
        for number, statement in enumerate(parsed(path)):
            if chosen(statement):
                self._take(path, number, statement)

    def reachable(self, path: Path) -> list[Path]:
        """A file, and all that it imports, directly or not, of those that are followed."""
        found: list[Path] = []
        waiting = [path.resolve()]
        while waiting:
            at = waiting.pop()
            if at in found:
                continue
            found.append(at)
            origins = [one for statement in parsed(at) for found in statement.imports.values() for one in found]
            for origin in origins:
                inner = [origin._replace(module=f"{origin.module}.{origin.name}".strip("."))] if origin.name else []
                parents = [origin._replace(module=name) for name in _parents(origin.module)]
                modules = [self.find(at, one) for one in (*inner, origin, *parents)]
                waiting += [one for one in modules if one is not None and followed(one, self.home)]
        return found

    def _take(self, path: Path, number: int, statement: Statement) -> None:
        texts = self.texts.setdefault(path, {})
        if (number, "") not in texts:
            texts[number, ""] = written(statement.node)
            for name, attribute in sorted(statement.uses):
                self.want(path, name, attribute)

    def _import(self, path: Path, number: int, name: str, origin: Origin, attribute: str) -> None:
        """Go on to where a name is imported from; what is not followed counts by its name."""
        whole = not attribute or ("." in origin.module and origin.module.partition(".")[0] == name)
        if not self._follow(path, origin, origin.name or (EVERYTHING if whole else attribute)):
            text = repr((name, tuple(origin)))
            held = self.texts.setdefault(path, {}).get((number, name), text)
            self.texts[path][number, name] = held if text in held.split("\n") else f"{held}\n{text}"

    def _follow(self, path: Path, origin: Origin, name: str) -> bool:
        if name != EVERYTHING and origin.name != "":
            inner = self.find(path, origin._replace(module=f"{origin.module}.{name}".strip(".")))
            if inner is not None and followed(inner, self.home):
                self.want(inner, EVERYTHING)
                return True
        found = self.find(path, origin)
        if found is None or not followed(found, self.home):
            return False
        self.want(found, name)
        return True

    def find(self, path: Path, origin: Origin) -> Path | None:
        """The source of a module that a file imports; nothing is imported. None where there is none."""
        folder = path.parents[max(origin.level - 1, 0)]
        key = folder, origin.module, origin.level
        if key not in self.found:
            self.found[key] = self._find(path, folder, origin)
        return self.found[key]

    def _find(self, path: Path, folder: Path, origin: Origin) -> Path | None:
        if origin.level:
            return _locate(origin.module, [str(folder)])
        if path.is_relative_to(PACKAGE):  # which imports nobody's own files
            ours = origin.module.partition(".")[0] == PACKAGE.name
            return _locate(origin.module, [str(PACKAGE.parent)]) if ours else None
        return _locate(origin.module, [str(self.base), str(folder), *sys.path])


def _parents(module: str) -> Iterator[str]:
    """The packages that Python loads before a module: ``a`` and ``a.b`` of ``a.b.c``."""
    parts = module.split(".")
    return (".".join(parts[:end]) for end in range(1, len(parts)))


def _locate(module: str, places: Sequence[str]) -> Path | None:
    spec = None
    for part in module.split(".") if module else ["__init__"]:
        spec = importlib.machinery.PathFinder.find_spec(part, places)
        if spec is None:
            return None
        places = spec.submodule_search_locations or []
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    return Path(spec.origin).resolve()


def followed(path: Path, home: Path | None) -> bool:
    """Whether a file counts as code of one's own: it lies in the folder ``home``, or is no installed one."""
    if path.parent == home:
        return True
    if path.is_relative_to(PACKAGE) or any(part in INSTALLED for part in path.parts):
        return False
    return not path.is_relative_to(Path(sysconfig.get_path("stdlib")).resolve())


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
        uses=frozenset(_uses(node)),
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
        yield _root(node)
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    if isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
        yield _root(node.value.func)


FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def _uses(node: ast.AST, local: frozenset[str] = frozenset()) -> Iterator[tuple[str, str]]:
    """Names of the file that a part of it refers to, each with the attribute that is read of it; not those of functions
    and comprehensions of their own."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        yield from ((name, node.attr) for name, _ in _uses(node.value, local))
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
                yield from _uses(child, scope)
    if isinstance(node, COMPREHENSIONS):  # what it runs over is not in its own scope
        yield from _uses(node.generators[0].iter, local)


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


def _stores(node: ast.AST, foreign: set[str]) -> bool:
    """Whether a part of a function says that it changes what is not its own."""
    if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
        return _root(node) in foreign
    return isinstance(node, ast.Global)


def _called(node: ast.Call) -> str:
    """The last name of what is called: ``b`` of ``a.b()``."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else _root(node.func)


def _acts(node: ast.AST, foreign: set[str], own: set[str]) -> bool:
    """Whether a part of a statement may change what lies outside of its file: a call for its own sake, or storing in
    something imported. A single entry of a table is ``_entry``'s."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return _root(node.value.func) in {*foreign, *own, *STORING}
    if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
        return _root(node) in foreign and not isinstance(node.slice, ast.Constant)
    if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
        return _root(node) in foreign
    return isinstance(node, ast.AugAssign) and _root(node.target) in foreign


def _entry(node: ast.stmt, foreign: set[str]) -> Any:
    target = node.targets[0] if isinstance(node, ast.Assign) else None
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant) and _root(target) in foreign:
        return target.slice.value
    return None


def _root(node: ast.AST) -> str:
    """The name that an expression begins with: ``a`` of ``a.b[c](d)``."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _unwrapped(factory: Any) -> tuple[Any, str]:
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


def _held(function: Any) -> list[Any]:
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


def _constant(value: Any) -> Any:
    """A constant of byte code, or byte code: without addresses, and sets in an order."""
    if isinstance(value, types.CodeType):
        return value.co_code, value.co_names, [_constant(one) for one in value.co_consts]
    return sorted(map(repr, value)) if isinstance(value, frozenset) else repr(value)


def _file_of(function: Any) -> Path | None:
    code = getattr(function, "__code__", None)
    try:
        path = Path(str(code.co_filename if code else inspect.getfile(function)))
    except (TypeError, OSError):
        return None
    return path.resolve() if path.is_file() else path


def _digest(texts: Iterable[str]) -> str:
    return hashlib.sha256("\n\n".join(texts).encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS]
