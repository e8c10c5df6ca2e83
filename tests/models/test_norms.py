"""Norms, beside what PyTorch computes in double precision."""

import jax
import numpy as np
import pytest
import torch

from rnn_research.models.norms import layer


@pytest.mark.parametrize("mean, deviation", [(0, 0.5), (0.99, 1e-3), (100, 1), (1000, 1)])
def test_layer_norm_is_exact_where_the_mean_is_large_beside_the_deviation(mean, deviation):
    norm, noise = layer(), np.random.default_rng(0).normal(size=(5, 3, 64))
    features = (mean + deviation * noise).astype(np.float32)
    found, _ = norm.apply(norm.init(jax.random.key(0), 64), (), features, None, True)
    exact = torch.nn.functional.layer_norm(torch.tensor(features, dtype=torch.float64), (64,), eps=1e-6)
    # What is left is the rounding of the mean.
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-6 + 2e-7 * mean / deviation)
