"""Scores of spans by hand."""

import numpy as np
import pytest

from rnn_research.data.spans import Span
from rnn_research.tasks.base import Batch, Seen
from rnn_research.tasks.bucketed import Origin
from rnn_research.tasks.span_scores import by_length, confusions, f1_of_sets, forms, score_spans, span_numbers

TARGET = [[Span(0, 1, "a"), Span(2, 5, "b")], [Span(0, 2, "a")], [Span(1, 2, "b")], []]
ANSWER = [[Span(0, 1, "a"), Span(2, 4, "b")], [Span(0, 2, "b")], [], [Span(0, 1, "a")]]


def test_numbers_of_spans_are_those_of_the_definitions():
    """One of four is right, one overlaps, one has another type, one is missed; one answer is of nothing."""
    numbers = span_numbers(TARGET, ANSWER, ("a", "b", "c"))
    assert (numbers["precision"], numbers["recall"], numbers["span_f1"]) == (0.25, 0.25, 0.25)
    assert (numbers["precision/a"], numbers["recall/a"], numbers["f1/a"]) == (0.5, 0.5, 0.5)
    assert numbers["f1/b"] == 0 and "f1/c" not in numbers and numbers["macro_f1"] == 0.25
    assert numbers["boundary_f1"] == 0.5  # two have the right tokens
    assert numbers["partial_f1"] == pytest.approx(2.5 / 4)
    assert numbers["long_recall"] == 0
    assert span_numbers(TARGET, TARGET, ("a", "b"))["long_recall"] == 1
    nothing = span_numbers([[]], [[]], ("a",))
    assert nothing["span_f1"] == 0 and "long_recall" not in nothing


def test_surface_forms_count_once():
    words = [["New", "York", "is", "not", "new", "york"], ["New", "York", "and", "York"]]
    target = forms(words, [[Span(0, 2, "place"), Span(4, 6, "place")], [Span(0, 2, "place"), Span(3, 4, "place")]])
    assert target == {("place", "New", "York"), ("place", "new", "york"), ("place", "York")}
    answer = forms(words, [[Span(0, 2, "place")], [Span(0, 2, "person")]])
    assert f1_of_sets(target, answer) == pytest.approx(2 * 1 / (3 + 2))
    assert f1_of_sets(set(), set()) == 0


def test_pictures_show_lengths_and_confusions():
    curve = by_length(TARGET, ANSWER)
    assert curve.positions == [1, 2, 3, 4, 5]
    np.testing.assert_allclose(curve.y, [2 / 4, 0, 0, np.nan, np.nan])
    table = confusions(TARGET, ANSWER, ("a", "b"))
    assert table.rows == ("a", "b", "none")
    np.testing.assert_allclose(table.values, [[0.5, 0.5, 0], [0, 0, 1], [0.5, 0.5, 0]])


def test_what_a_task_says_at_the_end_leaves_padding_out():
    names = ("O", "B-a", "I-a")
    targets = np.array([[[1, 2, 0], [1, 1, 1]], [[0, 1, 2], [0, 0, 0]]])
    weights = np.array([[[1, 1, 1], [1, 0, 0]], [[1, 1, 1], [0, 0, 0]]], np.float32)
    surfaces = np.array([[[1, 2, 3], [4, 9, 9]], [[5, 1, 2], [9, 9, 9]]])
    answers = np.array([[[1, 2, 0], [0, 1, 1]], [[0, 1, 2], [1, 1, 1]]])

    class Inputs:
        pass

    inputs = Inputs()
    inputs.surfaces = surfaces
    seen = Seen({}, lambda: answers, Batch(inputs, targets, weights, about=Origin(None, targets)))
    found = score_spans({"test": seen}, names, names, ("a",))
    assert found.numbers["recall"] == pytest.approx(2 / 3) and found.numbers["precision"] == 1
    assert found.numbers["surface_f1"] == pytest.approx(2 / 3)  # of two forms one is found, twice
    assert [exhibit.name for exhibit in found.exhibits] == ["span_scores", "span_confusions", "f1_by_length"]
