"""The tasks of the main job in PyTorch: batches drawn as they are needed, time leading, PyTorch's faster layout."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch.nn import functional

Batch = tuple[torch.Tensor, torch.Tensor]  # inputs [time, batch, features]; targets [batch] or [time, batch]


class Task(NamedTuple):
    """What is learned.

    Attributes:
      features, outputs: of a step; a number to regress where ``outputs`` is 1, else classes.
      each_step: whether there is an output at every step, or after the last.
      batches: ``(split, generator) -> ((size) -> Batch)``: the batches of a split, one after another; of ``train``
        endless. A smaller split ends early.
      metric: what is reported: ``loss`` or ``accuracy``.
    """

    features: int
    outputs: int
    each_step: bool
    batches: Callable[[str, torch.Generator], Callable[[int], Batch]]
    metric: str


def drawn(make: Callable[[int, torch.Generator], Batch]):
    """Batches without end, from a function that draws one."""
    return lambda split, generator: lambda size: make(size, generator)


def adding(length: int) -> Task:
    def make(size, generator):
        values = torch.rand(length, size, generator=generator)
        marks = torch.zeros(length, size)
        marks.scatter_(0, torch.randint(0, length // 2, (1, size), generator=generator), 1.0)
        marks.scatter_(0, torch.randint(length // 2, length, (1, size), generator=generator), 1.0)
        return torch.stack([values, marks], dim=-1), (values * marks).sum(dim=0)

    return Task(2, 1, False, drawn(make), "loss")


def copy_memory(delay: int, copied: int = 10, symbols: int = 8) -> Task:
    """Symbols to copy, ``delay - 1`` blanks, a delimiter, a blank for each symbol."""
    blank, delimiter = symbols, symbols + 1

    def make(size, generator):
        given = torch.randint(0, symbols, (copied, size), generator=generator)
        blanks = torch.full((delay + copied, size), blank)
        inputs = torch.cat([given, blanks])
        inputs[delay + copied - 1] = delimiter
        return functional.one_hot(inputs, symbols + 2).float(), torch.cat([blanks, given])

    return Task(symbols + 2, symbols + 1, True, drawn(make), "loss")


def temporal_order(length: int, shortest: int = 0) -> Task:
    """Distractors 2 to 5, and two of {0, 1}, whose order is the class."""
    if shortest:
        raise ValueError("temporal_order: this script has sequences of one length")

    def make(size, generator):
        symbols = torch.randint(2, 6, (length, size), generator=generator)
        first = torch.randint(length // 10, 2 * length // 10, (1, size), generator=generator)
        second = torch.randint(5 * length // 10, 6 * length // 10, (1, size), generator=generator)
        pair = torch.randint(0, 2, (2, size), generator=generator)
        symbols.scatter_(0, first, pair[:1]).scatter_(0, second, pair[1:])
        return functional.one_hot(symbols, 6).float(), 2 * pair[0] + pair[1]

    return Task(6, 4, False, drawn(make), "accuracy")


def sequential_digits(order: str = "pixels", permuted: bool = False) -> Task:
    """scikit-learn's digits, a pixel a step; 1,197 train, 300 valid, 300 test."""
    if order != "pixels" or permuted:
        raise ValueError("sequential_digits: this script reads pixels, in their order")
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    train, rest = train_test_split(range(len(labels)), test_size=600, random_state=0, stratify=labels)
    valid, test = train_test_split(rest, test_size=300, random_state=0, stratify=labels[rest])
    rows = {"train": train, "valid": valid, "test": test}
    pixels = torch.from_numpy(images).float().T.contiguous()[..., None] / 16  # [64, 1797, 1]
    classes = torch.from_numpy(labels)

    def batches(split, generator):
        own = torch.tensor(rows[split])
        order = own[:0] if split == "train" else own

        def take(size):
            nonlocal order
            while split == "train" and len(order) < size:
                order = torch.cat([order, own[torch.randperm(len(own), generator=generator)]])
            here, order = order[:size], order[size:]
            return pixels[:, here], classes[here]

        return take

    return Task(1, 10, False, batches, "accuracy")


TASKS = {
    "adding": adding,
    "copy_memory": copy_memory,
    "temporal_order": temporal_order,
    "sequential_digits": sequential_digits,
}
