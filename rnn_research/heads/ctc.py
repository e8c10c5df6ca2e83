"""Connectionist temporal classification: a labelling of a sequence that nobody has cut up (S24)."""

import jax
import jax.numpy as jnp
import optax

from rnn_research.cells.base import Params
from rnn_research.decoding.labellings import best_path, prefix_beam
from rnn_research.experiment.config import ModelConfig
from rnn_research.heads.base import Head, Read
from rnn_research.heads.dense import check_pooling, dense, init_dense
from rnn_research.recurrence.masking import valid_steps
from rnn_research.tasks.base import Batch, Labelling, Target, Terms

NEVER = -1e5  # logarithm of the probability of what may not be written; optax's own for what does not fit


def ctc(config: ModelConfig, target: Target, beam: int = 0, delay: int = 0) -> Head:
    """A softmax over the labels and a blank in every frame; the loss of a sequence is ``−ln p(labelling)`` in nats, the
    sum over all paths of it (Graves, Fernández, Gomez and Schmidhuber 2006).

    Targets are ``Labelling``s of ``target.size`` labels, as many as ``target.time`` in the longest; the blank is one
    more. Answers are the labelling of the likeliest path, or what a prefix beam search finds; longer ones than
    ``target.time`` are cut off. ``right`` is of the likeliest path.

    A labelling of n labels, r of which are those before them, takes n + r frames. One that does not fit has a loss of
    100,000, and is trained on like any other: who makes the data refuses it (``data.own_lines.frames_needed``).

    Args:
      beam: prefixes that the search keeps; 0: no search.
      delay: frames at the beginning in which nothing but the blank may be written; the others must fit the labelling.
        What reads one way knows nothing there and yet learns to guess the first label in the first frame, the only one
        that can be told from others before anything is read; once it is expected there, paths that wait have no weight.
        (Graves and Schmidhuber 2005 gave such networks their targets some frames late.)

    Raises:
      ValueError: a target that does not say how long the longest is, or that has an output at every step; a negative
        delay; pooling.
    """
    if target.time < 1 or target.each_step:
        raise ValueError("ctc needs a target with its greatest length (time), and one loss for the sequence")
    if delay < 0:
        raise ValueError(f"ctc needs a delay from 0 on, not {delay}")
    check_pooling(config, target.head)

    def terms(params, read, batch, noise):
        scores, valid = frames(params, read.steps, batch, delay)
        scores = jnp.where((batch.weights > 0)[:, None, None], scores, 0)
        ids, lengths = batch.targets
        counts = jnp.arange(ids.shape[1])[None] < lengths[:, None]
        beyond, unread = (~valid).astype(scores.dtype), (~counts).astype(scores.dtype)
        loss = optax.ctc_loss(scores, beyond, ids, unread, blank_id=target.size)
        found, found_lengths = best_path(scores, valid, target.time)
        right = (found_lengths == lengths) & (~counts | (found == ids)).all(axis=1)
        return Terms(loss, batch.weights, right)

    def answer(params: Params, read: Read, batch: Batch) -> Labelling:
        scores, valid = frames(params, read.steps, batch, delay)
        if not beam:
            return Labelling(*best_path(scores, valid, target.time))
        return Labelling(*prefix_beam(jax.nn.log_softmax(scores), valid, target.time, beam)[:2])

    return Head(init_dense(target.size + 1, config), terms, answer)


def frames(params: Params, features: jax.Array, batch: Batch, delay: int = 0) -> tuple[jax.Array, jax.Array]:
    """Logits of the labels and the blank ``[batch, time, size + 1]``, and which frames count ``[batch, time]``.

    Args:
      params: of the head.
      features: ``[time, batch, width]``.
      delay: see ``ctc``.
    """
    time, rows = features.shape[:2]
    valid = jnp.ones((time, rows), bool) if batch.lengths is None else valid_steps(time, batch.lengths)
    scores = dense(params, jnp.where(valid[..., None], features, 0))
    scores = scores.at[:delay, :, :-1].set(NEVER) if delay else scores
    return jnp.swapaxes(scores, 0, 1), valid.T
