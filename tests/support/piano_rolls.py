"""A small corpus of piano rolls, made up, in the files that the official ones have."""

import numpy as np
from scipy.io import savemat

LENGTHS = {"traindata": (5, 12, 3, 9), "validdata": (4, 7, 1), "testdata": (6, 11, 2, 8, 5)}


def made_up_pieces(seed=0):
    """By name of the split in the file; some keys never sound."""
    rng = np.random.default_rng(seed)
    share = np.where(np.arange(88) % 5, 0.15, 0.0)
    return {name: [(rng.random((n, 88)) < share).astype(np.uint8) for n in each] for name, each in LENGTHS.items()}


def write_corpus(directory, pieces, name="Made_up"):
    """``poly_music/NAME.mat`` in a data directory."""
    cells = {}
    for split, each in pieces.items():
        cells[split] = np.empty((1, len(each)), object)
        cells[split][0, :] = each
    (directory / "poly_music").mkdir(exist_ok=True)
    savemat(directory / "poly_music" / f"{name}.mat", cells)
