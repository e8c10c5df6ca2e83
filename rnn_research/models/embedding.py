"""What the first layer reads: features as they are, ids as one-hot vectors or by a table of embeddings (S16).

A new kind of input, one that is a tree of arrays too, is a function here and a line in ``EMBEDDINGS``.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.cells import Params
from rnn_research.cells.initializers import Initializer, named
from rnn_research.experiment.config import PRETRAINED, ModelConfig
from rnn_research.lookup import lookup
from rnn_research.tasks.base import Inputs

FROZEN = "frozen"  # the name of a parameter that no training changes


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
    return lookup(EMBEDDINGS, inputs.kind, "kind of inputs")(config, inputs)


def check_embedding(config: ModelConfig) -> None:
    """Refuse what needs an embedding where there is none.

    Raises:
      ValueError: tying, or word vectors, without one; an unknown initialiser, with one or without; tying to one that
        stays as it begins.
    """
    if config.embedding_init not in PRETRAINED:
        initializer("model.embedding_init", config.embedding_init)
    if config.tied and not config.embedding:
        raise ValueError("model.tied needs model.embedding")
    if config.tied and config.embedding_frozen:
        raise ValueError("model.tied trains the embedding, which model.embedding_frozen forbids")
    if config.embedding_init in PRETRAINED and not config.embedding:
        raise ValueError(f"model.embedding_init={config.embedding_init} needs model.embedding, the vectors' width")


def initializer(setting: str, name: str) -> Initializer:
    """The initialiser of a name, which a setting holds.

    Raises:
      ValueError: an unknown name.
    """
    try:
        return named(name)
    except ValueError as error:
        raise ValueError(f"{setting}: {error}") from error


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

    def vectors(params: Params) -> jax.Array:
        return jax.lax.stop_gradient(params[name]) if config.embedding_frozen else params[name]

    return Embedding(
        width=config.embedding,
        init=lambda key: {name: draw(key)},
        apply=lambda params, found: vectors(params)[found],
        table=lambda params, kernel: vectors(params) @ kernel,
    )


def _initializer(config: ModelConfig, inputs: Inputs, shape: tuple[int, int]) -> Callable[[jax.Array], jax.Array]:
    """Random vectors, or those that words were given elsewhere; a word without one, and the beginning, get random ones
    of the same spread."""
    if config.embedding_init not in PRETRAINED:
        random = initializer("model.embedding_init", config.embedding_init)
        return lambda key: random(key, shape)
    if inputs.vectors is None:
        raise ValueError(f"model.embedding_init={config.embedding_init} is for tasks that read words")
    vectors, found = inputs.vectors(config.embedding_init, config.embedding)

    def init(key: jax.Array) -> jax.Array:
        random = jax.random.normal(key, shape) * vectors[found].std()
        known = jnp.pad(jnp.asarray(found), (0, shape[0] - len(found)))[:, None]
        return jnp.where(known, jnp.pad(vectors, ((0, shape[0] - len(vectors)), (0, 0))), random)

    return init


EMBEDDINGS: dict[str, Callable[[ModelConfig, Inputs], Embedding]] = {"numbers": numbers, "ids": ids, "words": ids}
