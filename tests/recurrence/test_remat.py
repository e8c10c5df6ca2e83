"""Rematerialisation: the same numbers with less kept."""

from functools import partial

import jax
import pytest

from rnn_research.cells import lstm
from rnn_research.recurrence import unroll
from tests.support.recurrence import CELLS, TIME, assert_close, both_directions, compiled, random_case, with_gradients


@both_directions
@pytest.mark.parametrize("name, remat_every", [("gru", 1), ("lstm", 2), ("elman", 4), ("elman", 6), ("elman", 9)])
def test_remat_changes_neither_values_nor_gradients(name, reverse, remat_every, x64):
    cell = CELLS[name]
    case = random_case(cell)

    def run(every, params, inputs, state, length):
        return unroll(cell, params, inputs, state, length=length, reverse=reverse, remat_every=every)

    remat, plain = (compiled(with_gradients(partial(run, every))) for every in (remat_every, 0))
    for length in (0, 5, TIME):
        assert_close(remat(*case, length), plain(*case, length))
    assert_close(unroll(cell, *case, reverse=reverse, remat_every=remat_every), plain(*case, TIME)[0])


def test_remat_keeps_less_for_the_backward_pass():
    cell = lstm(8)
    params, inputs, _ = random_case(cell, time=256)

    def kept(remat_every):
        _, backward = jax.vjp(lambda p: unroll(cell, p, inputs, remat_every=remat_every)[1], params)
        return sum(leaf.size for leaf in jax.tree.leaves(backward))

    assert kept(16) < kept(0) / 2
