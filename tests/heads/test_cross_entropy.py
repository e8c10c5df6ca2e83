"""The cross-entropy that forms no softmax is that of the softmax."""

import jax
import jax.numpy as jnp
import numpy as np
import optax

from rnn_research.heads.cross_entropy import cross_entropy


def test_cross_entropy_is_that_of_the_softmax(x64):
    """Values and gradients, where an id comes twice and where an error weighs nothing; optax is the reference."""
    rng = np.random.default_rng(0)
    features, kernel, bias = (jnp.asarray(rng.normal(size=size)) for size in ((5, 3), (3, 7), (7,)))
    ids, weights = jnp.array([2, 6, 2, 0, 5]), jnp.array([1.0, 0.5, -2.0, 0.0, 1.0])

    def ours(*args):
        return (cross_entropy(*args, ids) * weights).sum(), cross_entropy(*args, ids)

    def theirs(features, kernel, bias):
        nats = optax.losses.softmax_cross_entropy_with_integer_labels(features @ kernel + bias[None], ids)
        return (nats * weights).sum(), nats

    runs = [jax.jit(jax.value_and_grad(f, argnums=(0, 1, 2), has_aux=True)) for f in (ours, theirs)]
    for scale in (1, 300):  # of logits whose exponentials are not finite
        found, expected = (run(scale * features, kernel, bias) for run in runs)
        for mine, reference in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
            np.testing.assert_allclose(mine, reference, rtol=1e-10, atol=1e-10)
