"""How well a trained decoder answers by the width of its search, and how likely its answers are (S26, C37)."""

from functools import partial

import jax
import numpy as np

from rnn_research.data.pairs import END
from rnn_research.decoding.n_best import NBest, Rank
from rnn_research.exhibits import Curve
from rnn_research.models import Carry, Weights, network
from rnn_research.probes.base import Look, Probe, Subject, at_end
from rnn_research.probes.networks import compiled, network_of
from rnn_research.tasks.base import Batch, Findings, Labelling, Row, Seen

RANKS = {"beam": Rank(), "per_token": Rank(length_penalty=1.0)}


def beams(widths: tuple[int, ...] = (1, 2, 5, 16, 64)) -> Probe:
    """The answers to the test split by searches of several widths, after the last update: of each the one with the
    highest score, and the one with the highest score per token.

    A search goes on until as many answers have ended as it is wide; so the best of them by any rank is the one that
    ``Target.options`` with that rank and width would find.

    Row, for every width B: ``exact_match@beam(B)`` and what else is the task's metric; of the answers
    ``log_probability@beam(B)``, in nats, and ``tokens@beam(B)``, the mean of each. Of those with the highest score per
    token the same ``@per_token(B)``. Exhibits: the metric, by both, and the log-probability against the width.

    Args:
      widths: one or more; 1: greedily.

    Raises:
      ValueError: no widths, one below 1, or one twice.
    """
    if not widths or min(widths) < 1 or len(set(widths)) < len(widths):
        raise ValueError(f"probe beams needs different widths from 1 on, not {widths}")

    def check(subject: Subject) -> None:
        network_of(subject, "beams")
        if subject.task.target.head != "decoder" or subject.task.score is None:
            raise ValueError(f"probe beams is for a decoder, not for task {subject.config.task.name!r}")

    def make(subject: Subject) -> Look:
        check(subject)
        batches = subject.task.data.held_out("test", subject.config.train.test_examples)
        search = {width: compiled(partial(searched, subject, width, batches), subject) for width in widths}

        def look(weights: Weights) -> Findings:
            row: Row = {}
            for width in widths:
                found = jax.device_get(search[width](weights))
                for name, rank in RANKS.items():
                    said = scores_of(subject, batches, *best(found, rank))
                    row |= {f"{what}@{name}({width})": value for what, value in said.items()}
            return Findings(row, curves(subject.task.goal.metric, row, widths))

        return look

    return Probe(at_end, make, check)


def searched(subject: Subject, width: int, batches: Batch, weights: Weights) -> NBest:
    """As many answers to every source as the search is wide, leaves ``[batches, size, width, ...]``."""
    task = subject.task
    options = tuple((dict(task.target.options) | {"beam": width, "n_best": width}).items())
    model = network(subject.config.model, task.inputs, task.target._replace(options=options))

    def one(batch: Batch) -> NBest:
        return model.answer(weights.params, batch, Carry(None, weights.statistics))[0]._replace(weights=None)

    return jax.lax.map(one, batches._replace(targets=None, about=None))


def best(found: NBest, rank: Rank) -> tuple[Labelling, np.ndarray]:
    """The answers that come first by a rank, those that ended before others, and their scores ``[batches, size]``."""
    last = np.take_along_axis(found.ids, np.maximum(found.lengths - 1, 0)[..., None], axis=-1)[..., 0]
    ended = (last == END) & np.isfinite(found.scores)
    ranks = np.asarray(rank(found.scores, found.lengths, None))
    ranks = np.where(ended | ~ended.any(axis=-1, keepdims=True), ranks, -np.inf)
    first = ranks.argmax(axis=-1)[..., None]
    ids = np.take_along_axis(found.ids, first[..., None], axis=-2)[..., 0, :]
    lengths, scores = (np.take_along_axis(leaf, first, axis=-1)[..., 0] for leaf in (found.lengths, found.scores))
    return Labelling(ids, lengths), scores


def scores_of(subject: Subject, batches: Batch, answers: Labelling, scores: np.ndarray) -> Row:
    """The task's metric of the answers, their log-probability and their tokens."""
    score = subject.task.score
    assert score is not None
    # The losses are asked for by curves that are not shown here.
    seen = Seen({}, lambda: answers, batches, losses=lambda: np.zeros(batches.weights.shape))
    numbers = score({"test": seen}).numbers
    counted = (batches.weights > 0).any(axis=-1)
    return {name: numbers[name] for name in dict.fromkeys(("exact_match", subject.task.goal.metric))} | {
        "log_probability": float(scores[counted].mean()),
        "tokens": float(answers.lengths[counted].mean()),
    }


def curves(metric: str, row: Row, widths: tuple[int, ...]) -> tuple[Curve, ...]:
    """What is drawn against the width."""
    shown = metric.replace("_", " ")

    def against_width(what: str, name: str, title: str, ylabel: str) -> Curve:
        values = [float(row[f"{what}@{name}({width})"]) for width in widths]
        return Curve(f"{what}_by_width_{name}", title, values, x=widths, xlabel="width of the search", ylabel=ylabel)

    return (
        against_width(metric, "beam", f"{shown} by the width of the search", shown),
        against_width(metric, "per_token", f"{shown} by the width, by the score per token", shown),
        against_width("log_probability", "beam", "ln p of the answers by the width of the search", "nats an answer"),
    )
