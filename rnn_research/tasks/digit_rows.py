"""Write the picture of a digit row by row, given which (S23): scikit-learn's digits in black and white."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.data.batching import of_examples
from rnn_research.data.images import digits
from rnn_research.tasks.base import Batch, Data, Inputs, Mean, OneToMany, Target, Task, Terms, lower
from rnn_research.tasks.measures import weighted

SIDE, CLASSES = 8, 10
REACH = 0.3  # from the middle of a pixel to its edge, as it is drawn


class Pictures(NamedTuple):
    """``rows [n, 8, 8]`` of 0 and 1, from the top; ``classes [n]``."""

    rows: Any
    classes: Any


def digit_rows() -> Task:
    """The next row of an 8×8 picture of a digit of a known class, given the rows above it, in nats a row: each pixel is
    black or white, a Bernoulli variable of its own. A step reads the row above (white at first) and the class.

    scikit-learn's digits (embedded), 1,197, 300 and 300; a pixel is black from half of the full brightness on.
    Baseline: how often each pixel is black in the training split, over all classes.
    """
    images = digits()
    data = {
        split: Pictures(
            jnp.asarray(2 * pixels >= images.brightest, jnp.float32), jnp.asarray(images.labels[split], jnp.int32)
        )
        for split, pixels in images.pixels.items()
    }

    def read(split: Pictures, found: jax.Array, weights: jax.Array) -> Batch:
        rows, classes = split.rows[found], split.classes[found]
        before = jnp.pad(rows[:, :-1], ((0, 0), (1, 0), (0, 0)))
        inputs = as_numbers(before, jnp.broadcast_to(classes[:, None], before.shape[:2]))
        return Batch(inputs, rows, jnp.broadcast_to(weights[:, None], before.shape[:2]))

    train, held_out = of_examples(data, read)
    return Task(
        data=Data(
            data["train"],
            train,
            held_out,
            digest=images.digest,
            facts={"training_examples": len(images.labels["train"])},
        ),
        inputs=Inputs("numbers", SIDE + CLASSES, SIDE),
        target=Target("bernoulli", SIDE, each_step=True),
        goal=lower("nats_per_row", _frequencies(*(np.asarray(data[split].rows) for split in ("train", "test")))),
        measure=nats,
        one_to_many=OneToMany(
            feed=feed,
            length=SIDE,
            names=tuple(map(str, range(CLASSES))),
            polylines=polylines,
            features=np.ravel,
            examples=lambda split: (np.asarray(data[split].rows), np.asarray(data[split].classes)),
        ),
    )


def as_numbers(rows: jax.Array, classes: jax.Array) -> jax.Array:
    """``[..., 18]``: pixels, class."""
    return jnp.concatenate([rows, jax.nn.one_hot(classes, CLASSES)], axis=-1)


def feed(rows: jax.Array | None, classes: jax.Array) -> jax.Array:
    """What is read after a row of each picture."""
    return as_numbers(jnp.zeros((len(classes), SIDE)) if rows is None else rows, classes)


def polylines(rows: np.ndarray) -> list[np.ndarray]:
    """Neighbouring black pixels of a row are one line, to and fro, which fills them."""
    lines = []
    for place, row in enumerate(np.asarray(rows) > 0):
        edges = np.flatnonzero(np.diff(row, prepend=False, append=False))
        for first, end in edges.reshape(-1, 2):
            left, right = first - REACH, end - 1 + REACH
            heights = np.repeat([REACH, 0, -REACH], 2) - place
            lines.append(np.column_stack([[left, right, right, left, left, right], heights]))
    return lines


def nats(terms: Terms, batch: Batch) -> dict[str, Mean]:
    """A row, which is the loss."""
    loss = weighted(terms.loss, terms.weight)
    return {"loss": loss, "nats_per_row": loss}


def _frequencies(train: np.ndarray, test: np.ndarray) -> dict[str, float]:
    """Test scores of each pixel's frequency, as if it had been black and white once more."""
    share = (train.sum(axis=0) + 1.0) / (len(train) + 2)
    loss = float(-np.where(test > 0, np.log(share), np.log1p(-share)).sum(axis=2).mean())
    return {"loss": loss, "nats_per_row": loss}
