"""Sums and maxima over sequences of labels, by enumeration of all of them."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.heads.chain import Chain, log_partition, marginals, negative_log_likelihood, score_of, viterbi

LABELS, TIME = 3, 5
COUNTS = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0], [0, 1, 0, 1, 1]], bool)
EVERY = jax.jit(
    lambda scores, chain, counts, labels: {
        "partition": log_partition(scores, chain, counts),
        "score": score_of(scores, chain, counts, labels),
        "loss": negative_log_likelihood(scores, chain, counts, labels),
        "marginals": marginals(scores, chain, counts),
        "best": viterbi(scores, chain, counts),
    }
)


def example(seed=0, spread=2.0):
    rng = np.random.default_rng(seed)
    chain = Chain(*(spread * rng.normal(size=shape) for shape in ((LABELS,), (LABELS, LABELS), (LABELS,))))
    scores = spread * rng.normal(size=(len(COUNTS), TIME, LABELS))
    return scores, chain, rng.integers(0, LABELS, COUNTS.shape)


def score(scores, chain, labels):
    """Of one sequence, by the definition."""
    if not len(labels):
        return 0.0
    moves = sum(chain.follows[a, b] for a, b in itertools.pairwise(labels))
    return chain.first[labels[0]] + scores[range(len(labels)), labels].sum() + moves + chain.last[labels[-1]]


def enumerated(scores, chain, counts, labels):
    """All that ``EVERY`` says of one row."""
    rows, given = scores[counts], labels[counts]
    every = [list(one) for one in itertools.product(range(LABELS), repeat=len(rows))]
    totals = np.array([score(rows, chain, one) for one in every])
    partition = np.log(np.exp(totals).sum())
    shares, likely, best = np.exp(totals - partition), np.zeros(scores.shape), np.zeros(len(counts), int)
    for share, one in zip(shares, every):
        likely[np.flatnonzero(counts), one] += share
    best[counts] = every[totals.argmax()]
    own = score(rows, chain, given)
    return {"partition": partition, "score": own, "loss": partition - own, "marginals": likely, "best": best}


@pytest.mark.parametrize("seed", [0, 1])
def test_all_that_is_said_of_a_chain_is_what_enumeration_says(seed, x64):
    scores, chain, labels = example(seed)
    found = EVERY(*jax.tree.map(jnp.asarray, (scores, chain, COUNTS, labels)))
    for row in range(len(COUNTS)):
        for name, expected in enumerated(scores[row], chain, COUNTS[row], labels[row]).items():
            np.testing.assert_allclose(found[name][row], expected, rtol=1e-10, atol=1e-10, err_msg=f"{name} of {row}")


def test_the_loss_has_the_slopes_of_enumeration(x64):
    scores, chain, labels = example()
    paths = jnp.asarray(list(itertools.product(range(LABELS), repeat=TIME)))

    def brute(scores, chain):
        def of(path):
            moves = chain.follows[path[:-1], path[1:]].sum()
            return chain.first[path[0]] + scores[jnp.arange(TIME), path].sum() + moves + chain.last[path[-1]]

        return jax.nn.logsumexp(jax.vmap(of)(paths)) - of(labels[0])

    def ours(scores, chain):
        return negative_log_likelihood(scores[None], chain, COUNTS[:1], labels[:1])[0]

    both = [jax.jit(jax.grad(loss, argnums=(0, 1)))(scores[0], chain) for loss in (ours, brute)]
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12), *both)


def test_what_does_not_count_changes_nothing():
    scores, chain, labels = example()
    clean = EVERY(*jax.tree.map(jnp.asarray, (scores.astype(np.float32), chain, COUNTS, labels)))
    spoiled = np.where(COUNTS[..., None], scores, np.nan).astype(np.float32)
    found = EVERY(*jax.tree.map(jnp.asarray, (spoiled, chain, COUNTS, np.where(COUNTS, labels, 2))))
    jax.tree.map(np.testing.assert_array_equal, found, clean)


def test_a_long_sequence_of_large_scores_loses_no_digits(x64):
    """3,000 steps in float32 against float64: sums of 1e5 whose difference is a few nats."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, LABELS, (1, 3000))
    scores = 30 * np.eye(LABELS)[labels] + 4 * rng.normal(size=(1, 3000, LABELS))
    _, chain, _ = example()
    loss, counts = jax.jit(negative_log_likelihood), jnp.ones((1, 3000), bool)

    def of(kind):
        return loss(*jax.tree.map(lambda leaf: jnp.asarray(leaf, kind), (scores, chain)), counts, labels)

    exact, rough = of(np.float64), of(np.float32)
    assert rough.dtype == np.float32 and float(exact[0]) > 0
    np.testing.assert_allclose(rough, exact, rtol=1e-2, atol=1e-3)


def test_what_cannot_be_is_not_found():
    """Of the sequences that a chain of zeros and −∞ allows, the best, whatever the scores."""
    rng = np.random.default_rng(0)
    allowed = rng.random((LABELS, LABELS)) < 0.6
    np.fill_diagonal(allowed, True)
    chain = Chain(np.array([0, 0, -np.inf]), np.where(allowed, 0, -np.inf), np.array([-np.inf, 0, 0]))
    scores, _, labels = example(spread=20)
    found = EVERY(*jax.tree.map(jnp.asarray, (scores, chain, COUNTS, labels)))["best"]
    for row in (0, 1, 4):
        rows = scores[row][COUNTS[row]]
        every = [list(one) for one in itertools.product(range(LABELS), repeat=len(rows))]
        totals = [score(rows, chain, one) for one in every]
        assert every[int(np.argmax(totals))] == found[row][COUNTS[row]].tolist()
        assert np.isfinite(max(totals))
