"""Schemes of labels, by hand and against seqeval."""

import itertools
import random

import pytest

from rnn_research.data.spans import (
    LETTERS,
    Span,
    convert,
    fault,
    labels_of,
    may_follow,
    names_of,
    order_of,
    spans_of,
)

SPANS = [Span(0, 1, "a"), Span(1, 3, "a"), Span(4, 7, "b"), Span(7, 8, "a")]
WRITTEN = {
    "bio": "B-a B-a I-a O B-b I-b I-b B-a O",
    "iob1": "I-a B-a I-a O I-b I-b I-b I-a O",
    "bioes": "S-a B-a E-a O B-b I-b E-b S-a O",
    "io": "I-a I-a I-a O I-b I-b I-b I-a O",
}


@pytest.mark.parametrize("scheme", WRITTEN)
def test_spans_are_written_as_the_scheme_says(scheme):
    labels = labels_of(reversed(SPANS), 9, scheme)
    assert " ".join(labels) == WRITTEN[scheme]
    assert fault(labels, scheme) is None
    assert set(labels) <= set(names_of("ab", scheme))
    joined = [Span(0, 3, "a"), *SPANS[2:]]  # neighbours of one type are one span in IO
    assert spans_of(labels) == (joined if scheme == "io" else SPANS)


def some_labels(rng, length, scheme):
    return [rng.choice(names_of("ab", scheme)) for _ in range(length)]


@pytest.mark.parametrize("scheme", LETTERS)
def test_what_is_legal_and_only_that_is_written_by_spans(scheme):
    """Of all sequences of four labels those without a fault are those that some spans are written as."""
    names = names_of("ab", scheme)
    for labels in itertools.product(names, repeat=4):
        assert (fault(labels, scheme) is None) == (convert(labels, scheme) == list(labels)), labels


@pytest.mark.parametrize("scheme", LETTERS)
def test_random_spans_survive_every_scheme(scheme):
    rng = random.Random(0)
    for _ in range(200):
        labels = convert(some_labels(rng, rng.randrange(12), "bio"), scheme)
        for other in WRITTEN:
            if "io" not in (scheme, other):
                assert convert(convert(labels, other), scheme) == labels


@pytest.mark.parametrize("scheme", ["bio", "iob1", "bioes"])
def test_sequences_legal_or_not_are_read_as_seqeval_reads_them(scheme):
    entities = pytest.importorskip("seqeval.metrics.sequence_labeling").get_entities
    rng = random.Random(1)
    for _ in range(2000):
        labels = some_labels(rng, rng.randrange(1, 9), scheme)
        assert spans_of(labels) == [Span(first, last + 1, kind) for kind, first, last in entities(labels)], labels


def test_a_fault_is_named_with_its_place():
    assert fault(["O", "I-a"], "bio") == (1, "I-a cannot stand after O in the scheme bio")
    assert fault(["I-a"], "bio") == (0, "I-a cannot stand at the beginning in the scheme bio")
    assert fault(["B-b", "I-a"], "bio") == (1, "I-a cannot stand after B-b in the scheme bio")
    assert fault(["B-b", "I-b", "O"], "iob1") == (0, "B-b cannot stand at the beginning in the scheme iob1")
    assert fault(["O", "B-b"], "bioes") == (1, "B-b cannot stand at the end in the scheme bioes")
    assert fault(["B-b", "S-b"], "bioes") == (1, "S-b cannot stand after B-b in the scheme bioes")
    for label in ("E-a", "B", "B-", "-a", "b-a", "", "BI-a", "o"):
        place, what = fault(["O", label], "bio")
        assert place == 1 and repr(label) in what
    with pytest.raises(ValueError, match="did you mean 'bioes'"):
        fault(["O"], "bilous")


def test_an_order_is_made_of_what_may_follow():
    names = ("B-a", "O", "E-a", "I-a", "S-a")
    order = order_of(names, "bioes")
    assert order.first.tolist() == [True, True, False, False, True]
    assert order.last.tolist() == [False, True, True, False, True]
    for i, j in itertools.product(range(5), repeat=2):
        assert order.follows[i, j] == may_follow(names[i], names[j], "bioes")
    assert [names[j] for j in range(5) if order.follows[0, j]] == ["E-a", "I-a"]
    with pytest.raises(ValueError, match="'S-a' is no label of the scheme bio"):
        order_of(("O", "S-a"), "bio")
