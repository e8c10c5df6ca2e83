"""What generated texts are like: how much they repeat themselves, how many of their words exist (C29, C30)."""

from collections.abc import Container, Sequence

PHRASE = 20  # characters: about four words


def repeated(text: str) -> float:
    """Share of a text's phrases, of 20 characters each, that stood in it before; 0 for a shorter text.

    Characters, as a text that is stuck may write dashes or spaces for ever and no words at all.
    """
    phrases = [text[i : i + PHRASE] for i in range(len(text) - PHRASE + 1)]
    return 1 - len(set(phrases)) / len(phrases) if phrases else 0.0


def distinct(texts: Sequence[str]) -> float:
    """Share of texts that differ from all before."""
    return len(set(texts)) / len(texts)


def known_words(text: str, dictionary: Container[str]) -> float:
    """Share of a text's words, but for its first and last, which may be cut off, that are in the dictionary; NaN where
    there is none."""
    found = words(text)[1:-1]
    return sum(word in dictionary for word in found) / len(found) if found else float("nan")


def known_length(text: str, dictionary: Container[str]) -> float:
    """Mean length, in characters, of those words; NaN where there is none."""
    found = [len(word) for word in words(text)[1:-1] if word in dictionary]
    return sum(found) / len(found) if found else float("nan")


def words(text: str) -> list[str]:
    """Runs of characters between white space, without punctuation on either side, in lower case."""
    stripped = (part.strip("\"'`.,;:!?()[]{}<>*_-—–…«»„“”’") for part in text.split())
    return [word.lower() for word in stripped if word]
