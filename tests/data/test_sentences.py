"""Sentences, and two neighbouring words of each in each other's place."""

import numpy as np
import pytest

from rnn_research.data.sentences import sentences, swapped, with_swapped

LONG = " ".join(f"w{number}" for number in range(41)) + "."
TEXT = f'He said: "Go now!" Then, at\n  3.14, we left. Who? Not I\n\nA title\n\n{LONG} The old house fell down.'


def test_sentences_end_at_marks_and_empty_lines():
    assert sentences(TEXT) == [
        'He said: "Go now!"',
        "Then, at\n  3.14, we left.",
        "Who?",
        "Not I",
        "A title",
        LONG,
        "The old house fell down.",
    ]
    assert sentences(" \n\n ") == []


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        # Neither the first word, nor one with a mark on it.
        ("The old house fell down.", {"The house old fell down.", "The old fell house down."}),
        # Words stay on their line; those that differ in capitals at most are alike.
        ("so it was\nwas Was it", {"so was it\nwas Was it", "so it was\nwas it Was"}),
        ("no (one) knows, why", {None}),
        ("two words", {None}),
    ],
)
def test_every_pair_that_may_be_swapped_is_drawn_and_no_other(sentence, expected):
    assert {swapped(sentence, np.random.default_rng(seed)) for seed in range(40)} == expected


def test_the_pairs_of_a_text_are_the_same_at_every_call():
    originals, others = with_swapped([TEXT, "one two three. a b c d"])
    assert (originals, others) == with_swapped([TEXT, "one two three. a b c d"])
    assert originals == ["The old house fell down.", "a b c d"]  # four words to forty
    for one, other in zip(originals, others, strict=True):
        places = [place for place, (a, b) in enumerate(zip(one.split(), other.split(), strict=True)) if a != b]
        assert len(places) == 2 and places[1] == places[0] + 1 and sorted(one.split()) == sorted(other.split())
