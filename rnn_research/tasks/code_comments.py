"""Comments for code: the source of a function in, the first line of its docstring out (S25)."""

import ast
import os
import re
import sysconfig
import tokenize
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from rnn_research.data.labelled_texts import place_of
from rnn_research.data.pairs import Pair, by_chance, split_of
from rnn_research.tasks.base import SPLITS, Task
from rnn_research.tasks.seq2seq import Encoded, encode_pairs, of_pairs

NO_LIBRARY = {"test", "tests", "idle_test", "site-packages", "dist-packages", "idlelib", "turtledemo", "lib2to3"}


def code_comments(
    source_tokens: str = "bare_words",
    target_tokens: str = "words",
    vocabulary: int = 0,
    longest: int = 80,
    modules: int = 0,
    beam: int = 1,
) -> Task:
    """What a function's docstring begins with, from its source without the docstring: the functions of the standard
    library of the running Python, so that nothing is downloaded, and versions differ.

    By a hash of its path a tenth of the modules validates and a tenth is tested, with all that they hold: names and
    habits of a module are on one side. A function whose text stands in several modules counts in the first. Of Python
    3.11 some 3,300 functions to train on, 360 to validate, 370 to test.

    Metric: BLEU, from 0 to 100, by sacrebleu; see ``tasks.seq2seq.of_pairs`` for what there is beside it. Chosen on
    validation by the loss. Baseline: the empty answer, 0.

    Args:
      source_tokens, target_tokens: see ``data.tokens.TOKENISERS``.
      vocabulary: how many tokens to know of each side, the most frequent; 0: of words, those that occur twice or more.
      longest: words and marks of a function, and of a line; longer ones are left out.
      modules: how many to read, some by chance, always the same; 0 for all.
      beam: see ``of_pairs``.

    Raises:
      ValueError: a number that cannot be, no function short enough; sacrebleu is not installed.
    """
    if modules < 0 or longest < 1:
        raise ValueError(f"code_comments: modules from 0 (all) and longest from 1 on, not {modules} and {longest}")
    found = prepare(source_tokens, target_tokens, vocabulary, longest, modules)
    return of_pairs(found, beam=beam, metric="bleu", chosen="loss", words=True)


@lru_cache(maxsize=4)
def prepare(source_tokens: str, target_tokens: str, vocabulary: int, longest: int, modules: int) -> Encoded:
    """The pairs of ``code_comments``."""
    splits: dict[str, list[Pair]] = {split: [] for split in SPLITS}
    seen = set()
    for name, path in library(modules):
        for pair in commented(path, name):
            if pair.source not in seen and max(map(_words, (pair.source, pair.target))) <= longest:
                splits[split_of(name)].append(pair)
            seen.add(pair.source)
    splits = {split: by_chance(pairs) for split, pairs in splits.items()}
    for split in (split for split in SPLITS if not splits[split]):
        raise ValueError(f"code_comments: {split} holds no function of at most {longest} words and marks")
    return encode_pairs(splits, source_tokens, target_tokens, vocabulary, vocabulary)


def library(count: int = 0) -> list[tuple[str, Path]]:
    """The modules of the standard library, without its tests, by the names of their files in it; ``count`` of them by
    chance, or all."""
    root = Path(sysconfig.get_path("stdlib"))
    named = []
    for folder, inner, files in os.walk(root):
        inner[:] = sorted(set(inner) - NO_LIBRARY)
        paths = (Path(folder, file) for file in files if file.endswith(".py"))
        named += [(path.relative_to(root).as_posix(), path) for path in paths]
    return sorted(sorted(named, key=lambda one: place_of(f"module {one[0]}"))[: count or None])


def commented(path: Path, name: str) -> Iterator[Pair]:
    """The functions of a module that have a docstring and something to do: their source without it, and its first line;
    none of a file that is no module of this Python."""
    try:
        with tokenize.open(path) as file:
            text = file.read()
        tree = ast.parse(text)
    except (SyntaxError, UnicodeDecodeError):
        return
    lines = text.split("\n")
    for function in _functions(tree):
        said, first = ast.get_docstring(function), function.body[0]
        if not said or len(function.body) < 2 or first.lineno == function.lineno:
            continue
        kept = lines[function.lineno - 1 : first.lineno - 1] + lines[first.end_lineno : function.end_lineno]
        comment = said.strip().split("\n")[0].strip()
        if comment:
            yield Pair("\n".join(kept), comment, place=f"{name}:{function.lineno}")


def _words(text: str) -> int:
    return len(re.findall(r"\w+|[^\w\s]", text))


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Of a module in order, inner ones too; expressions, which hold none, are not walked through."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
        if isinstance(node, ast.stmt | ast.excepthandler | ast.match_case):
            yield from _functions(node)
