"""Images read as sequences: scikit-learn's digits and MNIST."""

import jax.numpy as jnp
import numpy as np

from rnn_research.data.batching import batch_indices
from rnn_research.data.images import Images, digits, mnist
from rnn_research.lookup import lookup
from rnn_research.tasks.base import SPLITS, Batch, Task
from rnn_research.tasks.objectives import classification

ORDERS = {"pixels": 1, "rows": None}  # pixels read in a step; None: a whole row


def sequential_digits(order: str = "pixels", permuted: bool = False) -> Task:
    """scikit-learn's 8×8 digits (1,797 of them, embedded), one pixel or one row a step.

    The split is fixed: 1,197 train, 300 valid, 300 test, stratified. Baseline: the commonest class.

    Args:
      order: ``pixels`` (64 steps of 1) or ``rows`` (8 steps of 8).
      permuted: shuffle the pixels, all images alike (the permutation is fixed).

    Raises:
      ValueError: another order.
    """
    return _image_task(digits(), order, permuted)


def sequential_mnist(order: str = "pixels", permuted: bool = False) -> Task:
    """MNIST's 28×28 digits, one pixel or one row a step (Le, Jaitly and Hinton 2015).

    Read from ``--data_dir`` or the hub. 55,000 train, 5,000 valid (the last of the official training set),
    10,000 test. Baseline: the commonest class.

    Args:
      order: ``pixels`` (784 steps of 1) or ``rows`` (28 steps of 28).
      permuted: shuffle the pixels, all images alike (the permutation is fixed): pMNIST.

    Raises:
      ValueError: another order.
      DataNotFoundError: MNIST is not to be had; the message says what was looked for.
    """
    return _image_task(mnist(), order, permuted)


def _image_task(images: Images, order: str, permuted: bool) -> Task:
    side = images.pixels["train"].shape[1]
    width = lookup(ORDERS, order, "order") or side
    shuffle = np.random.RandomState(92916).permutation(side * side) if permuted else np.arange(side * side)
    time = side * side // width
    data = {
        split: (
            jnp.asarray(pixels.reshape(len(pixels), -1)[:, shuffle].reshape(len(pixels), time, width)),
            jnp.asarray(images.labels[split], jnp.int32),
        )
        for split, pixels in images.pixels.items()
    }

    def batch(data, key, split, index, size):
        pixels, labels = data[split]
        rows, weights = batch_indices(len(labels), key, split, index, size)
        return Batch(pixels[rows].astype(jnp.float32) / images.brightest, labels[rows], weights)

    counts = np.bincount(images.labels["train"])
    return Task(
        input_size=width,
        output_size=len(counts),
        time=time,
        readout="last",
        batch=batch,
        metrics=classification,
        metric="accuracy",
        better="higher",
        baseline=_commonest_class(counts, images.labels["test"]),
        data=data,
        examples={split: len(images.labels[split]) for split in SPLITS},
    )


def _commonest_class(train_counts: np.ndarray, test_labels: np.ndarray) -> dict[str, float]:
    """Test scores of answering with the class frequencies of the training set."""
    shares = train_counts / train_counts.sum()
    return {
        "loss": float(-np.mean(np.log(shares[test_labels]))),
        "accuracy": float(np.mean(test_labels == train_counts.argmax())),
    }
