"""An n-gram model as a choice that a configuration can name (S01)."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from rnn_research.lookup import lookup
from rnn_research.ngrams.counts import Counts, count
from rnn_research.ngrams.smoothing import NGramModel, add_k, kneser_ney, maximum_likelihood

BLOCK = 1000  # tokens that are left out together


class NGram(NamedTuple):
    """What n-gram model: n = ``order``, a name in ``SMOOTHINGS``, the ``k`` of ``add_k``, and the share of the text
    that is left out, in blocks of ``BLOCK`` tokens drawn by the seed."""

    order: int
    smoothing: str
    k: float
    leave_out: float


def ngram(order: int = 5, smoothing: str = "kneser_ney", k: float = 1.0, leave_out: float = 0.0) -> NGram:
    """The options of an n-gram model, checked.

    Raises:
      ValueError: another smoothing, an order below 1, ``k`` not above 0, ``leave_out`` outside [0, 1).
    """
    lookup(SMOOTHINGS, smoothing, "smoothing")
    if order < 1:
        raise ValueError(f"order must be at least 1, not {order}")
    if not k > 0:
        raise ValueError(f"k must be more than 0, not {k}")
    if not 0 <= leave_out < 1:
        raise ValueError(f"leave_out must be in [0, 1), not {leave_out}")
    return NGram(order, smoothing, k, leave_out)


def kept_documents(spec: NGram, documents: Sequence[np.ndarray], seed: int = 0) -> list[np.ndarray]:
    """What is counted of documents of ids, ``[length]`` each: all but what is left out."""
    if not spec.leave_out:
        return list(documents)
    return _without_blocks(documents, spec.leave_out, np.random.default_rng(seed))


def fit(spec: NGram, documents: Sequence[np.ndarray], vocabulary_size: int) -> NGramModel:
    """Count documents of ids, ``[length]`` each, and smooth."""
    return SMOOTHINGS[spec.smoothing](count(list(documents), spec.order, vocabulary_size), spec.k)


def _without_blocks(documents: Sequence[np.ndarray], share: float, rng: np.random.Generator) -> list[np.ndarray]:
    """Documents cut into blocks, ``share`` of them dropped; what is left on both sides of a gap are two documents."""
    kept: list[np.ndarray] = []
    for document in documents:
        starts = np.arange(0, len(document), BLOCK)
        keep = rng.random(len(starts)) >= share
        runs = np.flatnonzero(np.diff(np.concatenate([[0], keep, [0]])))
        kept += [document[first * BLOCK : last * BLOCK] for first, last in runs.reshape(-1, 2)]
    return kept or [documents[0]]


SMOOTHINGS: dict[str, Callable[[Counts, float], NGramModel]] = {
    "none": lambda counts, k: maximum_likelihood(counts),
    "add_k": add_k,
    "kneser_ney": lambda counts, k: kneser_ney(counts),
}
