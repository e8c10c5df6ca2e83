"""A file labelled by a trained model, in batches of like lengths."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

import jax
import numpy as np

from rnn_research.data.codec import LABELLERS_OF_CLASSES, Labeller
from rnn_research.data.pair_labeller import PairLabeller
from rnn_research.execution.trained import TrainedTrial
from rnn_research.tasks.base import Batch

ROWS = 64  # examples of a batch
STEPS = 200_000  # of all rows of a batch; longer ones have fewer rows, down to one
SHORTEST = 8  # steps of one; from there on they double, so that few programs are compiled


def label(
    trial: TrainedTrial,
    data: bytes,
    name: str,
    told: Callable[[str], None] = lambda said: None,
    probabilities: bool = False,
) -> bytes:
    """A file with the labels that a trained trial gives its examples, in the format and in the order of the file.

    Args:
      data: what the file holds.
      name: what to call it.
      told: is told how many examples there are, before they are labelled; and after that what a codec of pairs remarks,
        and how the labels agree with those of the file, if it has any.
      probabilities: of the classes, beside the labels.

    Raises:
      ValueError: a trial whose task reads no files, or that does not say probabilities that are asked for; a file that
        it cannot read, one without examples.
    """
    labeller, model = trial.codec, trial.model
    if probabilities and (model.probabilities is None or not isinstance(labeller, LABELLERS_OF_CLASSES)):
        raise ValueError(
            f"trial {trial.id} says no probabilities, as networks do of the classes of texts and of pen digits, and "
            "bag_of_ngrams of those of texts"
        )
    examples, found = answered(trial, data, name, told)
    for measure, value in labeller.agreement(examples, found).items():
        told(f"by the labels of {name}: {measure} {value:.4g}")
    if probabilities and model.probabilities:
        return labeller.write(examples, found, answers(model.probabilities, labeller, examples))
    return labeller.write(examples, found)


def answered(
    trial: TrainedTrial, data: bytes, name: str, told: Callable[[str], None] = lambda said: None
) -> tuple[list[Any], list[Any]]:
    """The examples of a file, and what a trained trial answers to them; see ``label``."""
    labeller, examples = trial.codec, read_examples(trial, data, name, told)
    found = answers(trial.model.answer, labeller, examples)
    for remark in labeller.remarks(examples, found) if isinstance(labeller, PairLabeller) else ():
        told(remark)
    return examples, found


def read_examples(trial: TrainedTrial, data: bytes, name: str, told: Callable[[str], None]) -> list[Any]:
    """The examples of a file; see ``label``."""
    if not isinstance(trial.codec, Labeller):
        raise ValueError(f"trial {trial.id} labels no files: its task is {trial.config.task.name}")
    examples = trial.codec.read(data, name)
    if not examples:
        raise ValueError(f"{name} holds nothing to label")
    told(f"{len(examples)} example{'' if len(examples) == 1 else 's'}")
    return examples


def answers(
    answer: Callable[[Batch], Any],
    labeller: Labeller,
    examples: Sequence[Any],
    targets: Callable[[Sequence[Any]], tuple[Any, Any]] = lambda rows: (None, None),
) -> list[Any]:
    """What a model answers to each of the examples, one or more; leaves ``[...]``, NumPy, each as long as the batch was
    that it comes from: side by side, all would be as long as the longest.

    Args:
      answer: of a batch, as ``Trained`` has them.
      targets: ``(examples) -> (targets, weights)`` of a batch, where ``answer`` reads them.
    """
    steps = _steps(labeller, examples)
    order, most = np.argsort(steps, kind="stable"), [_rows(count) for count in steps.tolist()]
    found: list[Any] = [None] * len(order)
    start = 0
    while start < len(order):
        size = most[order[start]]
        rows = [row for row in order[start : start + size] if most[row] >= size]
        start += len(rows)
        filled = [*rows, *[rows[-1]] * (size - len(rows))]
        chosen = [examples[row] for row in filled]
        inputs, lengths = labeller.encode(chosen)
        if lengths is not None:
            inputs = jax.tree.map(_longer, inputs)
        given = answer(Batch(inputs, *targets(chosen), lengths))
        for place, row in enumerate(rows):
            found[row] = jax.tree.map(itemgetter(place), given)
    return found


def _steps(labeller: Labeller, examples: Sequence[Any]) -> np.ndarray:
    """``[n]``, the steps of each example; zeros where all have the same."""
    # One by one: beside a long one, short ones would be padded to its length.
    found = [labeller.encode([example])[1] for example in examples]
    return np.concatenate([np.zeros(1, int) if lengths is None else lengths for lengths in found])


def few_lengths(steps: int) -> int:
    """That many steps, or some more, of which there are few, so that few programs are compiled."""
    time = SHORTEST
    while time < steps:
        time *= 2
    return time


def _rows(steps: int) -> int:
    """Of a batch of examples of so many steps: one number for one time, so that few programs are compiled."""
    rows = ROWS
    while rows > 1 and rows * few_lengths(steps) > STEPS:
        rows //= 2
    return rows


def _longer(leaf: np.ndarray) -> np.ndarray:
    """``[rows, time, ...]`` with some more steps, which repeat the last one; of no steps at all, zeros."""
    time = few_lengths(leaf.shape[1])
    steps = [(0, time - size if axis == 1 else 0) for axis, size in enumerate(leaf.shape)]
    return np.pad(leaf, steps, mode="edge") if leaf.shape[1] else np.pad(leaf, steps)
