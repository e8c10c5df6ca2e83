"""Training examples against held-out ones, both without noise: how far a network fits what it was trained on better
than what it was not."""

from functools import partial

import jax
import jax.numpy as jnp

from rnn_research.models import Weights
from rnn_research.probes.base import Look, Probe, Subject, at_end
from rnn_research.probes.networks import compiled, network_of
from rnn_research.tasks.base import Batch, Findings
from rnn_research.training.step import Setup, evaluate


def gap() -> Probe:
    """The reported metric on training batches and on the validation split, of the parameters after the last update,
    without the noise of training, which is in the train rows of a run with dropout.

    Row: ``METRIC@train``, ``METRIC@valid``, and ``gap``, by how much the latter is the worse one.
    """

    def check(subject: Subject) -> None:
        network_of(subject, "gap")

    def make(subject: Subject) -> Look:
        model, goal, task = network_of(subject, "gap"), subject.task.goal, subject.task
        setup = Setup(subject.config, task, model)
        scored = {"train": training_batches(subject)}
        scored["valid"] = task.data.held_out("valid", subject.config.train.valid_examples)
        score = {
            split: compiled(partial(evaluate, setup, batches=batches), subject) for split, batches in scored.items()
        }

        def look(weights: Weights) -> Findings:
            found = {split: float(of(weights)[goal.metric]) for split, of in score.items()}
            worse = found["valid"] - found["train"]
            numbers = {f"{goal.metric}@{split}": value for split, value in found.items()}
            return Findings(numbers | {"gap": worse if goal.better == "lower" else -worse})

        return look

    return Probe(at_end, make, check)


def training_batches(subject: Subject) -> Batch:
    """As many consecutive ones as hold the examples that are held out for validation, stacked; the same for all
    trials."""
    train, data = subject.config.train, subject.task.data
    steps = jnp.arange(-(-train.valid_examples // train.batch))
    make = jax.vmap(lambda step: data.train(data.arrays, jax.random.key(0), step, train.batch))
    return jax.tree.map(jax.device_get, jax.jit(make)(steps))
