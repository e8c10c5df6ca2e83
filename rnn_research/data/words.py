"""Words as tokens: class-based models (Brown et al. 1992), comparable in bits per character however words are reduced.

A token is the class of a surface, a word as it stands in the text, and ``p(text) = Π p(class | context) ·
p(surface | class)``. The network models the first factor; the second comes from the training counts n by absolute
discounting with D = 0.5: ``(n(surface) − D) / n(class)``. What that leaves, ``D · types(class) / n(class)``, goes to
surfaces unseen in the class, times the probability of their spelling. Classes that are not kept are one, ``<unk>``.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnn_research.data.encoding import UNKNOWN, Encoded, Tokeniser
from rnn_research.data.reductions import STOP, reduction
from rnn_research.data.spelling import spelling

DISCOUNT = 0.5
END = "<eos>"

Pieces = tuple[list[str], np.ndarray]  # the surfaces of a text in order, and the characters each stands for


class Classes(NamedTuple):
    """Classes of surfaces, ids 0 to ``len(names) − 1``; the last is ``<unk>``. Costs are in nats."""

    names: tuple[str, ...]  # by frequency
    shown: tuple[str, ...]  # the most frequent surface of each
    ids: dict[str, int]  # of the surfaces that were seen
    costs: dict[str, float]  # −ln p(surface | class) of those
    escapes: np.ndarray  # [classes] −ln p(a surface unseen in the class | class); inf where a class has one surface


def words(documents: Sequence[str], vocabulary: int = 0, reduce: str = "none", language: str = "english") -> Tokeniser:
    """Classes of words, punctuation marks and blanks; a space belongs to the word or mark after it.

    Args:
      documents: the training documents.
      vocabulary: how many classes to keep, the most frequent; ``<unk>`` comes on top. 0 keeps those seen twice or more.
      reduce: from surface to class, a name in ``reductions.REDUCTIONS``.
      language: of the words, a name in ``reductions.LANGUAGES``.

    Raises:
      ValueError: an unknown reduction or language.
    """
    return _words(documents, vocabulary, reduce, language, blanks=True)


def bare_words(
    documents: Sequence[str], vocabulary: int = 0, reduce: str = "none", language: str = "english"
) -> Tokeniser:
    """Classes of words and punctuation marks without the blanks before them, so that n tokens are n words or marks.

    Blanks are part of the surface: the class of "\\n  house" is that of "house", and telling them apart is paid for.

    Args:
      documents, vocabulary, reduce, language: as in ``words``.

    Raises:
      ValueError: an unknown reduction or language.
    """
    return _words(documents, vocabulary, reduce, language, blanks=False)


def _words(documents: Sequence[str], vocabulary: int, reduce: str, language: str, blanks: bool) -> Tokeniser:
    class_of = reduction(reduce, language) if blanks else _bare(reduction(reduce, language))
    counts = _count(documents, _surfaces if blanks else _bare_surfaces)
    return words_of(counts, {surface: class_of(surface) for surface in counts}, vocabulary, reduce, language, blanks)


def words_of(
    counts: Mapping[str, int],
    known: Mapping[str, str],
    vocabulary: int,
    reduce: str,
    language: str,
    blanks: bool = True,
) -> Tokeniser:
    """The tokens of ``words``, or of ``bare_words``, from how often each surface was seen, and the classes of those.

    The classes are given since they may differ between versions of what reduces words; a surface that was not seen is
    reduced when it is met.

    Args:
      known: a surface's class; the surface itself where it is left out.
      blanks: whether blanks are tokens and part of a class, as in ``words``.
    """
    class_of = reduction(reduce, language) if blanks else _bare(reduction(reduce, language))
    leaves = reduce in ("none", "stop")  # surfaces as they are, all but stop words
    classes = classify(
        counts,
        lambda surface: known.get(surface, surface),
        lambda name: blanks and (name.isspace() or (leaves and name != STOP)),
        vocabulary,
        least=2,
    )

    def decode(tokens: Sequence[int] | np.ndarray) -> str:
        return "".join(classes.shown[token] for token in tokens)

    def state() -> dict[str, Any]:
        reduced = {surface: name for surface, name in known.items() if name != surface}
        choices = {"vocabulary": vocabulary, "reduce": reduce, "language": language}
        kind = "words" if blanks else "bare_words"
        return {"kind": kind, **choices, "counts": dict(counts), "classes": reduced}

    return _tokeniser(classes, counts, class_of, _surfaces if blanks else _bare_surfaces, decode, state)


def split(documents: Sequence[str], vocabulary: int = 0) -> Tokeniser:
    """Words between spaces, for text that was tokenised beforehand (PTB, WikiText); a newline is ``<eos>``.

    A run of spaces counts as one, and where spaces stand beside a newline is not told: on text that was not tokenised
    beforehand, bits per character leave that out. A token's characters are its own and the space after it.

    Args:
      documents: the training documents.
      vocabulary: how many words to keep, the most frequent; ``<unk>`` comes on top. 0 keeps all.
    """
    return split_of(_count(documents, _between_spaces), vocabulary)


def split_of(counts: Mapping[str, int], vocabulary: int) -> Tokeniser:
    """The tokens of ``split`` from how often each word was seen."""
    classes = classify(counts, _split_class, lambda name: True, vocabulary, least=1)

    def decode(tokens: Sequence[int] | np.ndarray) -> str:
        text = " ".join("\n" if name == END else name for name in (classes.names[token] for token in tokens))
        return text.replace(" \n", "\n").replace("\n ", "\n")

    def state() -> dict[str, Any]:
        return {"kind": "split", "vocabulary": vocabulary, "counts": dict(counts)}

    return _tokeniser(classes, counts, _split_class, _between_spaces, decode, state)._replace(between=" ")


def _surfaces(text: str) -> Pieces:
    """Joined, the surfaces are the text."""
    surfaces = re.findall(r" ?\w+| ?[^\w\s]|\s", text)
    return surfaces, np.fromiter(map(len, surfaces), np.float32, len(surfaces))


def _bare_surfaces(text: str) -> Pieces:
    """Joined, the surfaces are the text. Blanks belong to the word or mark after them, the last ones to the last."""
    surfaces = re.findall(r"\s*(?:\w+|[^\w\s])(?:\s+\Z)?|\s+", text)
    return surfaces, np.fromiter(map(len, surfaces), np.float32, len(surfaces))


def _bare(class_of: Callable[[str], str]) -> Callable[[str], str]:
    """The class of a surface without its blanks; a text of blanks alone is its own."""
    return lambda surface: class_of(surface.strip() or surface)


def _between_spaces(text: str) -> Pieces:
    """The characters sum to the length of the text with every run of spaces as one."""
    text = re.sub(" {2,}", " ", text)
    parts = re.findall(r"(?:\n|[^ \n]+) ?", text)
    lengths = np.fromiter(map(len, parts), np.float32, len(parts))
    if text.startswith(" "):
        lengths[:1] += 1
    return [part.rstrip(" ") for part in parts], lengths


def _split_class(surface: str) -> str:
    """A word that reads like the mark of a newline is not one."""
    return {"\n": END, END: UNKNOWN}.get(surface, surface)


def _count(documents: Sequence[str], pieces: Callable[[str], Pieces]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for document in documents:
        counts.update(pieces(document)[0])
    return counts


def classify(
    counts: Mapping[str, int], class_of: Callable[[str], str], alone: Callable[[str], bool], vocabulary: int, least: int
) -> Classes:
    """Classes of surfaces, and what it costs to tell a surface from its class.

    Args:
      counts: how often each surface was seen.
      class_of: a surface's class.
      alone: of a class's name, whether no two surfaces can have that class; telling it costs nothing then.
      vocabulary: how many classes to keep beside ``<unk>``; 0 keeps those seen ``least`` times or more.
    """
    members: defaultdict[str, list[str]] = defaultdict(list)
    for surface in sorted(counts, key=lambda surface: (-counts[surface], surface)):
        members[class_of(surface)].append(surface)
    unknown = members.pop(UNKNOWN, [])  # of a text that came with unknown words
    totals = {name: sum(counts[surface] for surface in surfaces) for name, surfaces in members.items()}
    ranked = sorted(totals, key=lambda name: (-totals[name], name))
    kept = ranked[:vocabulary] if vocabulary else [name for name in ranked if totals[name] >= least]
    for name in ranked[len(kept) :]:
        unknown += members[name]
    ids, costs, escapes = {}, {}, np.full(len(kept) + 1, np.inf)
    for number, (name, surfaces) in enumerate([*((name, members[name]) for name in kept), (UNKNOWN, unknown)]):
        ids |= dict.fromkeys(surfaces, number)
        if number < len(kept) and alone(name):
            costs |= dict.fromkeys(surfaces, 0.0)
            continue
        total = sum(counts[surface] for surface in surfaces)
        costs |= {surface: math.log(total / (counts[surface] - DISCOUNT)) for surface in surfaces}
        escapes[number] = math.log(total / (DISCOUNT * len(surfaces))) if surfaces else 0.0
    return Classes((*kept, UNKNOWN), (*(members[name][0] for name in kept), UNKNOWN), ids, costs, escapes)


def _tokeniser(
    classes: Classes,
    counts: Mapping[str, int],
    class_of: Callable[[str], str],
    pieces: Callable[[str], Pieces],
    decode: Callable[[Sequence[int] | np.ndarray], str],
    state: Callable[[], dict[str, Any]],
) -> Tokeniser:
    numbers = {name: number for number, name in enumerate(classes.names)}
    unknown_id = numbers[UNKNOWN]
    spell = spelling(list(counts))

    def number_of(surface: str) -> int:
        seen = classes.ids.get(surface)
        return numbers.get(class_of(surface), unknown_id) if seen is None else seen

    def encode(text: str) -> Encoded:
        surfaces, lengths = pieces(text)
        places: dict[str, int] = {}
        where = np.array([places.setdefault(surface, len(places)) for surface in surfaces], np.int64)
        ids = np.array([number_of(surface) for surface in places], np.int32)
        extra = np.array([classes.costs.get(surface, np.inf) for surface in places])
        unseen = [surface for surface in places if surface not in classes.ids]
        rows = [places[surface] for surface in unseen]
        extra[rows] = classes.escapes[ids[rows]] + spell(unseen)
        return Encoded(ids[where], lengths, extra[where].astype(np.float32))

    def unknown(text: str) -> list[str]:
        distinct = dict.fromkeys(pieces(text)[0])
        distinct.pop(UNKNOWN, None)  # what a text calls unknown itself
        missing = (surface for surface in distinct if number_of(surface) == unknown_id)
        return list(dict.fromkeys(surface.strip() or surface for surface in missing))

    return Tokeniser(len(classes.names), classes.names, encode, decode, unknown, state)
