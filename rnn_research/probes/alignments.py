"""What a decoder with attention looks back at as it writes (S27, C36): a matrix for each of some examples."""

from functools import partial
from typing import Any

import jax
import numpy as np

from rnn_research.exhibits import Matrix
from rnn_research.models import Carry, Weights, network
from rnn_research.probes.base import Look, Probe, Subject, at_end
from rnn_research.probes.networks import compiled, network_of
from rnn_research.tasks.base import Batch, Findings

BLANK = "␣"


def alignments(examples: int = 3) -> Probe:
    """The attention of the answers to the first test examples with a source of the median length or longer, after the
    last update.

    Row: ``attention_entropy``, in nats, the mean over their tokens: 0 where each looks at one step of the source alone,
    ``ln n`` where it looks at n steps alike. Exhibits: ``alignment_1``, …, a row for each token of the answer, with
    ``<EOS>``, and a column for each of the source.

    Args:
      examples: how many.

    Raises:
      ValueError: none.
    """
    if examples < 1:
        raise ValueError(f"probe alignments needs examples, not {examples}")

    def check(subject: Subject) -> None:
        network_of(subject, "alignments")
        if subject.task.target.head != "decoder":
            raise ValueError(f"probe alignments is for a decoder, not for task {subject.config.task.name!r}")
        if subject.config.model.attention == "none":
            raise ValueError("probe alignments is for a model with attention, not for model.attention=none")

    def make(subject: Subject) -> Look:
        check(subject)
        batch = first_of_test(subject, examples)
        answer = compiled(partial(answered, subject, batch), subject)

        def look(weights: Weights) -> Findings:
            found = jax.device_get(answer(weights))
            shown = [picture(subject, batch, found, row) for row in range(len(batch.lengths))]
            nats = [entropy(np.array(matrix.values)) for matrix in shown]
            return Findings({"attention_entropy": float(np.concatenate(nats).mean())}, tuple(shown))

        return look

    return Probe(at_end, make, check)


def first_of_test(subject: Subject, count: int) -> Batch:
    """The first examples of the test split, in the order of its file, whose sources are no shorter than the median.

    Raises:
      ValueError: there is none.
    """
    data = subject.task.data
    batches = data.held_out("test", subject.config.train.test_examples)
    rows = jax.tree.map(lambda leaf: np.asarray(leaf).reshape(-1, *leaf.shape[2:]), batches)
    place = np.asarray(data.place(batches)).reshape(-1) if data.place else np.arange(len(rows.lengths))
    counted = np.flatnonzero((rows.weights > 0).any(axis=1) & (rows.lengths > 0))
    counted = counted[rows.lengths[counted] >= np.median(rows.lengths[counted])] if len(counted) else counted
    if not len(counted):
        raise ValueError("probe alignments: the test split has no source with a token")
    chosen = counted[np.argsort(place[counted], kind="stable")][:count]
    return jax.tree.map(lambda leaf: leaf[chosen], rows)


def answered(subject: Subject, batch: Batch, weights: Weights) -> Any:
    """The best answers with their attention, an ``NBest``, found as the task's target says."""
    task = subject.task
    target = task.target._replace(options=tuple((dict(task.target.options) | {"n_best": 1}).items()))
    model = network(subject.config.model, task.inputs, target)
    return model.answer(weights.params, batch, Carry(None, weights.statistics))[0]


def picture(subject: Subject, batch: Batch, found: Any, row: int) -> Matrix:
    """The weights of an answer: of its tokens, the rows, and of the source's, the columns."""
    codec = subject.task.data.codec
    length, source = int(found.lengths[row, 0]), int(batch.lengths[row])
    names = [subject.task.target.names[token] for token in found.ids[row, 0, :length]]
    read = [codec.source.names[token] for token in batch.inputs[row, :source]]
    return Matrix(
        f"alignment_{row + 1}",
        f"What the answer to test example {row + 1} looks back at",
        found.weights[row, :length, :source].tolist(),
        tuple(map(shown, names)),
        tuple(map(shown, read)),
        xlabel="source",
        ylabel="answer",
        zlabel="attention",
        caption="Rows are the tokens of the first run's answer; runs whose answers are of another length are left out.",
    )


def shown(name: str) -> str:
    """A token as it is told apart from nothing."""
    return name if name.strip() else BLANK * max(len(name), 1)


def entropy(weights: np.ndarray) -> np.ndarray:
    """``−Σ a ln a`` of every row of ``[tokens, source]``."""
    return -np.sum(np.where(weights > 0, weights * np.log(np.maximum(weights, np.finfo(float).tiny)), 0), axis=1)
