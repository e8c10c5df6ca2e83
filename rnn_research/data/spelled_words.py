"""Words as models of sentences read them: a number for the word's vector, and the letters it is spelled with.

The number is that of the word in lower case, as word vectors have it; letters keep case and suffix, which tell much of
a word that training does not hold (Ling et al. 2015; Ma and Hovy 2016).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from rnn_research.data.labelled_sentences import (
    Layout,
    Sentence,
    cells,
    read_sentences,
    width_of,
    write_sentences,
)
from rnn_research.data.plain import decoded
from rnn_research.lookup import nearest

UNKNOWN_WORD = 0  # and padding
PADDING, UNKNOWN_LETTER = 0, 1
SEEN = 2  # training words that a letter must be in to have a number of its own: the unknown one is learned from others


class Spelled(NamedTuple):
    """Words of sentences, NumPy or jax.

    Attributes:
      words: ``[..., time]`` int32, of the word in lower case; 0 for one that has no vector of its own, and padding.
      surfaces: ``[..., time]`` int32: equal where the letters are, so that each spelling need be read once; 0 for
        padding; at most ``len(vocabulary.surfaces)`` for what training holds, more for what it does not.
      characters: ``[..., time, letters]`` int32; 0 for padding, 1 for a letter that training does not hold.
    """

    words: Any
    surfaces: Any
    characters: Any


class Flat(NamedTuple):
    """Sentences end to end, from which padded batches are cut.

    Attributes:
      words, surfaces: of ``Spelled``, ``[tokens]``.
      labels: ``[tokens]`` int32.
      first, count: of each sentence, its first token and how many it has, ``[sentences]`` int32.
      letters: of each surface, ``[surfaces + 1, letters]``.
      about: what only scores read of each token, ``[tokens]`` int32; None for nothing.
    """

    words: Any
    surfaces: Any
    labels: Any
    first: Any
    count: Any
    letters: Any
    about: Any = None


@dataclass(frozen=True)
class Vocabulary:
    """The words and letters of the training sentences.

    Attributes:
      surfaces: the training words as they stand, the most frequent first.
      counts: how often each stands there.
      others: words in lower case that training does not hold, yet that vectors learned elsewhere may be there for.
      letters: how many of a word are read: of a longer one the first half and the last.
    """

    surfaces: tuple[str, ...]
    counts: tuple[int, ...]
    others: tuple[str, ...]
    letters: int

    @cached_property
    def trained(self) -> dict[str, int]:
        """The training words in lower case, with their numbers."""
        return {word: number for number, word in enumerate(dict.fromkeys(map(str.lower, self.surfaces)), 1)}

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Of all words in lower case."""
        return self.trained | {word: number for number, word in enumerate(self.others, 1 + len(self.trained))}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of each number its word, for word vectors."""
        return ("", *self.numbers)

    @cached_property
    def word_counts(self) -> np.ndarray:
        """How often training holds each word of ``trained`` in any case, ``[trained + 1]``; of the unknown one, 0."""
        rows = [self.trained[surface.lower()] for surface in self.surfaces]
        return np.bincount(rows, self.counts, len(self.trained) + 1)

    @cached_property
    def characters(self) -> dict[str, int]:
        """Numbers of the letters."""
        seen = Counter(letter for surface in self.surfaces for letter in set(surface))
        kept = sorted(letter for letter, words in seen.items() if words >= SEEN)
        return {letter: number for number, letter in enumerate(kept, 2)}

    @cached_property
    def places(self) -> dict[str, int]:
        """The numbers of the surfaces."""
        return {surface: number for number, surface in enumerate(self.surfaces, 1)}

    @cached_property
    def known(self) -> tuple[np.ndarray, np.ndarray]:
        """Of the surfaces the numbers of their words ``[surfaces]``, and their letters ``[surfaces, letters]``."""
        return self._words(self.surfaces), self.spell(self.surfaces)

    @property
    def size(self) -> tuple[int, int, int]:
        """How many numbers there are of training words, of all words, of letters."""
        return len(self.trained) + 1, len(self.numbers) + 1, len(self.characters) + 2

    def spell(self, surfaces: Iterable[str]) -> np.ndarray:
        """The letters of words, ``[words, letters]`` int32."""
        found = [self._spelled(surface) for surface in surfaces]
        return np.array(found, np.int32).reshape(-1, self.letters)

    def _words(self, surfaces: Iterable[str]) -> np.ndarray:
        return np.array([self.numbers.get(surface.lower(), UNKNOWN_WORD) for surface in surfaces], np.int32)

    def _spelled(self, surface: str) -> list[int]:
        if len(surface) > self.letters:
            surface = surface[: self.letters - self.letters // 2] + surface[len(surface) - self.letters // 2 :]
        ids = [self.characters.get(letter, UNKNOWN_LETTER) for letter in surface]
        return ids + [PADDING] * (self.letters - len(ids))

    def flat(self, sentences: Sequence[Sequence[str]], labels: np.ndarray | None = None) -> Flat:
        """Sentences of words as numbers; ``labels [tokens]``, zeros if left out."""
        tokens = [word for sentence in sentences for word in sentence]
        places = dict(self.places)
        surfaces = np.array([places.setdefault(token, len(places) + 1) for token in tokens], np.int32)
        new = tuple(islice(places, len(self.places), None))
        words = np.concatenate([self.known[0], self._words(new)])
        count = np.array([len(sentence) for sentence in sentences], np.int32)
        letters = np.concatenate([np.zeros((1, self.letters), np.int32), self.known[1], self.spell(new)])
        return Flat(
            words[surfaces - 1] if len(tokens) else surfaces,
            surfaces,
            np.zeros(len(tokens), np.int32) if labels is None else labels,
            (np.cumsum(count) - count).astype(np.int32),
            count,
            letters,
        )


def vocabulary_of(sentences: Sequence[Sequence[str]], others: Sequence[Sequence[str]], letters: int) -> Vocabulary:
    """The words of training sentences, and those of other sentences beside them.

    Raises:
      ValueError: fewer than 2 letters of a word.
    """
    if letters < 2:
        raise ValueError(f"letters must be 2 or more, not {letters}")
    counts = Counter(word for sentence in sentences for word in sentence)
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    known = {word.lower() for word in counts}
    more = {word.lower() for sentence in others for word in sentence} - known
    return Vocabulary(tuple(ranked), tuple(counts[word] for word in ranked), tuple(sorted(more)), letters)


def padded(flat: Flat, rows: Any, time: int) -> tuple[Spelled, Any, Any, Any]:
    """Sentences side by side: ``(inputs, labels [rows, time], valid [rows, time], lengths [rows])``.

    Args:
      flat: the sentences, NumPy or jax as ``rows`` are.
      rows: which of them, ``[rows]``.
      time: steps, no fewer than words of the longest of them.
    """
    xp = rows.__array_namespace__()
    count = flat.count[rows]
    steps = xp.arange(time, dtype=np.int32)[None]
    valid = steps < count[:, None]
    place = xp.where(valid, flat.first[rows][:, None] + steps, 0)
    words, surfaces, labels = (xp.where(valid, leaf[place], 0) for leaf in flat[:3])
    return Spelled(words, surfaces, flat.letters[surfaces]), labels, valid, count


@dataclass(frozen=True)
class LabelledWords:
    """A ``Labeller`` of the words of sentences (``data.codec``): the labels are classes, a word's answer is the number
    of one.

    Attributes:
      vocabulary: see there.
      names: of the labels.
      layout: of the files.
    """

    vocabulary: Vocabulary
    names: tuple[str, ...]
    layout: Layout

    def read(self, data: bytes, name: str) -> list[Sentence]:
        """The sentences of a file; labels need not be there.

        Raises:
          ValueError: a malformed line, ``NAME:LINE: what``; columns of which that of the labels holds others, see
            ``check_column``.
        """
        found = read_sentences(decoded(data, name), name, self.layout)
        if self.layout.format == "columns":
            check_column(found, self.names.__contains__, name, self.layout)
        return found

    def encode(self, examples: Sequence[Sentence]) -> tuple[Spelled, np.ndarray]:
        """``(inputs, lengths [n])``, padded to the longest."""
        flat = self.vocabulary.flat([one.words for one in examples])
        inputs, _, _, lengths = padded(flat, np.arange(len(examples)), int(flat.count.max(initial=1)))
        return inputs, lengths

    def write(self, examples: Sequence[Sentence], answers: Sequence[Any]) -> bytes:
        """The file with answers for labels, ``[time or more]`` of each sentence."""
        labels = [
            [self.names[label] for label in answer[: len(one.words)]]
            for one, answer in zip(examples, answers, strict=True)
        ]
        return write_sentences(examples, labels, self.layout).encode()

    def agreement(self, examples: Sequence[Sentence], answers: Sequence[Any]) -> dict[str, float]:
        """Of the words that have a label, how many have it right; nothing where no label is one of ``names``."""
        pairs = [
            (label, self.names[answer])
            for one, found in zip(examples, answers, strict=True)
            for label, answer in zip(one.labels, found, strict=False)
            if label
        ]
        if not {label for label, _ in pairs} & {*self.names}:
            return {}
        return {"accuracy": sum(label == answer for label, answer in pairs) / len(pairs)}

    def label_ids(self, examples: Sequence[Sentence], name: str) -> np.ndarray:
        """Numbers of the labels, end to end.

        Raises:
          ValueError: a label that is not there, or that is none of ``names``, as training lacks it; by file and line.
        """
        return label_ids(examples, self.names, name)

    def state(self) -> dict[str, Any]:
        """JSON from which ``load`` makes it again."""
        words = self.vocabulary
        return {
            "kind": "labelled_words",
            "surfaces": list(words.surfaces),
            "counts": list(words.counts),
            "others": list(words.others),
            "letters": words.letters,
            "names": list(self.names),
            "layout": list(self.layout),
        }


def load(value: Mapping[str, Any]) -> LabelledWords:
    """What ``state`` gave, made again."""
    words = Vocabulary(tuple(value["surfaces"]), tuple(value["counts"]), tuple(value["others"]), value["letters"])
    form = Layout(*value["layout"])
    return LabelledWords(words, tuple(value["names"]), form._replace(beside=tuple(form.beside)))


def check_column(examples: Sequence[Sentence], known: Callable[[str], bool], name: str, form: Layout) -> None:
    """That what stands in the column of labels, of a file to be labelled, is meant as such: a text of two words a line
    would lose every second one. At least one label is known, or each is a single character, as in a column that is to
    be filled in. Where the file ends before the labels, likewise of the column before them, as far as its values are
    known: else words would be passed over.

    Args:
      known: whether the trained model knows a label.
      form: of the training files.

    Raises:
      ValueError: neither, as ``NAME:LINE: what``.
    """
    place, fill = f"{name}:{examples[0].line_of(0)}", "write _ there where it is not known"

    def strange(given: Sequence[str], known: Callable[[str], bool]) -> bool:
        return any(len(value) > 1 for value in given) and not any(map(known, {*given}))

    labels = [label for one in examples for label in one.labels]
    if strange(labels, known):
        raise ValueError(
            f"{place}: {labels[0]!r} stands where the label does in training, and no label of the file is one that was "
            f"learned; {'of words alone, write one a line' if form.width < 3 else fill}"
        )
    if form.beside and width_of(examples) == form.width - 1:
        given = [*cells(examples, form.width - 1)]
        if strange(given, form.beside.__contains__):
            raise ValueError(
                f"{place}: {given[0]!r} stands where {form.beside[0]!r} does in training, and nothing in that column "
                f"of the file does so there; {fill}"
            )


def label_names(examples: Sequence[Sentence], name: str) -> tuple[str, ...]:
    """The labels of the training sentences, in order of the alphabet.

    Raises:
      ValueError: a word without one, by file and line; one label for all of them.
    """
    for one in examples:
        if not all(one.labels):
            raise ValueError(f"{name}:{one.line_of(one.labels.index(''))}: no label")
    names = tuple(sorted({label for one in examples for label in one.labels}))
    if len(names) == 1:
        raise ValueError(f"{name}: every word to train on is labelled {names[0]!r}; two labels are needed")
    return names


def label_ids(examples: Sequence[Sentence], names: Sequence[str], name: str) -> np.ndarray:
    """Numbers of the labels, end to end, ``[tokens]`` int32.

    Raises:
      ValueError: a label that is not given, or that is none of ``names``, those of the training sentences; by file and
        line.
    """
    numbers = {label: number for number, label in enumerate(names)}
    for one in examples:
        for word, label in enumerate(one.labels):
            if not label:
                raise ValueError(f"{name}:{one.line_of(word)}: no label")
            if label not in numbers:
                known = nearest(label, names)
                raise ValueError(f"{name}:{one.line_of(word)}: the training sentences hold no label {label!r}; {known}")
    return np.array([numbers[label] for one in examples for label in one.labels], np.int32)
