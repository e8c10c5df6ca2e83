"""What the probes of networks share."""

from collections.abc import Callable
from typing import Any

import jax

from rnn_research.models import Model
from rnn_research.probes.base import Subject
from rnn_research.tasks.base import Batch


def network_of(subject: Subject, probe: str) -> Model:
    """The subject's network.

    Raises:
      ValueError: it is a learner of another kind.
    """
    if subject.model is None:
        raise ValueError(f"probe {probe} is for networks, not for learner {subject.config.learner.name!r}")
    return subject.model


def examples_of(subject: Subject, count: int) -> Batch:
    """The first examples of the validation split, one batch of at most ``count``."""
    batches = subject.task.data.held_out("valid", subject.config.train.valid_examples)
    return jax.tree.map(lambda leaf: leaf[0][:count], batches)


def compiled(function: Callable, subject: Subject) -> Callable[[Any], Any]:
    """A function of the weights, compiled."""
    return jax.jit(function).lower(subject.template).compile()
