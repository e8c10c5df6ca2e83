"""Images read as sequences: scikit-learn's digits and MNIST."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.data.batching import of_examples
from rnn_research.data.codec import Labels
from rnn_research.data.images import Images, digits, mnist
from rnn_research.lookup import lookup
from rnn_research.tasks.base import Batch, Data, Inputs, Target, Task, accuracy
from rnn_research.tasks.classification import class_scores, commonest_class
from rnn_research.tasks.measures import classified

PARTS = {"rows": 1, "half_rows": 2, "quarter_rows": 4, "seventh_rows": 7, "pixels": 0}  # of a row; 0: all its pixels


def sequential_digits(order: str = "pixels", permuted: bool = False) -> Task:
    """scikit-learn's 8×8 digits (1,797 of them, embedded), one pixel, one row or part of a row a step.

    The split is fixed: 1,197 train, 300 valid, 300 test, stratified. Baseline: the commonest class.

    Args:
      order: ``pixels`` (64 steps of 1), ``rows`` (8 steps of 8), ``half_rows`` or ``quarter_rows``.
      permuted: shuffle the pixels, all images alike (the permutation is fixed).

    Raises:
      ValueError: another order.
    """
    return _image_task(digits(), order, permuted)


def sequential_mnist(order: str = "pixels", permuted: bool = False) -> Task:
    """MNIST's 28×28 digits, one pixel, one row or part of a row a step (Le, Jaitly and Hinton 2015).

    Read from ``--data_dir`` or the hub. 55,000 train, 5,000 valid (the last of the official training set),
    10,000 test. Baseline: the commonest class.

    Args:
      order: ``pixels`` (784 steps of 1), ``rows`` (28 steps of 28), ``half_rows``, ``quarter_rows`` (112 steps of 7)
        or ``seventh_rows`` (196 steps of 4).
      permuted: shuffle the pixels, all images alike (the permutation is fixed): pMNIST.

    Raises:
      ValueError: another order.
      DataNotFoundError: MNIST is not to be had; the message says what was looked for.
    """
    return _image_task(mnist(), order, permuted)


def _image_task(images: Images, order: str, permuted: bool) -> Task:
    side = images.pixels["train"].shape[1]
    parts = lookup(PARTS, order, "order") or side
    if side % parts:
        raise ValueError(f"order={order}: a row of {side} pixels has no {parts} equal parts")
    width = side // parts
    shuffle = np.random.RandomState(92916).permutation(side * side) if permuted else np.arange(side * side)
    time = side * side // width
    data = {
        split: (
            jnp.asarray(pixels.reshape(len(pixels), -1)[:, shuffle].reshape(len(pixels), time, width)),
            jnp.asarray(images.labels[split], jnp.int32),
        )
        for split, pixels in images.pixels.items()
    }

    def read(split: Any, rows: jax.Array, weights: jax.Array) -> Batch:
        pixels, labels = split
        return Batch(pixels[rows].astype(jnp.float32) / images.brightest, labels[rows], weights)

    train, held_out = of_examples(data, read)
    names = tuple(map(str, np.unique(images.labels["train"])))
    return Task(
        data=Data(
            data["train"],
            train,
            held_out,
            codec=Labels(names),
            digest=images.digest,
            facts={"training_examples": len(images.labels["train"])},
        ),
        inputs=Inputs("numbers", width, time),
        target=Target("softmax", len(names), each_step=False, names=names),
        goal=accuracy(commonest_class(images.labels["train"], images.labels["test"], names)),
        measure=classified,
        score=class_scores(names),
    )
