"""Stratified splits, beside scikit-learn's."""

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from rnn_research.data.split import stratified


@pytest.mark.parametrize("seed", [0, 1, 7])
@pytest.mark.parametrize("counts, held_out", [((5, 5, 5), 7), ((40, 3, 17, 9), 20), ((30, 30), 30), ((9, 8, 8, 8), 4)])
def test_rows_are_those_of_scikit_learn(counts, held_out, seed):
    """Also where shares are whole, and where chance decides between classes whose remainders are alike."""
    labels = np.random.RandomState(3).permutation(np.repeat(np.arange(len(counts)), counts))
    rows = np.arange(len(labels))
    wanted = train_test_split(rows, test_size=held_out, random_state=seed, stratify=labels)
    for ours, theirs in zip(stratified(labels, held_out, seed), wanted, strict=True):
        np.testing.assert_array_equal(ours, theirs)
