"""Word vectors: neighbours in the text are neighbours as vectors, the formula, what is not to be had."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from rnn_research.data.locate import DataNotFoundError, find
from rnn_research.data.vectors import GLOVE, vectors

ROOT = Path(__file__).resolve().parents[2]


def test_neighbours_in_made_sentences_are_neighbours_as_vectors():
    """Two topics whose words never meet."""
    rng = np.random.default_rng(0)
    names = [*"abcdefgh", "never"]
    topics = [[0, 1, 2, 3], [4, 5, 6, 7]]
    ids = np.concatenate([rng.choice(topics[n % 2], 50) for n in range(40)])
    matrix, found = vectors("ppmi", names, ids, 3)
    assert matrix.shape == (9, 3) and matrix.dtype == np.float32
    assert found.tolist() == [True] * 8 + [False] and not matrix[8].any()
    assert matrix[:8].std() == pytest.approx(1, rel=1e-5)
    rows = matrix[:8] / np.linalg.norm(matrix[:8], axis=1, keepdims=True)
    likeness = rows @ rows.T
    assert likeness[:4, :4].min() > likeness[:4, 4:].max() + 0.2
    again, _ = vectors("ppmi", names, ids, 3)
    np.testing.assert_array_equal(matrix, again)


def test_ppmi_is_what_its_formula_says():
    """All singular vectors but one give the matrix back but for the smallest part."""
    ids = np.random.default_rng(1).integers(0, 6, 60)
    pairs = np.zeros((6, 6))
    for i, j in itertools.permutations(range(60), 2):
        pairs[ids[i], ids[j]] += abs(i - j) <= 4
    smooth = pairs.sum(axis=0) ** 0.75
    ratio = pairs / pairs.sum() / np.outer(pairs.sum(axis=1) / pairs.sum(), smooth / smooth.sum())
    u, s, _ = np.linalg.svd(np.maximum(np.log(np.maximum(ratio, 1e-300)), 0))
    expected = u[:, :5] * np.sqrt(s[:5])
    matrix, _ = vectors("ppmi", list("abcdef"), ids, 5)
    products, wanted = matrix @ matrix.T, expected @ expected.T
    np.testing.assert_allclose(products / np.trace(products), wanted / np.trace(wanted), atol=1e-6)


def test_vectors_that_are_not_to_be_had(monkeypatch, tmp_path):
    monkeypatch.setenv("RNN_RESEARCH_DATA", str(tmp_path))
    with pytest.raises(DataNotFoundError, match=f"put {GLOVE} into --data_dir"):
        vectors("glove", ["a"], None, 50)
    with pytest.raises(ValueError, match="unknown source of word vectors 'gloves'; did you mean 'glove'"):
        vectors("gloves", ["a"], None, 50)
    with pytest.raises(ValueError, match="can have 1 to 2 entries, not 3"):
        vectors("ppmi", ["a", "b", "c"], np.array([0, 1, 2]), 3)
    with pytest.raises(ValueError, match="needs a text"):
        vectors("ppmi", ["a", "b", "c"], None, 2)


def test_glove_of_a_made_file(monkeypatch, tmp_path):
    monkeypatch.setenv("RNN_RESEARCH_DATA", str(tmp_path))
    (tmp_path / GLOVE).parent.mkdir()
    table = np.arange(150).reshape(3, 50).astype(np.float16)
    np.savez(tmp_path / GLOVE, words=np.array("the\nhouse\n,"), vectors=table)
    matrix, found = vectors("glove", [" The", "HOUSE", "zzz", "\n", " ,"], None, 50)
    assert found.tolist() == [True, True, False, False, True]
    np.testing.assert_allclose(matrix[found], table / table.astype(float).std(), rtol=1e-6)
    assert not matrix[~found].any()
    with pytest.raises(ValueError, match="glove knows none of the 2 tokens"):
        vectors("glove", ["zzz", "\n"], None, 50)
    with pytest.raises(ValueError, match="50 entries, not 64"):
        vectors("glove", ["the"], None, 64)


def test_glove_knows_related_words(data_directory):
    if not find(GLOVE):
        pytest.skip("no GloVe in the data directory")
    names = [" King", "queen", "banana", "qwertzuiopü"]
    matrix, found = vectors("glove", names, None, 50)
    assert found.tolist() == [True, True, True, False]
    rows = matrix[:3] / np.linalg.norm(matrix[:3], axis=1, keepdims=True)
    assert rows[0] @ rows[1] > 0.7 > rows[0] @ rows[2] + 0.3
