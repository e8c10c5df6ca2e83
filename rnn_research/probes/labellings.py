"""What a CTC network says frame by frame, and ways of reading a labelling out of it, compared on the same weights."""

from functools import partial
from typing import Any

import jax
import numpy as np

from rnn_research.data.line_files import line_errors
from rnn_research.decoding.labellings import best_path, prefix_beam
from rnn_research.exhibits import Images
from rnn_research.heads.ctc import frames
from rnn_research.models import Carry, Weights
from rnn_research.probes.base import Look, Probe, Subject, at_end
from rnn_research.probes.networks import compiled, network_of
from rnn_research.tasks.base import Batch, Findings, Row
from rnn_research.tasks.handwriting import READERS, caption, counted_texts

BEST_PATH = "best_path"


def labellings(beams: tuple[int, ...] = (4, 16), lines: int = 4) -> Probe:
    """The character error rate on the test lines by the best path and by prefix beam searches, after the last update.

    Row: ``error@best_path``; of every width B ``error@beam(B)``, and ``gain@beam(B)``, by how much that is lower.
    Exhibit: some lines with the probabilities of the labels and the blank under each.

    Args:
      beams: the widths.
      lines: how many are shown, the first of the test.

    Raises:
      ValueError: a width below 1, or no lines.
    """
    if lines < 1 or any(width < 1 for width in beams):
        raise ValueError(f"probe labellings needs lines and widths from 1 on, not {lines} and {beams}")

    def check(subject: Subject) -> None:
        network_of(subject, "labellings")
        if subject.task.target.head != "ctc" or not isinstance(subject.task.data.codec, READERS):
            raise ValueError(f"probe labellings is for handwriting, not for task {subject.config.task.name!r}")

    def make(subject: Subject) -> Look:
        check(subject)
        batches, first = (subject.task.data.held_out("test", n) for n in (subject.config.train.test_examples, lines))
        read = compiled(partial(_read, subject, beams, batches, first), subject)

        def look(weights: Weights) -> Findings:
            answers, of_first = jax.device_get(read(weights))
            codec = subject.task.data.codec
            written = counted_texts(batches.targets, batches.weights, codec.names)
            found = {name: counted_texts(one, batches.weights, codec.names) for name, one in answers.items()}
            rates = {name: line_errors(written, texts).sum() / sum(map(len, written)) for name, texts in found.items()}
            row: Row = {f"error@{name}": rate for name, rate in rates.items()}
            row |= {f"gain@{name}": rates[BEST_PATH] - rate for name, rate in rates.items() if name != BEST_PATH}
            return Findings({name: float(value) for name, value in row.items()}, (_shown(codec, first, *of_first),))

        return look

    return Probe(at_end, make, check)


def _read(subject: Subject, beams: tuple[int, ...], batches: Batch, first: Batch, weights: Weights) -> tuple[dict, Any]:
    """``(ids, lengths)`` of all batches, ``[batches, size, ...]``, by how they were found; of the batches ``first``
    those of the best path, and the logarithms of the probabilities, ``[batches, size, time, labels + 1]``."""
    most, delay = subject.task.target.time, dict(subject.task.target.options).get("delay", 0)

    def scored(batch: Batch) -> tuple[jax.Array, jax.Array]:
        features = subject.model.forward(weights.params, batch, Carry(None, weights.statistics)).features
        scores, valid = frames(weights.params["head"], features, batch, delay)
        return jax.nn.log_softmax(scores), valid

    def searched(batch: Batch) -> dict:
        scores, valid = scored(batch)
        found = {f"beam({width})": prefix_beam(scores, valid, most, width)[:2] for width in beams}
        return {BEST_PATH: best_path(scores, valid, most)} | found

    def shown(batch: Batch) -> tuple[Any, jax.Array]:
        scores, valid = scored(batch)
        return best_path(scores, valid, most), scores

    return jax.lax.map(searched, batches), jax.lax.map(shown, first)


def _shown(codec: Any, first: Batch, answers: Any, scores: np.ndarray) -> Images:
    written, found = (counted_texts(one, first.weights, codec.names) for one in (first.targets, answers))
    inputs, times, scores = (leaf[first.weights > 0] for leaf in (first.inputs, first.lengths, scores))
    return Images(
        name="frame_probabilities",
        title="Probabilities of the labels, frame by frame",
        values=[codec.picture(line[:time]) for line, time in zip(inputs, times, strict=True)],
        captions=[caption(*pair) for pair in zip(written, found, strict=True)],
        marked=[a != b for a, b in zip(written, found, strict=True)],
        below=[np.exp(of_line[:time]).T.tolist() for of_line, time in zip(scores, times, strict=True)],
        rows=(*codec.names, "blank"),
        caption="Of the first lines of the test, by length, after the last update: bright is 1, dark is 0.",
    )
