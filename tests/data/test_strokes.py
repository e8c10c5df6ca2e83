"""Drawings as moves of a pen, there and back."""

import numpy as np

from rnn_research.data.strokes import DOWN, LIFTED, OVER, Move, drawn, moves


def test_strokes_come_back_from_moves_but_for_where_they_begin():
    rng = np.random.default_rng(0)
    for lengths in ((5,), (2, 3), (4, 1, 2), (3, 1, 1)):
        points = rng.normal(size=(sum(lengths), 2))
        move = moves(points, np.repeat(np.arange(len(lengths)), lengths))
        found = drawn(move)
        assert [len(stroke) for stroke in found] == list(lengths)
        np.testing.assert_allclose(np.concatenate(found), points - points[0])
        assert (move.pen == OVER).sum() == 1 and move.pen[-1] == OVER
        assert (move.pen == LIFTED).sum() == len(lengths) - 1


def test_what_follows_the_end_is_not_drawn_and_what_has_none_is_drawn_whole():
    offset = np.ones((4, 2))
    ended = drawn(Move(offset, np.array([DOWN, OVER, LIFTED, OVER])))
    assert [stroke.tolist() for stroke in ended] == [[[0, 0], [1, 1], [2, 2]]]
    endless = drawn(Move(offset, np.array([DOWN, LIFTED, DOWN, DOWN])))
    assert [len(stroke) for stroke in endless] == [3, 2]
    lifted_last = drawn(Move(offset[:2], np.array([DOWN, LIFTED])))
    assert [len(stroke) for stroke in lifted_last] == [3]
