"""What CTC sums and maximises over, counted out: every path, every labelling."""

from itertools import groupby, product

import numpy as np


def labelling_of(path, blank):
    """What is left of a path."""
    return tuple(label for label, _ in groupby(path) if label != blank)


def by_labelling(log_probabilities):
    """The probability of every labelling of ``[time, labels + 1]``, the sum over its paths, in double precision."""
    probabilities = np.exp(np.asarray(log_probabilities, np.float64))
    time, classes = probabilities.shape
    found = {}
    for path in product(range(classes), repeat=time):
        labelling = labelling_of(path, classes - 1)
        found[labelling] = found.get(labelling, 0.0) + np.prod(probabilities[range(time), path])
    return found
