"""Word vectors to begin an embedding with: published ones, or from the training text itself."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from rnn_research.data.locate import DataNotFoundError, find
from rnn_research.lookup import lookup

GLOVE = "glove_6b_50d_subset/glove.6B.50d.subset.npz"
WHOLE = "ppmi_whole"
WINDOW = 4  # tokens on each side
SMOOTHING = 0.75


def vectors(
    source: str, names: Sequence[str], documents_ids: np.ndarray | None, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """A vector for every token that the source knows.

    Args:
      source: ``glove``, GloVe 6B of 50 dimensions (Pennington et al. 2014) from the data directory, where a name is
        looked up in lower case and without blanks around it; ``ppmi``, see ``ppmi``; or ``ppmi_whole``, the same of a
        text that the caller has not cut short.
      names: how each token reads.
      documents_ids: ``[n]`` the training text as ids into ``names``; for ppmi only.
      size: of a vector.

    Returns:
      ``[len(names), size]`` float32, rows of zeros for tokens not found, the others scaled to a standard deviation of
      1 over all their entries; and ``[len(names)]`` bool, which were found.

    Raises:
      ValueError: an unknown source, a size that the source cannot have, ppmi without a text, a source that knows none
        of the tokens.
      DataNotFoundError: no GloVe in the data directory.
    """
    matrix, found = lookup(SOURCES, source, "source of word vectors")(names, documents_ids, size)
    if not found.any():
        raise ValueError(f"{source} knows none of the {len(names)} tokens of this text")
    spread = matrix[found].std()
    return (matrix / (spread or 1.0)).astype(np.float32), found


def glove(names: Sequence[str], documents_ids: np.ndarray | None, size: int) -> tuple[np.ndarray, np.ndarray]:
    """GloVe's vectors as they are published; see ``vectors``."""
    path = find(GLOVE)
    if path is None:
        raise DataNotFoundError("GloVe 6B", GLOVE, '--config.model.embedding_init="normal(0.1)" trains without them')
    with np.load(path, allow_pickle=False) as file:
        words, table = str(file["words"]).split("\n"), file["vectors"].astype(np.float64)
    if size != table.shape[1]:
        raise ValueError(f"GloVe's vectors have {table.shape[1]} entries, not {size}")
    rows = {word: row for row, word in enumerate(words)}
    places = np.array([rows.get(name.strip().lower(), -1) for name in names])
    found = places >= 0
    return np.where(found[:, None], table[places], 0.0), found


def ppmi(names: Sequence[str], documents_ids: np.ndarray | None, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Positive pointwise mutual information of tokens up to four apart, factorised (Levy, Goldberg and Dagan 2015).

    ``max(ln p(w, c) / (p(w) p_α(c)), 0)``, where ``p_α(c) ∝ n(c)^0.75``, is about ``U S Vᵀ`` of rank ``size``; the
    vectors are ``U √S``, of which every column's largest entry is made positive. A token that occurs is found.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.linalg import svds

    if documents_ids is None or len(documents_ids) < 2:
        raise ValueError("ppmi needs a text of two tokens or more")
    if not 0 < size < len(names):
        raise ValueError(f"with {len(names)} tokens, ppmi's vectors can have 1 to {len(names) - 1} entries, not {size}")
    ids, shape = np.asarray(documents_ids), (len(names), len(names))
    offsets = range(1, min(WINDOW, len(ids) - 1) + 1)
    before = np.concatenate([ids[:-offset] for offset in offsets])
    after = np.concatenate([ids[offset:] for offset in offsets])
    once = coo_array((np.ones(len(before)), (before, after)), shape).tocsr()
    pairs = (once + once.T).tocoo()
    words, contexts = pairs.coords
    totals = np.asarray(pairs.sum(axis=1)).ravel()
    smooth = totals**SMOOTHING
    shares = pairs.data / totals.sum(), totals[words] / totals.sum(), smooth[contexts] / smooth.sum()
    information = np.maximum(np.log(shares[0] / (shares[1] * shares[2])), 0)
    table = coo_array((information, (words, contexts)), shape).tocsr()
    # Where the iteration starts is fixed, so that the result is.
    factors: Any = svds(table, k=size, v0=np.random.default_rng(0).standard_normal(len(names)))
    u, s, _ = factors
    order = np.argsort(-s)
    matrix = u[:, order] * np.sqrt(np.maximum(s[order], 0))
    matrix *= np.where(matrix[np.abs(matrix).argmax(axis=0), np.arange(size)] < 0, -1, 1)
    found = totals > 0
    return np.where(found[:, None], matrix, 0.0), found


SOURCES = {"glove": glove, "ppmi": ppmi, WHOLE: ppmi}


def digest_of(source: str) -> str:
    """Of the file that a source reads; ``""`` for one that reads none, or none that is there."""
    path = find(GLOVE) if source == "glove" else None
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path else ""
