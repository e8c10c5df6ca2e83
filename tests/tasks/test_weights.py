"""Terms of weight 0: whatever they hold, they change no score and no gradient."""

from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.tasks import adding, copy_memory, recall_first, temporal_order
from tests.support.batches import draw
from tests.support.heads import means_by, scores, some_outputs

SYNTHETIC = {
    "adding": adding(12),
    "copy_memory": copy_memory(2),
    "temporal_order": temporal_order(12),
    "recall_first": recall_first(5, symbols=5),
}
every_synthetic = pytest.mark.parametrize("task", SYNTHETIC.values(), ids=SYNTHETIC)


@lru_cache(maxsize=8)
def gradient_by(target, measure):
    """Of the loss with respect to the outputs."""

    def loss(outputs, batch):
        total, weight = means_by(target, measure)(outputs, batch)["loss"]
        return total / weight

    return jax.jit(jax.grad(loss))


def with_extra_rows(task, filler):
    """A batch and outputs, and the same with more rows of weight 0 that hold ``filler``."""
    longer = jax.tree.map(np.array, draw(task, size=8))
    longer.weights[5:] = 0
    batch = jax.tree.map(lambda leaf: leaf[:5], longer)
    outputs = some_outputs(task, batch)
    if np.issubdtype(longer.targets.dtype, np.floating):
        longer.targets[5:] = filler
    return batch, outputs, longer, np.concatenate([outputs, np.full((3, *outputs.shape[1:]), filler, np.float32)])


@every_synthetic
@pytest.mark.parametrize("filler", [0.0, 1e30, np.nan, np.inf])
def test_rows_of_weight_zero_change_no_score(task, filler):
    batch, outputs, longer, longer_outputs = with_extra_rows(task, filler)
    assert scores(task, longer_outputs, longer) == pytest.approx(scores(task, outputs, batch), rel=1e-6)


@every_synthetic
@pytest.mark.parametrize("filler", [0.0, np.nan])
def test_rows_of_weight_zero_change_no_gradient(task, filler):
    batch, outputs, longer, longer_outputs = with_extra_rows(task, filler)
    gradient = gradient_by(task.target, task.measure)
    by_longer = gradient(jnp.asarray(longer_outputs), longer)
    np.testing.assert_allclose(by_longer[:5], gradient(jnp.asarray(outputs), batch), rtol=1e-5, atol=1e-8)
    np.testing.assert_array_equal(by_longer[5:], 0)


def test_steps_of_weight_zero_change_no_score():
    task = SYNTHETIC["copy_memory"]
    batch = draw(task, size=8)
    outputs = some_outputs(task, batch)
    weights = np.array(batch.weights)
    weights[:, :7] = weights[:, -2:] = 0
    spoiled = np.array(outputs)
    spoiled[:, :7] = spoiled[:, -2:] = np.nan
    batch = batch._replace(weights=weights)
    assert scores(task, spoiled, batch) == pytest.approx(scores(task, outputs, batch), rel=1e-6)
    inside = jax.nn.log_softmax(outputs[:, 7:-2])
    entropy = -np.take_along_axis(np.asarray(inside), batch.targets[:, 7:-2, None], axis=-1)
    assert scores(task, spoiled, batch)["loss"] == pytest.approx(entropy.mean(), rel=1e-5)


def test_weights_weigh():
    task = adding(10)
    batch = draw(task, size=3)._replace(weights=np.array([1.0, 3.0, 0.0], np.float32))
    outputs = some_outputs(task, batch)
    error = (outputs[:, 0] - batch.targets) ** 2
    assert scores(task, outputs, batch)["mse"] == pytest.approx((error[0] + 3 * error[1]) / 4, rel=1e-5)
