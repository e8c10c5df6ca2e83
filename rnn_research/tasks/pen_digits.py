"""Read a digit as it was written, point by point: which is it (S20)?"""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.data.batching import of_examples
from rnn_research.data.pen_digits import CLASSES, Digit, digest, pen_digits
from rnn_research.data.pen_labeller import FORMS, PenLabeller
from rnn_research.lookup import lookup
from rnn_research.tasks.base import Batch, Data, Inputs, Target, Task, accuracy
from rnn_research.tasks.bucketed import bucketed
from rnn_research.tasks.classification import class_scores, commonest_class
from rnn_research.tasks.measures import classified

NAMES = tuple(map(str, range(CLASSES)))


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
    lookup(FORMS, form, "form of a trajectory")
    codec, digits = PenLabeller(NAMES, points, form), pen_digits()
    time = points or max(len(digit.points) for split in digits.values() for digit in split)
    splits = {split: batch_of(found, codec, time) for split, found in digits.items()}
    labels = {split: batch.targets for split, batch in splits.items()}
    data = whole_batches(splits) if points else bucketed(splits)
    facts = {"training_examples": len(digits["train"])}
    return Task(
        data=data._replace(codec=codec, digest=digest(digits), facts=facts),
        inputs=Inputs("numbers", 3, time),
        target=Target("softmax", CLASSES, each_step=False, names=NAMES),
        goal=accuracy(commonest_class(labels["train"], labels["test"], NAMES)),
        measure=classified,
        score=class_scores(NAMES),
    )


def whole_batches(splits: Mapping[str, Batch]) -> Data:
    """Of digits that have all as many points."""

    def read(split: Batch, rows: jax.Array, weights: jax.Array) -> Batch:
        return jax.tree.map(lambda leaf: leaf[rows], split)._replace(weights=weights)

    arrays = jax.tree.map(jnp.asarray, dict(splits))
    train, held_out = of_examples(arrays, read)
    return Data(arrays["train"], train, held_out)


def batch_of(digits: list[Digit], codec: PenLabeller, time: int) -> Batch:
    """A split, padded with zeros to ``time`` steps."""
    steps, lengths = codec.encode(digits)
    steps = np.pad(steps, ((0, 0), (0, time - steps.shape[1]), (0, 0)))
    labels = np.array([digit.label for digit in digits], np.int32)
    return Batch(steps, labels, np.ones(len(digits), np.float32), lengths)
