"""Classes: a dense layer, the softmax of it, and its cross-entropy (S05)."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax

from rnn_research.heads.base import Head
from rnn_research.heads.cross_entropy import cross_entropy
from rnn_research.heads.dense import dense, init_dense, scored
from rnn_research.tasks.base import Target, Terms

LARGE = 1000  # classes from which on the cross-entropy that forms no softmax is the faster on a CPU


def softmax(target: Target, initializer: Callable, large: int = LARGE) -> Head:
    """``p = softmax(x W + b)``; the loss of a term is ``−ln p(class)``, in nats.

    Targets are whole numbers ``[batch]`` or ``[batch, time]``, answers the likeliest classes, of that shape.

    Args:
      large: from so many classes on the loss is computed without the softmax (``heads.cross_entropy``), up to rounding
        the same.
    """

    def nats(params, read, batch):
        features, ids = scored(target, read), batch.targets
        rows = features.reshape(-1, features.shape[-1])
        return cross_entropy(rows, params["kernel"], params["bias"], ids.reshape(-1)).reshape(ids.shape)

    def terms(params, read, batch, noise):
        if target.size >= large:
            return Terms(nats(params, read, batch), batch.weights, answer(params, read, batch) == batch.targets)
        outputs = jnp.where(batch.weights[..., None] > 0, dense(params, scored(target, read)), 0)
        entropy = optax.losses.softmax_cross_entropy_with_integer_labels(outputs, batch.targets)
        return Terms(entropy, batch.weights, jnp.argmax(outputs, axis=-1) == batch.targets)

    def answer(params, read, batch):
        return jnp.argmax(dense(params, scored(target, read)), axis=-1)

    def draw(params, features, key, temperature):
        return jax.random.categorical(key, dense(params, features) / temperature)

    init = init_dense(target.size, initializer)
    return Head(init, terms, answer, dense, draw) if target.each_step else Head(init, terms, answer)
