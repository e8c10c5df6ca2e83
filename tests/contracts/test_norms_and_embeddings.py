"""What every norm and every kind of inputs promise."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.data.spelled_words import Spelled
from rnn_research.experiment.config import ModelConfig
from rnn_research.models.embedding import EMBEDDINGS
from rnn_research.models.norms import NORMS
from rnn_research.tasks import Inputs
from tests.contracts import toys
from tests.contracts.small import names, same, small

TIME, BATCH, WIDTH = 3, 2, 4
INPUTS = {
    "numbers": (Inputs("numbers", 2, TIME), np.ones((BATCH, TIME, 2), np.float32)),
    "ids": (Inputs("ids", 5, TIME), np.ones((BATCH, TIME), np.int32)),
    "words": (Inputs("words", 5, TIME), np.ones((BATCH, TIME), np.int32)),
    "words_and_characters": (
        Inputs("words_and_characters", (5, 6, 3), TIME),
        Spelled(*(np.ones((BATCH, TIME, *more), np.int32) for more in ((), (), (2,)))),
    ),
    "spelled words": (
        Inputs("spelled words", (6, 3), TIME),
        toys.Tokens(np.ones((BATCH, TIME), np.int32), np.ones((BATCH, TIME, 2), np.int32)),
    ),
}


@pytest.mark.parametrize("name", NORMS)
def test_a_norm_does_not_see_the_padding_and_leaves_the_rest_alone(name):
    norm = NORMS[name]()
    params, statistics = norm.init(jax.random.key(0), WIDTH), norm.statistics(WIDTH)
    features = np.random.default_rng(0).normal(size=(TIME, BATCH, WIDTH)).astype(np.float32)
    spoilt = np.concatenate([features, np.full((2, BATCH, WIDTH), np.nan, np.float32)])
    valid = np.arange(TIME + 2)[:, None] < np.full(BATCH, TIME)[None]
    for training in (True, False):
        found, kept = norm.apply(params, statistics, features, None, training)
        padded, kept_of_padded = norm.apply(params, statistics, spoilt, valid, training)
        assert found.shape == features.shape and found.dtype == features.dtype
        np.testing.assert_allclose(padded[:TIME], found, rtol=1e-6)
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), kept_of_padded, kept)
        assert jax.tree.structure(kept) == jax.tree.structure(statistics)
        assert [leaf.dtype for leaf in jax.tree.leaves(kept)] == [leaf.dtype for leaf in jax.tree.leaves(statistics)]
        if not training:
            assert same(kept, statistics)  # scoring changes nothing


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_the_axes_that_lead_in_the_inputs_lead_in_the_features(name):
    assert name in INPUTS, "give the new kind of inputs a line in INPUTS"
    inputs, found = INPUTS[name]
    learned = () if name == "numbers" else (4,)
    cell = small("cell", names("cell")[0])
    for width in (0, *learned):
        embedding = EMBEDDINGS[name](ModelConfig(cell=cell, embedding=width), inputs)
        params = embedding.init(jax.random.key(0)) if embedding.init else None
        features = embedding.apply(params, jax.tree.map(jnp.asarray, found))
        assert features.shape == (BATCH, TIME, embedding.width)
        turned = jax.tree.map(lambda leaf: jnp.swapaxes(leaf, 0, 1), found)
        np.testing.assert_array_equal(embedding.apply(params, turned), jnp.swapaxes(features, 0, 1))
