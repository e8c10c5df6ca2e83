"""Read a digit as it was written, point by point: which is it (S20)?"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.data.batching import of_examples
from rnn_research.data.codec import Labels
from rnn_research.data.pen_digits import CLASSES, Digit, digest, lifts, normalised, offsets, pen_digits, resampled
from rnn_research.lookup import lookup
from rnn_research.tasks.base import Batch, Data, Inputs, Target, Task, accuracy
from rnn_research.tasks.classification import class_scores, commonest_class
from rnn_research.tasks.measures import classified

NAMES = tuple(map(str, range(CLASSES)))
FORMS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "positions": lambda points: points,
    "offsets": lambda points: offsets(points) * len(points) / 8,  # a digit of 32 points: about as large as positions
}


class Read(NamedTuple):
    """Digits of a split: ``steps [n, time, 3]``, ``lengths [n]``, ``labels [n]``."""

    steps: Any
    lengths: Any
    labels: Any


def pen_digit_classes(points: int = 32, form: str = "positions") -> Task:
    """The class of a pen digit (Alpaydin and Alimoglu 1998) from its trajectory; validated and tested on digits of
    people whom training does not know: 6,246, 1,248 and 3,498 digits, by 25, 5 and 14 writers.

    A step is three numbers: where the pen is, x and y with the digit's longer side from −1 to 1, and whether it is
    lifted after this point. Baseline: the commonest class.

    Args:
      points: of each digit, at even distances along its ink; 0: those that were recorded, 9 to 231 and 40 on average,
        at even intervals of time.
      form: ``positions``, or ``offsets`` from the point before (0 at the first), scaled by an eighth of the number of
        points.

    Raises:
      ValueError: a number of points below 0 or of 1, another form, a file that holds no pen digits.
      DataNotFoundError: there are none in the data directory.
    """
    if points < 0 or points == 1:
        raise ValueError(f"pen_digits needs 2 points or more, or 0 for those recorded, not {points}")
    shown = lookup(FORMS, form, "form of a trajectory")
    digits = pen_digits()
    time = points or max(len(digit.points) for split in digits.values() for digit in split)
    data = {split: arrays_of(found, shown, points, time) for split, found in digits.items()}

    def read(split: Read, rows: jax.Array, weights: jax.Array) -> Batch:
        return Batch(split.steps[rows], split.labels[rows], weights, None if points else split.lengths[rows])

    train, held_out = of_examples(data, read)
    return Task(
        data=Data(
            data["train"],
            train,
            held_out,
            codec=Labels(NAMES),
            digest=digest(digits),
            facts={"training_examples": len(digits["train"])},
        ),
        inputs=Inputs("numbers", 3, time),
        target=Target("softmax", CLASSES, each_step=False, names=NAMES),
        goal=accuracy(commonest_class(np.asarray(data["train"].labels), np.asarray(data["test"].labels), NAMES)),
        measure=classified,
        score=class_scores(NAMES),
    )


def arrays_of(digits: list[Digit], form: Callable[[np.ndarray], np.ndarray], points: int, time: int) -> Read:
    """A split, padded with zeros to ``time`` steps."""
    steps = np.zeros((len(digits), time, 3), np.float32)
    for row, digit in zip(steps, digits, strict=True):
        found = trajectory(digit, form, points)
        row[: len(found)] = found
    lengths = [points or len(digit.points) for digit in digits]
    labels = [digit.label for digit in digits]
    return Read(jnp.asarray(steps), jnp.asarray(lengths, jnp.int32), jnp.asarray(labels, jnp.int32))


def trajectory(digit: Digit, form: Callable[[np.ndarray], np.ndarray], points: int) -> np.ndarray:
    """``[n, 3]``: see ``pen_digit_classes``."""
    where, strokes = normalised(digit.points), digit.strokes
    if points:
        where, strokes = resampled(where, strokes, points)
    return np.column_stack([form(where), lifts(strokes)])
