"""Batches of like lengths: sequences sorted into buckets by length, so that little of a batch is padding.

The batch of an update comes from one bucket. Which one depends on the number of the update alone, so that trials that
run side by side are in the same one; which sequences of it, on the trial's key too. Resuming needs one integer.

Sequences that are drawn anew for every update are in no bucket: those of some updates are drawn together, sorted by
length and shared out (``share_out``).
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.data import batching

PERIOD = 2048  # updates after which the buckets take the same turns again
TOGETHER = 16  # updates whose sequences are drawn together
STRIDE = 7  # from one share to the next: short ones and long ones take turns


class Buckets(NamedTuple):
    """Sequences in buckets, and how these take turns.

    Attributes:
      times: the longest sequence of each bucket, ascending.
      order: the numbers of the sequences, sorted by length.
      first: where in that order each bucket begins, and the end, ``[buckets + 1]``.
      turns: the bucket of each update of a period ``[PERIOD]``, as often as its share of the sequences asks for.
      before: how many updates before it in the period had the same bucket ``[PERIOD]``.
      uses: updates of a period in each bucket.
    """

    times: tuple[int, ...]
    order: np.ndarray
    first: np.ndarray
    turns: np.ndarray
    before: np.ndarray
    uses: np.ndarray

    @property
    def mean_time(self) -> float:
        """Steps of the average batch."""
        return float(np.mean(np.array(self.times)[self.turns]))


def make_buckets(lengths: np.ndarray, count: int, least: int = 64) -> Buckets:
    """At most ``count`` buckets of at least ``least`` sequences each (one of all, if there are fewer), of the least
    padding that such buckets can have.

    Args:
      lengths: steps of each sequence ``[n]``.

    Raises:
      ValueError: no sequences, or no buckets.
    """
    lengths = np.asarray(lengths)
    if count < 1 or not len(lengths):
        raise ValueError(f"{len(lengths)} sequences cannot be put in {count} buckets")
    times = cut_points(lengths, count, least)
    first = np.concatenate([[0], np.searchsorted(np.sort(lengths), times, side="right")])
    sizes = np.diff(first)
    uses = _in_proportion(sizes, PERIOD)
    turns, before = _spread(uses)
    return Buckets(times, np.argsort(lengths, kind="stable"), first, turns, before, uses)


def cut_points(lengths: np.ndarray, count: int, least: int = 1) -> tuple[int, ...]:
    """The longest sequence of each bucket, ascending, such that the sum over all sequences of the steps that they are
    padded to is least.

    By dynamic programming: the least sum for the sequences up to a length in b buckets is that of those up to a shorter
    one in b − 1 buckets, and those between padded to the length.
    """
    values, of_value = np.unique(lengths, return_counts=True)
    upto = np.concatenate([[0], np.cumsum(of_value)])  # sequences of the first i lengths
    held = upto[None, 1:] - upto[:-1, None]  # [from, to] in a bucket of the lengths from i to j
    padded = np.where(held >= min(least, len(lengths)), held * values[None], np.inf)
    sums, ways = padded[0], [np.zeros(len(values), int)]
    best, cuts = sums[-1], 1
    every = [sums]
    for buckets in range(2, count + 1):
        earlier = np.concatenate([[np.inf], every[-1][:-1]])
        totals = earlier[:, None] + padded
        ways.append(totals.argmin(axis=0))
        every.append(totals.min(axis=0))
        if every[-1][-1] < best:
            best, cuts = every[-1][-1], buckets
    found, last = [], len(values) - 1
    for way in ways[:cuts][::-1]:
        found.append(int(values[last]))
        last = way[last] - 1
    return tuple(found[::-1])


def draw(buckets: Buckets, key: jax.Array, step: jax.Array, size: int) -> jax.Array:
    """Places in ``order`` of the sequences of an update ``[size]``; each bucket is walked through in an order that
    depends on the key, epoch after epoch.

    Args:
      key: the trial's key for batches.
      step: updates made before.
      size: sequences in a batch.
    """
    period, place = step // PERIOD, step % PERIOD
    bucket = jnp.asarray(buckets.turns)[place]
    earlier = period * jnp.asarray(buckets.uses)[bucket] + jnp.asarray(buckets.before)[place]
    first = jnp.asarray(buckets.first)
    position = earlier * size + jnp.arange(size)
    within = batching.shuffled(position, first[bucket + 1] - first[bucket], jax.random.fold_in(key, bucket))
    return first[bucket] + within


def by_length(lengths: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The first ``count`` sequences (fewer where there are fewer) sorted into batches by length: their numbers, and
    weights, 0 for those that fill up the last batch; both ``[batches, size]``."""
    count = min(count, len(lengths))
    batches = -(-count // batching.LARGEST)
    size = -(-count // batches)
    place = np.arange(batches * size).reshape(batches, size)
    order = np.argsort(lengths[:count], kind="stable")
    return order[np.minimum(place, count - 1)], (place < count).astype(np.float32)


def share_out(lengths: jax.Array, step: jax.Array) -> jax.Array:
    """Which of the sequences that are drawn together for ``TOGETHER`` updates one of them gets ``[size]``: all get as
    many, of like lengths, and every sequence is in one. Whether these are shorter or longer ones depends on the number
    of the update alone.

    Args:
      lengths: steps of each sequence ``[TOGETHER · size]``, the same for all updates of one ``step // TOGETHER``.
      step: updates made before.
    """
    size = len(lengths) // TOGETHER
    share = step % TOGETHER * STRIDE % TOGETHER
    return jax.lax.dynamic_slice_in_dim(jnp.argsort(lengths), share * size, size)


def cuts_of_shares(lengths: np.ndarray, count: int, size: int) -> tuple[tuple[int, ...], float]:
    """``(times, mean_time)`` as in ``Data``: the ``count`` cuts of the least padding for what ``share_out`` gives of a
    sample of lengths ``[n · TOGETHER · size]``, in batches of ``size``."""
    ordered = np.sort(lengths.reshape(-1, TOGETHER * size), axis=1)
    longest = ordered[:, size - 1 :: size].ravel()
    times = cut_points(longest, count)
    return times, float(np.mean(np.array(times)[np.searchsorted(times, longest)]))


def _in_proportion(sizes: np.ndarray, total: int) -> np.ndarray:
    """Whole numbers of a sum, in proportion to sizes, none below 1: by the largest remainders."""
    exact = sizes * (total / sizes.sum())
    found = np.maximum(np.floor(exact), 1).astype(np.int32)
    missing = total - int(found.sum())
    where = np.argsort(found - exact, kind="stable")[:missing] if missing > 0 else np.full(-missing, found.argmax())
    np.add.at(found, where, np.sign(missing))
    return found


def _spread(uses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each bucket as many times as it is used, evenly over the period; and how many times it was used before."""
    bucket = np.repeat(np.arange(len(uses), dtype=np.int32), uses)
    before = np.concatenate([np.arange(use, dtype=np.int32) for use in uses])
    order = np.argsort((before + 0.5) / uses[bucket], kind="stable")
    return bucket[order], before[order]
