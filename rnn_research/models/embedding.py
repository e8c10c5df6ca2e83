"""What the first layer reads: features as they are, ids as one-hot vectors or by a table of embeddings (S16).

A new kind of input, one that is a tree of arrays too, is a function here and a line in ``EMBEDDINGS``.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.cells import Params
from rnn_research.cells.initializers import of_setting
from rnn_research.experiment.choice import build
from rnn_research.experiment.config import NO_CHARACTERS, PRETRAINED, ModelConfig
from rnn_research.lookup import lookup
from rnn_research.models.characters import CHARACTERS, encode_distinct
from rnn_research.tasks.base import Inputs

FROZEN = "frozen"  # the name of a parameter that no training changes
SPELLED = "words_and_characters"


class Embedding(NamedTuple):
    """How inputs become features.

    Attributes:
      width: features that the first layer reads.
      init: ``(key) -> params``, as ``{"kernel": [ids, width]}``, or ``frozen`` in the place of ``kernel`` where they
        stay as they begin; None where there are none.
      apply: ``(params, inputs) -> [..., width]``; params None where there are none. The axes that lead in the inputs
        lead in the features.
      table: ``(params, kernel [width, n]) -> [ids, n]``, whose rows are what ``apply`` makes of each id, times the
        kernel; None where the inputs are no ids.
    """

    width: int
    init: Callable[[jax.Array], Params] | None
    apply: Callable[[Params, Any], jax.Array]
    table: Callable[[Params, jax.Array], jax.Array] | None = None


def make_embedding(config: ModelConfig, inputs: Inputs) -> Embedding:
    """The embedding that a config and the inputs ask for.

    Raises:
      ValueError: one for inputs that are not ids; tying without one; word vectors for inputs without words.
    """
    check_embedding(config)
    if config.characters.name != NO_CHARACTERS.name and inputs.kind != SPELLED:
        raise ValueError(f"model.characters={config.characters} is for tasks that read words and their letters")
    return lookup(EMBEDDINGS, inputs.kind, "kind of inputs")(config, inputs)


def check_embedding(config: ModelConfig) -> None:
    """Refuse what needs an embedding where there is none.

    Raises:
      ValueError: tying, or word vectors, without one; an unknown initialiser, with one or without; tying to one that
        stays as it begins.
    """
    if config.embedding_init not in PRETRAINED:
        of_setting("model.embedding_init", config.embedding_init)
    if config.tied and not config.embedding:
        raise ValueError("model.tied needs model.embedding")
    if config.tied and config.embedding_frozen:
        raise ValueError("model.tied trains the embedding, which model.embedding_frozen forbids")
    if config.embedding_init in PRETRAINED and not config.embedding:
        raise ValueError(f"model.embedding_init={config.embedding_init} needs model.embedding, the vectors' width")


def numbers(config: ModelConfig, inputs: Inputs) -> Embedding:
    """Features as they are."""
    if config.embedding:
        raise ValueError("model.embedding is for tasks that read ids; this one reads numbers")
    return Embedding(inputs.size, None, lambda params, features: features)


def ids(config: ModelConfig, inputs: Inputs) -> Embedding:
    """Whole numbers below ``inputs.size``."""
    if not config.embedding:
        return Embedding(
            width=inputs.size,
            init=None,
            apply=lambda params, found: jax.nn.one_hot(found, inputs.size),
            table=lambda params, kernel: kernel,
        )
    draw = _initializer(config, inputs, (inputs.size, config.embedding))
    name = FROZEN if config.embedding_frozen else "kernel"

    return Embedding(
        width=config.embedding,
        init=lambda key: {name: draw(key)},
        apply=lambda params, found: vectors_of(params, name)[found],
        table=lambda params, kernel: vectors_of(params, name) @ kernel,
    )


def vectors_of(params: Params, name: str) -> jax.Array:
    """The vectors ``[ids, width]``; what is frozen gives no gradient."""
    return jax.lax.stop_gradient(params[name]) if name == FROZEN else params[name]


def words_and_characters(config: ModelConfig, inputs: Inputs) -> Embedding:
    """A word's vector beside what ``model.characters`` makes of its letters (Ling et al. 2015; Ma and Hovy 2016).

    Inputs are those of ``data.spelled_words``, sizes the numbers of training words, of all words, and of letters. With
    ``model.embedding=0`` the letters are all; without them, words are one-hot. A word that is not in training has a
    vector where those that the embedding begins with hold one; else it is the unknown word, number 0.
    """
    if config.tied:
        raise ValueError("model.tied is for tasks whose targets are the ids that they read; these are labels of words")
    trained, words, letters = inputs.size
    encoder, width = build(config.characters, CHARACTERS, "characters"), config.embedding
    one_hot = not width and not encoder
    wide = trained if one_hot else width
    vectors = _initializer(config, inputs, (words, width), trained) if width else None
    name = FROZEN if config.embedding_frozen else "kernel"

    def init(key):
        params = {}
        if vectors:
            params[name] = vectors(key)
        if encoder:
            params["characters"] = encoder.init(jax.random.fold_in(key, 1), letters)
        return params

    def apply(params, found):
        if one_hot:
            return jax.nn.one_hot(jnp.where(found.words < trained, found.words, 0), trained)
        parts = []
        if vectors:
            kernel = vectors_of(params, name)
            vector = kernel[found.words]
            missing = (found.words >= trained) & (vector == 0).all(axis=-1)
            parts.append(jnp.where(missing[..., None], kernel[0], vector))
        if encoder:
            parts.append(encode_distinct(encoder, params["characters"], found.surfaces, found.characters))
        return jnp.concatenate(parts, axis=-1)

    return Embedding(wide + (encoder.width if encoder else 0), None if one_hot else init, apply)


def _initializer(
    config: ModelConfig, inputs: Inputs, shape: tuple[int, int], trained: int | None = None
) -> Callable[[jax.Array], jax.Array]:
    """Random vectors, or those that words were given elsewhere; a word without one, and the beginning, get random ones
    of the same spread. Words from number ``trained`` on, which nothing is learned of, get zeros instead."""
    learned = (np.arange(shape[0]) < (shape[0] if trained is None else trained))[:, None]
    if config.embedding_init not in PRETRAINED:
        random = of_setting("model.embedding_init", config.embedding_init)
        return lambda key: jnp.where(learned, random(key, shape), 0)
    if inputs.vectors is None:
        raise ValueError(f"model.embedding_init={config.embedding_init} is for tasks that read words")
    vectors, found = inputs.vectors(config.embedding_init, config.embedding)

    def init(key: jax.Array) -> jax.Array:
        random = jnp.where(learned, jax.random.normal(key, shape) * vectors[found].std(), 0)
        known = jnp.pad(jnp.asarray(found), (0, shape[0] - len(found)))[:, None]
        return jnp.where(known, jnp.pad(vectors, ((0, shape[0] - len(vectors)), (0, 0))), random)

    return init


EMBEDDINGS: dict[str, Callable[[ModelConfig, Inputs], Embedding]] = {
    "numbers": numbers,
    "ids": ids,
    "words": ids,
    SPELLED: words_and_characters,
}
