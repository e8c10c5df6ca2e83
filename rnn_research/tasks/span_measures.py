"""F1 of spans as a mean in two parts, so that it can be taken of every batch, and of every look (S22)."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.data.spans import OUTSIDE, boundaries, parts
from rnn_research.tasks.base import Batch, Mean, Terms
from rnn_research.tasks.measures import classified


def span_means(true_names: Sequence[str], names: Sequence[str]) -> Callable[[Terms, Batch], dict[str, Mean]]:
    """A task's measure: loss and accuracy of the labels, and ``span_f1``, over all spans of all types.

    With m true spans, n in the answers, and k in both, of the same tokens and type, ``F1 = 2 k / (m + n)``: sums of k
    and of m + n add up over batches. Spans are read as ``data.spans`` says. Learners must say their answers.

    Args:
      true_names: of the labels that mark the true spans: those in ``Batch.about``, an ``Origin``.
      names: of those of targets and answers.
    """
    true_spans, answered_spans = spans_by_place(true_names), spans_by_place(names)

    def measure(terms: Terms, batch: Batch) -> dict[str, Mean]:
        counts = batch.weights > 0
        labels = batch.about.about[:, : counts.shape[1]]  # a batch may be cut, but not what it is about
        true, answered = true_spans(labels, counts), answered_spans(terms.answers, counts)
        both = true.begins & answered.begins & (true.types == answered.types) & (true.ends == answered.ends)
        f1 = Mean(
            2 * jnp.sum(both, dtype=float), jnp.sum(true.begins, dtype=float) + jnp.sum(answered.begins, dtype=float)
        )
        return classified(terms, batch) | {"span_f1": f1}

    return measure


class Places(NamedTuple):
    """Of each place before a step, and that after the last, ``[batch, time + 1]``: whether a span ``begins`` there, a
    number of its type, and the next place after it at which one ``ends``."""

    begins: jax.Array
    types: jax.Array
    ends: jax.Array


def spans_by_place(names: Sequence[str]) -> Callable[[Any, Any], Places]:
    """``(ids, counts [batch, time]) -> Places``; steps that do not count are outside of all spans.

    Args:
      names: of the labels, all of whose types are in all lists of names that are compared.
    """
    every = [*names, OUTSIDE]
    begin, end = boundaries(every)
    types = np.unique([parts(name)[1] for name in every], return_inverse=True)[1]

    def places(ids: Any, counts: Any) -> Places:
        labels = jnp.pad(jnp.where(counts, ids, len(names)), ((0, 0), (1, 1)), constant_values=len(names))
        before, after = labels[:, :-1], labels[:, 1:]
        beyond = before.shape[1]
        place = jnp.where(jnp.asarray(end)[before, after], jnp.arange(beyond)[None], beyond)
        later = jnp.pad(place[:, 1:], ((0, 0), (0, 1)), constant_values=beyond)
        ends = jax.lax.cummin(later, axis=1, reverse=True)
        return Places(jnp.asarray(begin)[before, after], jnp.asarray(types)[after], ends)

    return places
