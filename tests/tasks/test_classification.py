"""F1 and confusions, against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, f1_score

from rnn_research.tasks.base import Batch, Seen
from rnn_research.tasks.classification import class_scores, commonest_class, confusions, f1_scores

NAMES = ("negative", "neutral", "positive", "unseen")


@pytest.mark.parametrize("seed", range(4))
def test_scores_are_those_of_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    targets, answers = rng.integers(0, 3, (3, 10)), rng.integers(0, 3 + seed % 2, (3, 10))
    weights = (rng.random((3, 10)) < 0.7).astype(np.float32)
    seen = Seen({}, lambda: answers, Batch(None, targets, weights))
    numbers, (matrix,) = class_scores(NAMES, "neutral")({"test": seen})
    true, answered, labels = targets[weights > 0], answers[weights > 0], np.arange(4)
    assert numbers["macro_f1"] == pytest.approx(f1_score(true, answered, average="macro"))
    there = np.union1d(true, answered)
    pair = f1_score(true, answered, labels=there[there != 1], average="macro")
    assert numbers["macro_f1_pn"] == pytest.approx(pair)
    shares = np.array(matrix.values)
    counts = confusion_matrix(true, answered, labels=labels)
    np.testing.assert_allclose(shares[:3], counts[:3] / counts[:3].sum(axis=1, keepdims=True))
    assert np.isnan(shares[3]).all() and matrix.rows == matrix.columns == NAMES
    assert "macro_f1_pn" not in class_scores(NAMES)({"test": seen}).numbers


def test_the_commonest_class():
    train, test = np.array([0, 2, 2, 2]), np.array([2, 0, 2, 1])
    found = commonest_class(train, test, NAMES, "neutral")
    shares = np.array([2, 1, 4, 1]) / 8
    assert found["loss"] == pytest.approx(-np.log(shares[test]).mean())
    assert found["accuracy"] == 0.5
    assert found["macro_f1"] == pytest.approx(f1_score(test, [2] * 4, average="macro"))


def test_a_class_that_is_neither_there_nor_answered_takes_nothing_from_a_perfect_answer():
    table = confusions(np.array([0, 2, 2]), np.array([0, 2, 2]), 4)
    assert f1_scores(table, NAMES, "neutral") == {"macro_f1": 1, "macro_f1_pn": 1}
    missed = confusions(np.array([0, 2, 2]), np.array([0, 3, 2]), 4)  # one that is answered alone counts, with 0
    assert f1_scores(missed, NAMES)["macro_f1"] == pytest.approx((1 + 2 / 3 + 0) / 3)
    neutral = confusions(np.array([1]), np.array([1]), 4)
    assert f1_scores(neutral, NAMES, "neutral") == {"macro_f1": 1, "macro_f1_pn": 0}
