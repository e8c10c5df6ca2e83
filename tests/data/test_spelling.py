"""Spelling: a distribution over words."""

import itertools

import numpy as np

from rnn_research.data.encoding import ANY_CHARACTER
from rnn_research.data.spelling import spelling


def test_spelling_is_a_distribution_that_knows_its_words():
    known = ["house", "houses", "horse", "mouse", "дом"]
    nats = spelling(known)
    # Over the known characters, the end and the unknown one, one step at a time.
    letters = sorted(set("".join(known)))
    short = ["", *letters, *map("".join, itertools.product(letters, repeat=2))]
    total = np.exp(-nats(short)).sum()
    assert 0 < total < 1
    assert nats(["hous"])[0] < nats(["suoh"])[0] and nats(["mouses"])[0] < nats(["домses"])[0]
    assert nats(["ho日se"])[0] > nats(["hohse"])[0] + ANY_CHARACTER / 2
    np.testing.assert_allclose(nats(["house", "日"]), [nats(["house"])[0], nats(["日"])[0]])
    assert nats([]).shape == (0,)
    assert np.isfinite(spelling([])(["ab"])).all()
