"""Following names through files: what a definition refers to, there and in the files that it is imported from."""

import importlib.machinery
import sys
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rnn_research.source.statements import EVERYTHING, Origin, Statement, parsed, written

PACKAGE = Path(__file__).resolve().parents[1]
INSTALLED = ("site-packages", "dist-packages")


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
