"""Classes: a dense layer, the softmax of it, and its cross-entropy (S05)."""

import jax
import jax.numpy as jnp
import optax

from rnn_research.experiment.config import ModelConfig
from rnn_research.heads.base import Head
from rnn_research.heads.chain import viterbi
from rnn_research.heads.cross_entropy import cross_entropy
from rnn_research.heads.dense import dense, init_dense, scored
from rnn_research.heads.order import counted, restricted
from rnn_research.tasks.base import Target, Terms

LARGE = 1000  # classes from which on the cross-entropy that forms no softmax is the faster on a CPU


def softmax(config: ModelConfig, target: Target, scheme: str = "", large: int = LARGE) -> Head:
    """``p = softmax(x W + b)``; the loss of a term is ``−ln p(class)``, in nats.

    Targets are whole numbers ``[batch]`` or ``[batch, time]``, answers the likeliest classes, of that shape; with a
    ``scheme`` the likeliest sequence of classes that it allows, steps being independent (Viterbi 1967).

    Args:
      scheme: of names that label spans, a name in ``data.spans.LETTERS``; empty: any sequence may be answered.
      large: from so many classes on the loss is computed without the softmax (``heads.cross_entropy``), up to rounding
        the same.

    Raises:
      ValueError: names that are not of the scheme.
    """
    order = restricted(target, scheme)

    def nats(params, read, batch):
        features, ids = scored(target, read), batch.targets
        rows = features.reshape(-1, features.shape[-1])
        return cross_entropy(rows, params["kernel"], params["bias"], ids.reshape(-1)).reshape(ids.shape)

    def terms(params, read, batch, noise):
        if target.size >= large:
            found = answer(params, read, batch)
            return Terms(nats(params, read, batch), batch.weights, found == batch.targets, found)
        outputs = jnp.where(batch.weights[..., None] > 0, dense(params, scored(target, read)), 0)
        entropy = optax.losses.softmax_cross_entropy_with_integer_labels(outputs, batch.targets)
        found = likeliest(outputs, batch)
        return Terms(entropy, batch.weights, found == batch.targets, found)

    def answer(params, read, batch):
        return likeliest(dense(params, scored(target, read)), batch)

    def likeliest(outputs, batch):
        if order is None:
            return jnp.argmax(outputs, axis=-1)
        return viterbi(outputs, order, counted(outputs, batch))

    def draw(params, features, key, temperature):
        return jax.random.categorical(key, dense(params, features) / temperature)

    init = init_dense(target.size, config)
    if target.each_step:
        return Head(init, terms, answer, dense, draw)
    return Head(init, terms, answer, classes=lambda params, read: dense(params, scored(target, read)))
