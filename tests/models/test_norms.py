"""Norms, beside double precision."""

import jax
import numpy as np
import pytest

from rnn_research.models.norms import layer


@pytest.mark.parametrize("mean, deviation", [(0, 0.5), (0.99, 1e-3), (100, 1), (1000, 1)])
def test_layer_norm_is_exact_where_the_mean_is_large_beside_the_deviation(mean, deviation):
    norm, noise = layer(), np.random.default_rng(0).normal(size=(5, 3, 64))
    features = (mean + deviation * noise).astype(np.float32)
    found, _ = norm.apply(norm.init(jax.random.key(0), 64), (), features, None, True)
    wide = features.astype(np.float64)
    exact = (wide - wide.mean(-1, keepdims=True)) / np.sqrt(wide.var(-1, keepdims=True) + 1e-6)
    # What is left is the rounding of the mean.
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-6 + 2e-7 * mean / deviation)
