"""Strategies as they are written, and measures of the texts they give."""

import numpy as np
import pytest

from rnn_research.decoding.measures import distinct, known_words, repeated, words
from rnn_research.decoding.strategy import Strategy, parse_strategies


def test_strategies_are_read():
    assert parse_strategies(("greedy", "sample", "sample(0.5)", "beam(4)")) == {
        "greedy": Strategy("greedy"),
        "sample": Strategy("sample"),
        "sample(0.5)": Strategy("sample", temperature=0.5),
        "beam(4)": Strategy("beam", width=4),
    }
    for text in ("beam", "greedy(2)", "sample(0)", "sample(x)", "beam(0)", "beam(2.5)", "nucleus"):
        with pytest.raises(ValueError, match="none of greedy, sample"):
            parse_strategies((text,))


def test_measures_of_texts():
    assert repeated("abcdefghijklmnopqrstuvwxyz") == 0
    assert repeated("abcdefghijklmnopqrstuvwxyz" * 2) == pytest.approx(1 - 26 / 33)
    assert repeated("-" * 39) == pytest.approx(1 - 1 / 20)
    assert repeated("too short") == 0
    assert distinct(["x", "y", "x", "x"]) == 0.5
    assert words('"Well," he said -- (no)!') == ["well", "he", "said", "no"]
    assert known_words("xx one two three xx", {"one", "three"}) == pytest.approx(2 / 3)
    assert np.isnan(known_words("one two", {"one"}))
