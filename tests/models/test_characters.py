"""What is made of letters: NumPy references, padding that changes nothing, each spelling read once."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.data.spelled_words import Spelled
from rnn_research.experiment.choice import Choice
from rnn_research.experiment.config import ModelConfig
from rnn_research.models.characters import CHARACTERS, CHUNK, convolution, encode_distinct, recurrent
from rnn_research.models.embedding import make_embedding
from rnn_research.tasks import Inputs
from tests.support.at_random import at_random

LETTERS = 7
ENCODERS = {
    "recurrent": recurrent("gru", hidden=3, embedding=2),
    "one way": recurrent("elman", hidden=3, embedding=2, both_ways=False),
    "convolution": convolution(features=5, span=3, embedding=2),
}


def some_words(count, longest=4, seed=0):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, longest + 1, count)
    return np.where(np.arange(longest) < lengths[:, None], rng.integers(1, LETTERS, (count, longest)), 0)


@pytest.mark.parametrize("name", ENCODERS)
def test_letters_that_are_none_change_nothing(name):
    encoder = ENCODERS[name]
    params = at_random(lambda: encoder.init(jax.random.key(0), LETTERS))
    words = some_words(6)
    apply = jax.jit(encoder.apply)
    found = apply(params, words)
    assert found.shape == (6, encoder.width)
    np.testing.assert_allclose(apply(params, np.pad(words, ((0, 0), (0, 2)))), found, atol=1e-6)
    empty = words[:, 0] == 0
    assert 0 < empty.sum() < 6
    assert (np.abs(found).max(axis=1) > 0).tolist() == (~empty).tolist()


def test_a_convolution_is_the_greatest_of_the_places():
    encoder = convolution(features=4, span=3, embedding=2)
    params = jax.tree.map(np.asarray, at_random(lambda: encoder.init(jax.random.key(1), LETTERS))) | {
        "bias": np.array([0.1, -0.2, 0, 0.3])
    }
    words = some_words(5)
    for word, found in zip(words, jax.jit(encoder.apply)(params, words)):
        vectors = [params["letters"]["kernel"][letter] for letter in word if letter]
        around = [np.zeros(2), *vectors, np.zeros(2)]
        places = [
            np.maximum(sum(around[t + k] @ params["kernel"][k] for k in range(3)) + params["bias"], 0)
            for t in range(len(vectors))
        ]
        np.testing.assert_allclose(found, np.max(places, axis=0) if places else np.zeros(4), rtol=1e-5)


def test_a_word_is_what_a_cell_ends_with_both_ways():
    encoder = recurrent("elman", hidden=3, embedding=2)
    params = jax.tree.map(np.asarray, at_random(lambda: encoder.init(jax.random.key(1), LETTERS)))
    words = some_words(5)

    def ends(cell, word):
        state = np.zeros(3)
        for letter in word:
            x = params["letters"]["kernel"][letter] @ cell["input_kernel"]
            state = np.tanh(x + state @ cell["recurrent_kernel"] + cell["bias"])
        return state

    for word, found in zip(words, jax.jit(encoder.apply)(params, words)):
        read = [letter for letter in word if letter]
        expected = [*ends(params["cells"][0], read), *ends(params["cells"][1], read[::-1])]
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("distinct", [1, 5, CHUNK + 9])
def test_each_spelling_is_read_once_and_gives_what_it_gives_alone(distinct):
    encoder = ENCODERS["convolution"]
    params = at_random(lambda: encoder.init(jax.random.key(0), LETTERS))
    table = jnp.asarray(some_words(distinct))
    surfaces = jnp.asarray(np.random.default_rng(1).integers(0, distinct, (3, CHUNK // 2)))
    weights = np.random.default_rng(2).normal(size=(*surfaces.shape, encoder.width))

    @jax.jit
    def once(params):
        return (encode_distinct(encoder, params, surfaces, table[surfaces]) * weights).sum()

    @jax.jit
    def each(params):
        return (encoder.apply(params, table[surfaces].reshape(-1, 4)).reshape(weights.shape) * weights).sum()

    (value, gradient), (value_2, gradient_2) = (jax.value_and_grad(f)(params) for f in (once, each))
    np.testing.assert_allclose(value, value_2, rtol=1e-5)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4), gradient, gradient_2)


def test_networks_side_by_side_read_what_each_reads_alone():
    encoder = ENCODERS["convolution"]
    keys = jax.random.split(jax.random.key(0), 2)
    params = jax.vmap(lambda key: encoder.init(key, LETTERS))(keys)
    table = jnp.asarray(some_words(2 * CHUNK))
    surfaces = jnp.stack([jnp.arange(2 * CHUNK) % 3, jnp.arange(2 * CHUNK)])[:, None]

    def read(params, surfaces):
        return jax.value_and_grad(
            lambda params: (encode_distinct(encoder, params, surfaces, table[surfaces]) ** 2).sum()
        )(params)

    together = jax.jit(jax.vmap(read))(params, surfaces)
    one, other = (jax.jit(read)(jax.tree.map(lambda leaf, row=row: leaf[row], params), surfaces[row]) for row in (0, 1))
    apart = jax.tree.map(lambda a, b: jnp.stack([a, b]), one, other)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4), together, apart)


def tokens(words):
    return Spelled(np.array([words]), np.array([words]), np.array([words])[..., None] % LETTERS)


def test_words_without_a_vector_are_the_unknown_one():
    vectors = np.array([[0, 0], [1, 2], [0, 0], [5, 6], [0, 0]], np.float32)
    found = np.array([False, True, False, True, False])
    inputs = Inputs("words_and_characters", (3, 5, LETTERS), 5, lambda source, size: (vectors, found))
    embedding = make_embedding(ModelConfig(embedding=2, embedding_init="glove"), inputs)
    assert embedding.init is not None and embedding.width == 2
    params = embedding.init(jax.random.key(0))
    made = embedding.apply(params, tokens([0, 1, 2, 3, 4]))[0]
    assert np.array_equal(made[1], [1, 2]) and np.array_equal(made[3], [5, 6])
    assert np.array_equal(made[4], made[0]) and np.abs(made[0]).min() > 0 and not np.array_equal(made[2], made[0])
    gradient = jax.grad(lambda params: embedding.apply(params, tokens([4, 3])).sum())(params)["kernel"]
    assert np.array_equal(gradient, [[1, 1], [0, 0], [0, 0], [1, 1], [0, 0]])

    random = make_embedding(ModelConfig(embedding=2), inputs)
    assert random.init is not None
    params = random.init(jax.random.key(0))
    made = random.apply(params, tokens([0, 1, 3, 4]))[0]
    assert (
        np.array_equal(made[2], made[0]) and np.array_equal(made[3], made[0]) and not np.array_equal(made[1], made[0])
    )


def test_widths_add_up_and_what_cannot_be_is_refused():
    inputs = Inputs("words_and_characters", (3, 5, LETTERS), 5)
    letters = Choice("convolution", features=4, span=3, embedding=2)
    assert make_embedding(ModelConfig(embedding=2, characters=letters), inputs).width == 6
    assert make_embedding(ModelConfig(characters=letters), inputs).width == 4
    one_hot = make_embedding(ModelConfig(), inputs)
    assert one_hot.width == 3 and one_hot.init is None
    assert np.array_equal(one_hot.apply(None, tokens([2, 4]))[0], jnp.eye(3)[np.array([2, 0])])
    with pytest.raises(ValueError, match=r"model\.tied is for tasks whose targets"):
        make_embedding(ModelConfig(embedding=2, tied=True), inputs)
    with pytest.raises(ValueError, match=r"model\.characters=.* is for tasks that read words and their letters"):
        make_embedding(ModelConfig(characters=letters), Inputs("ids", 3, 5))
    for name, options in (("convolution", {"span": 2}), ("recurrent", {"hidden": 0}), ("recurrent", {"cell": "ltsm"})):
        with pytest.raises(ValueError):
            CHARACTERS[name](**options)
