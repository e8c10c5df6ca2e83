"""MNIST-1D as a task: which series is read where, shuffled steps, what the head reads."""

import jax
import numpy as np

from rnn_research.data import mnist_1d as source
from rnn_research.tasks import TASKS
from tests.support.batches import draw

mnist_1d = TASKS["mnist_1d"]


def whole(task, split):
    batches = task.data.held_out(split, 10**9)
    return jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), batches)


def test_series_come_with_their_labels():
    task, splits = mnist_1d(), source.mnist_1d()
    for split in ("valid", "test"):
        batch = whole(task, split)
        np.testing.assert_array_equal(batch.inputs[..., 0], splits[split].values.astype(np.float32))
        np.testing.assert_array_equal(batch.targets, splits[split].labels)
    epoch = draw(task, size=4000)
    found, expected = np.lexsort(epoch.inputs[..., 0].T), np.lexsort(splits["train"].values.astype(np.float32).T)
    np.testing.assert_array_equal(epoch.inputs[found, :, 0], splits["train"].values[expected].astype(np.float32))
    np.testing.assert_array_equal(epoch.targets[found], splits["train"].labels[expected])


def test_one_permutation_of_the_steps_shuffles_all_series():
    plain, permuted = (whole(mnist_1d(permuted=permuted), "test").inputs[..., 0] for permuted in (False, True))
    steps = [int(np.flatnonzero((plain == column[:, None]).all(axis=0))[0]) for column in permuted.T]
    assert sorted(steps) == list(range(40)) and steps != list(range(40))


def test_the_head_reads_all_steps_or_the_last():
    assert (mnist_1d().target.head, mnist_1d().target.time) == ("flattened", 40)
    assert mnist_1d(flattened=False).target.head == "softmax"
