"""Beam search over sources: against all answers counted out, greedy steps, and every source by itself."""

import itertools
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import log_softmax

from rnn_research.decoding.n_best import Rank, n_best

TOKENS, LENGTH, SOURCE, ROWS = 3, 4, 3, 4  # 0 ends an answer; what is read first is the id TOKENS
ALL = [
    (*body, 0) for length in range(LENGTH) for body in itertools.product(range(1, TOKENS), repeat=length)
]  # every answer that ends in time
WIDE = 40  # more than there are beginnings


def tables(seed=0):
    """A model whose next token depends on the row, on how many came before and on the last; and what it attends to."""
    draw = np.random.default_rng(seed)
    return (
        draw.normal(size=(ROWS, LENGTH, TOKENS + 1, TOKENS)).astype(np.float32) * 1.5,
        draw.dirichlet(np.ones(SOURCE), size=(ROWS, LENGTH, TOKENS + 1)).astype(np.float32),
    )


def advance(state, ids):
    (logits, weights), t = state
    rows, width = jnp.arange(len(ids))[:, None], jnp.arange(ids.shape[1])[None]
    at = rows, width, t, ids
    return ((logits, weights), t + 1), logits[at], weights[at]


@partial(jax.jit, static_argnames=("width", "count", "rank"))
def searched(found, counts, width, count=1, rank=(0.0, 0.0)):
    state = found, jnp.zeros(len(found[0]), jnp.int32)
    options = {"begin": TOKENS, "end": 0, "length": LENGTH, "width": width, "count": count}
    return n_best(advance, state, **options, rank=Rank(*rank, counts))


def found_of(seed=0, rows=slice(None), **options):
    counts = np.arange(SOURCE) < np.array([3, 2, 3, 1])[:, None]
    found = jax.tree.map(lambda leaf: leaf[rows], (tables(seed), counts))
    return jax.tree.map(np.asarray, searched(*found, **options))


def told(logits, weights, counts, answer, rank):
    """Score and rank of an answer, in double precision."""
    before, score, attended = TOKENS, 0.0, np.zeros(SOURCE)
    for t, token in enumerate(answer):
        score += log_softmax(logits[t, before].astype(float))[token]
        attended += weights[t, before]
        before = token
    covered = np.log(np.minimum(attended, 1))[counts].sum()
    return score, score / len(answer) ** rank[0] + rank[1] * covered


@pytest.mark.parametrize("rank", [(0.0, 0.0), (1.0, 0.0), (0.6, 0.4)])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_wide_beam_finds_the_best_of_all_answers(seed, rank):
    logits, weights = tables(seed)
    found = found_of(seed, width=WIDE, count=3, rank=rank)
    for row in range(ROWS):
        counts = np.arange(SOURCE) < [3, 2, 3, 1][row]
        scored = {answer: told(logits[row], weights[row], counts, answer, rank) for answer in ALL}
        best = sorted(ALL, key=lambda answer: -scored[answer][1])[:3]
        for place, answer in enumerate(best):
            length = found.lengths[row, place]
            assert tuple(found.ids[row, place, :length]) == answer
            assert found.scores[row, place] == pytest.approx(scored[answer][0], abs=1e-4)


def test_a_beam_of_one_is_greedy():
    logits, _ = tables()
    found = found_of(width=1)
    for row in range(ROWS):
        before, answer = TOKENS, []
        for t in range(LENGTH):
            before = int(logits[row, t, before].argmax())
            answer.append(before)
            if before == 0:
                break
        assert tuple(found.ids[row, 0, : found.lengths[row, 0]]) == tuple(answer)


@pytest.mark.parametrize("width", [2, 3])
def test_a_wider_beam_never_scores_worse_here_and_sources_do_not_meet(width):
    whole, greedy = found_of(width=width), found_of(width=1)
    alone = [found_of(rows=slice(row, row + 1), width=width) for row in range(ROWS)]
    joined = jax.tree.map(lambda *leaves: np.concatenate(leaves), *alone)
    assert jax.tree.all(jax.tree.map(np.array_equal, whole, joined))
    assert (whole.scores[:, 0] >= greedy.scores[:, 0] - 1e-6).all()


def test_what_does_not_end_in_time_comes_last_and_answers_that_are_not_there_score_nothing():
    never = tables()[0].copy()
    never[..., 0] = -60
    never[1, :, :, 1:] = -np.inf  # of the second source nothing but the end is possible
    found = searched((never, tables()[1]), np.ones((ROWS, SOURCE), bool), width=2, count=2)
    lengths, scores = np.asarray(found.lengths), np.asarray(found.scores)
    assert lengths[0].tolist() == [LENGTH, LENGTH] and lengths[1, 0] == 1
    assert scores[0, 0] > scores[0, 1] > -60 and scores[1].tolist() == [0.0, -np.inf]


def test_length_penalty_makes_answers_longer():
    plain, long = found_of(1, width=WIDE), found_of(1, width=WIDE, rank=(2.0, 0.0))
    assert (long.lengths >= plain.lengths).all() and long.lengths.sum() > plain.lengths.sum()


@pytest.mark.as_users
@pytest.mark.parametrize("width", [1, 3])
def test_the_search_compiles_as_users_compile_it(width):
    """Not so hastily that loops stay apart: XLA's compiler died of the one that it made of several scatters."""
    logits = np.random.default_rng(0).normal(size=(8, 8)).astype(np.float32)

    @jax.jit
    def search(logits):
        def advance(state, ids):
            return state, logits[ids], None

        return n_best(advance, jnp.zeros(ROWS), begin=7, end=0, length=9, width=width)

    found, greedy = search(logits), 7
    for token in np.asarray(found.ids)[0, 0, : int(found.lengths[0, 0])] if width == 1 else ():
        greedy = logits[greedy].argmax()
        assert token == greedy
    assert np.isfinite(found.scores).all()
