"""Short texts in two languages, any text at all, and what it costs to tell one from its tokens."""

import numpy as np
import pytest
from hypothesis import strategies as st

ENGLISH = "The houses were old.\nThe house, the old house!\n\tAn older house?  No: houses were the best.\n" * 3
RUSSIAN = "Дома были старые.\nДом, старый дом!\n\tВ старом доме?  Нет: это был новый дом.\n" * 3
OTHERS = "naïve 'façade' 𝕏 日本語 e\u0301 \r\x00 <unk> <eos>"
languages = pytest.mark.parametrize("language, text", [("english", ENGLISH), ("russian", RUSSIAN)])
anything = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffd"), max_size=60)


def price(tokens, text):
    """Nats beyond the ids."""
    return float(tokens.encode(text).extra.astype(float).sum())


def write_sentences(directory, count=400):
    """A small text of sentences, a document, in which what stands where is the grammar's choice alone; where it is."""
    rng = np.random.default_rng(0)
    parts = (
        ["The", "A"],
        ["old", "new", "wet"],
        ["house", "dog", "cat"],
        ["sees", "has"],
        ["no", "some"],
        ["trees", "men"],
    )
    path = directory / "sentences.txt"
    path.write_text(" ".join(" ".join(rng.choice(words) for words in parts) + " now." for _ in range(count)) + "\n")
    return str(path)


WORDS = ("the", "cat", "sat", "on", "a", "mat", "while", "dogs", "ran", "after", "their", "tails", "in", "deep", "snow")


def write_book(directory, words=WORDS, count=4000):
    """A small text of random words, one document; where it is."""
    path = directory / "book.txt"
    path.write_text(" ".join(np.random.default_rng(0).choice(words, count)) + ".\n")
    return str(path)
