"""How an English word is pronounced: letters in, phonemes out."""

import re
from functools import lru_cache
from pathlib import Path

from rnn_research.data.locate import DataNotFoundError, find
from rnn_research.data.pairs import Pair, by_chance, split_of
from rnn_research.data.plain import read
from rnn_research.tasks.base import SPLITS, Task
from rnn_research.tasks.seq2seq import Encoded, encode_pairs, of_pairs

FILE = "cmudict/cmudict.dict"
PHONEME = re.compile("[A-Z]{1,2}[012]?")  # with its stress
AGAIN = re.compile(r"\(\d+\)$")  # of a word that is pronounced in other ways, too


def pronunciation(examples: int = 0, longest: int = 20, beam: int = 1) -> Task:
    """The phonemes of a word, 39 of them, without stress, from the CMU Pronouncing Dictionary in ``--data_dir``.

    By a hash of the word a tenth validates, a tenth is tested, each word once; of 126 thousand. A word that is
    pronounced in several ways is in training once for each; tested, whichever is closest counts. Forms of one word, as
    with ``'s``, may be on two sides, as a split by word does not separate them.

    Metric: the word error rate, the share of words that are not pronounced as the dictionary says, at the end in any of
    its ways, at every look in the first; beside it the phoneme error rate and what ``tasks.seq2seq.of_pairs`` says.
    Baseline: the empty answer, 1. Published word error rates of an LSTM of 2 × 64 units: 0.39 to 0.396 on the current
    dictionary, 0.31 to 0.32 on that of the PRONALSYL challenge.

    Args:
      examples: words to train on, some by chance, always the same; 0 for all.
      longest: letters or phonemes; longer ones are left out, with 20 two of 134,860 pronunciations.
      beam: see ``of_pairs``.

    Raises:
      ValueError: a number below 0, a line that is none of a word and its phonemes, by file and line.
      DataNotFoundError: the dictionary is not there.
    """
    if examples < 0:
        raise ValueError(f"pronunciation: examples must be 0 (all) or a number of words, not {examples}")
    path = find(f"{FILE}.gz") or find(FILE)
    if path is None:
        raise DataNotFoundError("cmudict", f"{FILE}.gz", "github.com/cmusphinx/cmudict")
    found = prepare(str(path), examples, longest)
    return of_pairs(found, beam=beam, metric="word_error_rate", whole="word", unit="phoneme")


@lru_cache(maxsize=4)
def prepare(path: str, examples: int, longest: int) -> Encoded:
    """The pairs of a dictionary."""
    splits: dict[str, list[Pair]] = {split: [] for split in SPLITS}
    for word, spoken in pronunciations(path).items():
        first, *others = spoken
        splits[split_of(word)].append(Pair(word, first, tuple(others)))
    splits = {split: by_chance(pairs) for split, pairs in splits.items()}
    chosen = splits["train"][: examples or None]
    splits["train"] = [Pair(pair.source, one) for pair in chosen for one in (pair.target, *pair.others)]
    return encode_pairs(splits, "characters", "split", longest=longest)


def pronunciations(path: str) -> dict[str, tuple[str, ...]]:
    """Of each word of a dictionary its pronunciations without stress, distinct and in order: phonemes with blanks
    between. Lines are ``word PH ON EMES``, of further pronunciations ``word(2) …``; what stands behind a ``#`` is a
    comment.

    Raises:
      ValueError: another line, as ``FILE:LINE: what``.
    """
    found: dict[str, dict[str, None]] = {}
    for number, line in enumerate(read(Path(path)).split("\n"), 1):
        parts = line.partition(" #")[0].split()
        if not parts or line.startswith(";;;"):  # as older editions comment
            continue
        if len(parts) < 2 or not all(PHONEME.fullmatch(part) for part in parts[1:]):
            raise ValueError(f"{path}:{number}: no word and its phonemes")
        word = AGAIN.sub("", parts[0])
        found.setdefault(word, {})[" ".join(part.rstrip("012") for part in parts[1:])] = None
    if not found:
        raise ValueError(f"{path} holds no word")
    return {word: tuple(spoken) for word, spoken in found.items()}
