"""The likeliest answers to many sources at once, found approximately by keeping the likeliest beginnings (S26)."""

from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp

from rnn_research.cells.base import State
from rnn_research.decoding.beam import IMPOSSIBLE


class NBest(NamedTuple):
    """Answers, best first.

    Attributes:
      ids: ``[rows, n, length]``; what stands past a length is not read.
      lengths: ``[rows, n]``, the token that ends an answer counted; that of the whole where none came in time; 0 where
        there is no such answer.
      scores: ``[rows, n]``, the sum of ``ln p`` of its tokens; −inf where there is none.
      weights: ``[rows, length, source]``, how much each token of the best one attends to each step of the source; None
        for a model without attention.
    """

    ids: Any
    lengths: Any
    scores: Any
    weights: Any = None


class Advance(Protocol):
    """One token further."""

    def __call__(self, state: State, ids: jax.Array) -> tuple[State, jax.Array, jax.Array | None]:
        """``(state, logits [rows, width, V], weights [rows, width, source] or None)`` after reading ``ids [rows,
        width]``; leaves of the state ``[rows, width, ...]``."""
        ...


class Rank(NamedTuple):
    """How answers are ranked: ``score / tokens ** length_penalty + coverage · Σ_i ln min(Σ_t a_ti, 1)``, with ``a_ti``
    the weight of step i of the source at token t (Wu et al. 2016, without their constant of the first). Which
    beginnings are kept is decided by scores alone.

    Attributes:
      length_penalty: 0 or more: above 0 long answers lose less by being long.
      coverage: 0 or more: above 0 what attends to none of some step loses.
      counts: which steps of the source count, bool ``[rows, source]``; read with ``coverage`` only.
    """

    length_penalty: float = 0.0
    coverage: float = 0.0
    counts: Any = None

    def __call__(self, scores: jax.Array, tokens: Any, attended: jax.Array | None) -> jax.Array:
        """``[rows, width]``."""
        found = scores / jnp.maximum(tokens, 1) ** self.length_penalty
        if not self.coverage:
            return found
        assert attended is not None
        of_steps = jnp.log(jnp.clip(attended, jnp.finfo(attended.dtype).tiny, 1))
        return found + self.coverage * jnp.where(self.counts[:, None], of_steps, 0).sum(axis=-1)


RAW = Rank()


class _Open(NamedTuple):
    """Beginnings; a score of −inf is none."""

    state: State
    last: jax.Array
    scores: jax.Array
    ids: jax.Array
    attended: jax.Array | None


class _Ended(NamedTuple):
    """Answers that ended, in the order in which they did; a score of −inf is none yet."""

    ids: jax.Array
    tokens: jax.Array
    scores: jax.Array
    ranks: jax.Array
    count: jax.Array


def n_best(
    advance: Advance,
    state: State,
    *,
    begin: int,
    end: int,
    length: int,
    width: int,
    count: int = 1,
    rank: Rank = RAW,
) -> NBest:
    """The ``count`` best answers of a beam search.

    At every step the ``width`` likeliest of all continuations are kept; those that end leave the beam, which is then
    narrower by as many (Sutskever et al. 2014). So a width of 1 is greedy, and one of as many answers as there are
    finds the best. A source is done when nothing open can come to the rank of the ``count`` best that ended, however it
    goes on; the loop ends when all are. Of equally likely continuations the one of the likelier beginning comes first,
    then the one of the lower id. What has not ended after ``length`` tokens comes after all that have.

    Args:
      advance: see there.
      state: before anything is written, leaves ``[rows, ...]``.
      begin: the id that is read first.
      end: the id that ends an answer, and is its last.
      length: tokens of the longest answer.
      width: beginnings that are kept.
      count: answers, ``width`` at most.
    """
    rows = jax.tree.leaves(state)[0].shape[0]
    state = jax.tree.map(lambda leaf: jnp.repeat(leaf[:, None], width, axis=1), state)
    first = jnp.full((rows, width), begin, jnp.int32)
    _, logits, weights = jax.eval_shape(advance, state, first)
    children = min(width, logits.shape[-1])
    ids = jnp.zeros((rows, width, length), jnp.int32)
    none = jnp.full((rows, width), -jnp.inf)
    attended = jnp.zeros((rows, width, weights.shape[-1])) if weights is not None and rank.coverage else None
    begun = _Open(state, first, jnp.where(jnp.arange(width)[None] == 0, 0.0, none), ids, attended)
    ended = _Ended(ids, jnp.zeros((rows, width), jnp.int32), none, none, jnp.zeros(rows, jnp.int32))

    def one_more(carry):
        t, opened, ended = carry
        opened = _extended(advance, opened, t, children, width - ended.count)
        opened, ended = _sorted_out(opened, ended, end, t + 1, rank)
        best_open = opened.scores.max(axis=-1) / length**rank.length_penalty
        settled = jnp.sort(ended.ranks, axis=-1)[:, width - count] >= best_open
        return t + 1, opened._replace(scores=jnp.where(settled[:, None], -jnp.inf, opened.scores)), ended

    def goes_on(carry):
        t, opened, _ = carry
        return (t < length) & (opened.scores > -jnp.inf).any()

    _, opened, ended = jax.lax.while_loop(goes_on, one_more, (jnp.int32(0), begun, ended))
    return _chosen(opened, ended, length, count, rank)


def _extended(advance: Advance, opened: _Open, t: jax.Array, children: int, free: jax.Array) -> _Open:
    """The likeliest continuations, as many as are ``free [rows]``."""
    width = opened.last.shape[1]
    state, logits, weights = advance(opened.state, opened.last)
    logits = logits.astype(jnp.float32)
    best, ids = jax.lax.top_k(logits, children)
    steps = jnp.maximum(best - jax.nn.logsumexp(logits, axis=-1, keepdims=True), IMPOSSIBLE)
    totals = (opened.scores[..., None] + steps).reshape(len(ids), -1)
    scores, chosen = jax.lax.top_k(totals, width)
    parents, last = chosen // children, jnp.take_along_axis(ids.reshape(len(ids), -1), chosen, axis=1)
    attended = None if opened.attended is None or weights is None else opened.attended + weights
    state, written, attended = jax.tree.map(
        lambda leaf: jax.vmap(lambda row, places: row[places])(leaf, parents), (state, opened.ids, attended)
    )
    scores = jnp.where(jnp.arange(width)[None] < free[:, None], scores, -jnp.inf)
    return _Open(state, last, scores, written.at[:, :, t].set(last), attended)


def _sorted_out(opened: _Open, ended: _Ended, end: int, tokens: jax.Array, rank: Rank) -> tuple[_Open, _Ended]:
    """Those that just ended go from the one to the other."""
    over = (opened.last == end) & (opened.scores > -jnp.inf)
    rows, width = over.shape
    # To which place of those that ended each goes. Taken by each place rather than put there: XLA's compiler for CPUs
    # (jax 0.10.2) dies of several scatters to the same places, which it makes one loop of.
    places = ended.count[:, None] + jnp.cumsum(over, axis=1) - 1
    goes = over[..., None] & (places[..., None] == jnp.arange(width)[None, None])
    filled, taken = goes.any(axis=1), goes.argmax(axis=1)

    def put(old: jax.Array, new: jax.Array) -> jax.Array:
        found = jax.vmap(lambda row, places: row[places])(new, taken)
        return jnp.where(filled.reshape(rows, width, *[1] * (old.ndim - 2)), found, old)

    ranks = rank(opened.scores, tokens, opened.attended)
    found = (opened.ids, jnp.broadcast_to(tokens, over.shape), opened.scores, ranks)
    ids, counts, scores, ranks = [put(*pair) for pair in zip(ended[:-1], found, strict=True)]
    still = opened._replace(scores=jnp.where(over, -jnp.inf, opened.scores))
    return still, _Ended(ids, counts, scores, ranks, ended.count + over.sum(axis=1))


def _chosen(opened: _Open, ended: _Ended, length: int, count: int, rank: Rank) -> NBest:
    """The best that ended, then the best of those that did not."""
    width = opened.scores.shape[1]
    unended = rank(opened.scores, length, opened.attended)
    orders = [jax.lax.top_k(ranks, width)[1] for ranks in (ended.ranks, unended)]
    places = jnp.concatenate([orders[0], width + orders[1]], axis=1)
    number = jnp.arange(count)[None]
    chosen = jnp.where(number < ended.count[:, None], number, width + number - ended.count[:, None])
    chosen = jnp.take_along_axis(places, chosen, axis=1)
    ids = jnp.take_along_axis(jnp.concatenate([ended.ids, opened.ids], axis=1), chosen[..., None], axis=1)
    tokens = jnp.concatenate([ended.tokens, jnp.full_like(ended.tokens, length)], axis=1)
    scores = jnp.take_along_axis(jnp.concatenate([ended.scores, opened.scores], axis=1), chosen, axis=1)
    lengths = jnp.where(scores > -jnp.inf, jnp.take_along_axis(tokens, chosen, axis=1), 0)
    return NBest(ids, lengths, jnp.where(scores <= IMPOSSIBLE / 2, -jnp.inf, scores))
