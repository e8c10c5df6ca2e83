"""A conditional random field over the labels of all steps (Lafferty et al. 2001; on top of a bidirectional LSTM: Huang
et al. 2015, Lample et al. 2016)."""

import jax
import jax.numpy as jnp

from rnn_research.cells.base import Params
from rnn_research.experiment.config import ModelConfig
from rnn_research.heads.base import Head
from rnn_research.heads.chain import Chain, negative_log_likelihood, viterbi
from rnn_research.heads.dense import dense, init_dense, scored
from rnn_research.heads.order import counted, restricted
from rnn_research.tasks.base import Batch, Target, Terms


def crf(config: ModelConfig, target: Target, scheme: str = "") -> Head:
    """``p(y) ∝ exp(first[y_1] + Σ_t (x_t W + b)[y_t] + Σ_t follows[y_t-1, y_t] + last[y_n])``.

    The loss is ``−ln p`` of the sequence of targets, in nats, over all sequences of labels; every step has an equal
    share of it, so that its mean over steps can be held beside a softmax's. Steps of weight 0 are left out of the
    chain. Answers are the likeliest sequence (Viterbi 1967), of those that the ``scheme`` of the names allows, where
    there is one (``data.spans.LETTERS``).

    Targets and answers are whole numbers ``[batch, time]``, weights ``[batch, time]``.

    Raises:
      ValueError: a target with one output for the sequence; names that are not of the scheme.
    """
    if not target.each_step:
        raise ValueError("crf needs a target with an output at every step")
    order, init_scores = restricted(target, scheme), init_dense(target.size, config)

    def init(key: jax.Array, width: int) -> Params:
        size = target.size
        chain = {"first": jnp.zeros(size), "follows": jnp.zeros((size, size)), "last": jnp.zeros(size)}
        return init_scores(key, width) | chain

    def terms(params, read, batch, noise):
        counts = batch.weights > 0
        scores = jnp.where(counts[..., None], dense(params, scored(target, read)), 0)
        nats = negative_log_likelihood(scores, chain_of(params), counts, batch.targets)
        share = nats / jnp.maximum(counts.sum(axis=1), 1)
        found = likeliest(params, scores, batch)
        return Terms(jnp.where(counts, share[:, None], 0), batch.weights, found == batch.targets, found)

    def answer(params, read, batch):
        return likeliest(params, dense(params, scored(target, read)), batch)

    def likeliest(params: Params, scores: jax.Array, batch: Batch) -> jax.Array:
        chain = jax.tree.map(jnp.add, chain_of(params), order) if order else chain_of(params)
        return viterbi(scores, chain, counted(scores, batch))

    return Head(init, terms, answer)


def chain_of(params: Params) -> Chain:
    """The chain among a head's parameters."""
    return Chain(params["first"], params["follows"], params["last"])
