"""Counts of n-grams against plain dictionaries."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_research.ngrams import count, ngrams, unseen_share
from tests.support.ngrams import plain_ngrams, text_of


def as_dictionary(counts, m):
    rows = [tuple(row) for row in ngrams(counts, m).tolist()]
    return dict(zip(rows, counts.counts[m - 1].tolist(), strict=True))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=12), min_size=1, max_size=4),
    st.integers(1, 5),
    st.sampled_from([1, 2**40 // 3]),
)
def test_counts_are_those_of_a_dictionary(documents, order, spread):
    """With ids 2^40/3 apart, vocabulary_size ** order is far beyond 64 bits."""
    documents = [[spread * token for token in document] for document in documents]
    size = 3 * spread + 1
    counts = count(documents, order, size)
    assert counts.order == order
    for m in range(1, order + 1):
        assert as_dictionary(counts, m) == Counter(plain_ngrams(documents, m, order, size))
        assert np.all(np.diff(counts.keys[m - 1]) > 0)


def test_one_document_in_a_list_is_that_text():
    text = text_of(50, 4)
    for same in (text.tolist(), [text], (text.tolist(),), text.astype(np.uint8)):
        for a, b in zip(count(same, 3, 4).keys, count(text, 3, 4).keys, strict=True):
            np.testing.assert_array_equal(a, b)


def test_unseen_share_is_that_of_a_dictionary():
    train, held_out = [text_of(300, 9), text_of(5, 9, 1)], [text_of(80, 9, 2), text_of(2, 9, 3)]
    shares = []
    for m in range(1, 5):
        seen = set(plain_ngrams(train, m, 4, 9))
        shares.append(np.mean([gram not in seen for gram in plain_ngrams(held_out, m, 4, 9)]))
    found = unseen_share(count(train, 4, 9), held_out)
    np.testing.assert_allclose(found, shares)
    assert found[0] < found[-1] < 1
    np.testing.assert_array_equal(unseen_share(count(train, 4, 9), train), 0)


@pytest.mark.parametrize(
    "tokens, order, size, message",
    [
        ([0], 0, 2, "order must be at least 1, not 0"),
        ([0], 1, 0, "vocabulary_size must be at least 1, not 0"),
        ([], 1, 2, "the text is empty"),
        ([[0], []], 1, 2, "the text of document 1 is empty"),
        ([0, 1, 5, 7], 1, 5, "id 5 at position 2 is outside the vocabulary, 0 to 4"),
        ([0, -1], 1, 5, "id -1 at position 1 is outside"),
        ([[0], [1, 9]], 1, 5, "id 9 at position 1 of document 1 is outside"),
        ([0.5], 1, 5, "tokens must be integers, not float64"),
        (np.zeros((2, 3), int), 1, 5, r"tokens must be one-dimensional, not shape \(2, 3\)"),
        ([0, 0, 0], 1, 2**61, "do not fit in 64-bit keys"),
    ],
)
def test_count_refuses(tokens, order, size, message):
    with pytest.raises(ValueError, match=message) as raised:
        count(tokens, order, size)
    assert "\n" not in str(raised.value)


def test_the_others_refuse():
    counts = count([0, 1, 2], 2, 3)
    with pytest.raises(ValueError, match="id 4 at position 0 is outside"):
        unseen_share(counts, [4])
    with pytest.raises(ValueError, match="order must be 1 to 2, not 3"):
        ngrams(counts, 3)
