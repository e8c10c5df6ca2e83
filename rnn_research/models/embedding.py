"""What the first layer reads: features as they are, ids as one-hot vectors or by a table of embeddings (S16)."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.cells import Params
from rnn_research.cells.initializers import named
from rnn_research.experiment.config import PRETRAINED, ModelConfig
from rnn_research.tasks.base import Task


class Embedding(NamedTuple):
    """How inputs become features.

    Attributes:
      width: features that the first layer reads.
      init: ``(key) -> {"kernel": [ids, width]}``; used where ``model.embedding`` is not 0.
      apply: ``(params of the model, inputs) -> [..., width]``.
    """

    width: int
    init: Callable[[jax.Array], Params]
    apply: Callable[[Params, jax.Array], jax.Array]


def make_embedding(config: ModelConfig, task: Task) -> Embedding:
    """The embedding that a config and a task ask for.

    Raises:
      ValueError: one for a task whose inputs are not ids; tying without one; word vectors for a task without words.
    """
    if config.tied and not config.embedding:
        raise ValueError("model.tied needs model.embedding")
    if config.embedding_init in PRETRAINED and not config.embedding:
        raise ValueError(f"model.embedding_init={config.embedding_init} needs model.embedding, the vectors' width")
    if not task.ids:
        if config.embedding:
            raise ValueError("model.embedding is for tasks that read ids; this one reads numbers")
        return Embedding(task.input_size, lambda key: {}, lambda params, inputs: inputs)
    if not config.embedding:
        return Embedding(task.input_size, lambda key: {}, lambda params, ids: jax.nn.one_hot(ids, task.input_size))
    shape = (task.input_size, config.embedding)
    return Embedding(config.embedding, _initializer(config, task, shape), _look_up)


def _look_up(params: Params, ids: jax.Array) -> jax.Array:
    return params["embedding"]["kernel"][ids]


def _initializer(config: ModelConfig, task: Task, shape: tuple[int, int]) -> Callable[[jax.Array], Params]:
    """Random vectors, or those that words were given elsewhere; a word without one, and the beginning, get random ones
    of the same spread."""
    if config.embedding_init not in PRETRAINED:
        random = named(config.embedding_init)
        return lambda key: {"kernel": random(key, shape)}
    if task.text is None:
        raise ValueError(f"model.embedding_init={config.embedding_init} is for tasks that read words")
    vectors, found = task.text.vectors(config.embedding_init, config.embedding)

    def init(key: jax.Array) -> Params:
        random = jax.random.normal(key, shape) * vectors[found].std()
        known = jnp.pad(jnp.asarray(found), (0, shape[0] - len(found)))[:, None]
        return {"kernel": jnp.where(known, jnp.pad(vectors, ((0, shape[0] - len(vectors)), (0, 0))), random)}

    return init
