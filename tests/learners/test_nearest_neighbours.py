"""Nearest neighbours against scikit-learn's own classifier and by hand."""

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from rnn_research.learners.nearest_neighbours import answer, kept, terms
from rnn_research.tasks.base import Batch
from tests.contracts.small import config_of, made, task_of


def test_every_training_example_is_kept_once():
    task = task_of("sequential_digits")
    found = kept(task)
    rows, labels = task.data.arrays
    ours = np.column_stack([found["features"], found["classes"]])
    theirs = np.column_stack([np.asarray(rows).reshape(1197, -1) / 16, labels])
    np.testing.assert_allclose(ours[np.lexsort(ours.T)], theirs[np.lexsort(theirs.T)], atol=1e-6)


def test_answers_and_probabilities_are_those_of_the_neighbours():
    rng = np.random.default_rng(0)
    arrays = {"features": rng.normal(size=(40, 6)), "classes": rng.integers(0, 4, 40)}
    inputs, targets = rng.normal(size=(9, 3, 2)), rng.integers(0, 4, 9)
    theirs = KNeighborsClassifier(5).fit(arrays["features"], arrays["classes"])
    batch = Batch(inputs, targets, np.ones(9))
    found = answer(4, 5, arrays, batch)
    np.testing.assert_array_equal(found, theirs.predict(inputs.reshape(9, 6)))
    told = terms(4, 5, arrays, batch)
    share = theirs.predict_proba(inputs.reshape(9, 6))[np.arange(9), targets]
    np.testing.assert_allclose(np.exp(-told.loss), (5 * share + 0.25) / 6)
    np.testing.assert_array_equal(told.right, found == targets)
    few = {name: leaf[:2] for name, leaf in arrays.items()}
    assert np.isfinite(terms(4, 5, few, batch).loss).all()  # no more than there are


@pytest.mark.parametrize(
    ("task", "message"), [("adding", "tells a class"), ("parity", "keeps a training split"), ("copy_memory", "tells")]
)
def test_tasks_without_a_training_split_or_a_class_are_refused(task, message):
    with pytest.raises(ValueError, match=f"nearest_neighbours {message}"):
        made(config_of(task, "nearest_neighbours"))
