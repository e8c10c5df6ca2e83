"""Small cells, and random cases for tests of their steps."""

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.cells import elman, gru, lstm, lstm_1997

INPUT, HIDDEN, TIME = 3, 4, 5

FORMS = {
    "elman_tanh": elman(HIDDEN),
    "elman_sigmoid": elman(HIDDEN, activation="sigmoid"),
    "elman_relu": elman(HIDDEN, activation="relu"),
    "elman_linear": elman(HIDDEN, activation="linear"),
    "lstm": lstm(HIDDEN),
    "lstm_1997": lstm_1997(HIDDEN, block=2, truncated=False),
    "gru_reset_after": gru(HIDDEN, reset_after=True),
    "gru_reset_before": gru(HIDDEN, reset_after=False),
}


def randomised(tree, seed):
    """Random numbers in the place of every leaf, biases and states too."""
    rng = np.random.default_rng(seed)
    return jax.tree.map(lambda leaf: jnp.asarray(rng.normal(size=leaf.shape, scale=0.8)), tree)


def random_case(cell, seed=0):
    """Params, first state, inputs, and the weights of an objective that looks at every output and the last state."""
    params = jax.eval_shape(lambda key: cell.init(key, INPUT), jax.random.key(0))
    state = jax.eval_shape(cell.initial_state)
    inputs, weights = np.zeros((TIME, INPUT)), (np.zeros((TIME, HIDDEN)), state)
    return tuple(randomised(tree, seed + k) for k, tree in enumerate((params, state, inputs, weights)))


def steps(cell, params, state, inputs):
    outputs = []
    for x in inputs:
        state, output = cell.step(params, state, x)
        outputs.append(output)
    return jnp.stack(outputs), state


def weigh(results, weights):
    return sum((r * w).sum() for r, w in zip(jax.tree.leaves(results), jax.tree.leaves(weights), strict=True))


def assert_trees_close(actual, expected, tolerance=1e-10):
    assert jax.tree.structure(actual) == jax.tree.structure(expected)
    for a, e in zip(jax.tree.leaves(actual), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, e, rtol=tolerance, atol=tolerance)
