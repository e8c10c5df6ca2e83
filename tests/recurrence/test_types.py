"""Types of numbers: one for inputs, parameters and state."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import gru
from rnn_research.recurrence import run, unroll

CELL = gru(4)
PARAMS = CELL.init(jax.random.key(0), 3)
INPUTS = np.arange(15).reshape(5, 3) % 2


def forms(params, inputs):
    yield lambda: unroll(CELL, params, inputs)
    yield lambda: run(CELL, params, inputs[:, None], lengths=jnp.array([4]))


@pytest.mark.parametrize("kind", ["int32", "bool", "float64"])
def test_whole_numbers_and_numpys_floats_are_read_as_floats(kind):
    for found, wanted in zip(forms(PARAMS, INPUTS.astype(kind)), forms(PARAMS, INPUTS.astype(np.float32))):
        assert found()[1].dtype == jnp.float32
        np.testing.assert_array_equal(found()[1], wanted()[1])


def test_half_precision_is_kept_or_refused():
    half = jax.tree.map(lambda leaf: leaf.astype(jnp.bfloat16), PARAMS)
    for form in forms(half, INPUTS.astype(jnp.bfloat16)):
        assert {leaf.dtype for leaf in jax.tree.leaves(form())} == {jnp.dtype(jnp.bfloat16)}
    for form in forms(PARAMS, INPUTS.astype(jnp.bfloat16)):
        with pytest.raises(ValueError, match="inputs are bfloat16 and parameters float32: give both one type"):
            form()
