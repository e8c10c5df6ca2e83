"""Piano rolls: pieces of music as the keys that sound at every step."""

from pathlib import Path

import numpy as np

from rnn_research.data.locate import DataNotFoundError, find

KEYS = 88  # of a piano, A0 to C8
NAMES = {"train": "traindata", "valid": "validdata", "test": "testdata"}  # of the splits, in the files


def piano_rolls_of(corpus: str) -> dict[str, list[np.ndarray]]:
    """A corpus of Boulanger-Lewandowski, Bengio and Vincent (2012) in its official splits: by split the pieces,
    ``[frames, 88]`` uint8 of 0 and 1.

    Read from ``poly_music/CORPUS.mat`` in the data directory, the form in which Bai, Kolter and Koltun (2018) have it.

    Raises:
      DataNotFoundError: there is no such file.
      ValueError: it holds something else.
    """
    file = f"poly_music/{corpus}.mat"
    path = find(file)
    if path is None:
        raise DataNotFoundError(f"the piano rolls of {corpus}", file, "the files of Boulanger-Lewandowski et al. 2012")
    return read_piano_rolls(path)


def read_piano_rolls(path: Path) -> dict[str, list[np.ndarray]]:
    """The pieces of a ``.mat`` file, by split.

    Raises:
      ValueError: a split is missing or empty, or holds what is no piano roll.
    """
    from scipy.io import loadmat  # takes half a second

    found = loadmat(path)
    pieces: dict[str, list[np.ndarray]] = {}
    for split, name in NAMES.items():
        if name not in found or not found[name].size:
            raise ValueError(f"{path}: no pieces in {name}")
        pieces[split] = [np.asarray(piece) for piece in found[name].ravel()]
        for piece in pieces[split]:
            if piece.ndim != 2 or piece.shape[1] != KEYS or not len(piece) or not np.isin(piece, (0, 1)).all():
                raise ValueError(f"{path}: {name} holds what is no [frames, {KEYS}] of 0 and 1")
        pieces[split] = [piece.astype(np.uint8) for piece in pieces[split]]
    return pieces
