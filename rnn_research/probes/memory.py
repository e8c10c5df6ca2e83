"""What a hidden state is made of, input by input, and whether it moves without any (S28, C28): the lecture's four
steps."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.exhibits import Curve, Matrix
from rnn_research.models import Model, Weights
from rnn_research.probes.base import Look, Probe, Subject, at_end
from rnn_research.probes.lengths import task_of_length
from rnn_research.probes.networks import compiled, examples_of, network_of
from rnn_research.recurrence import run
from rnn_research.tasks.base import Findings

SHARES = (
    "By how much the hidden layer's output at step t changes where the input of step k is that of another sequence, as "
    "a share of what all inputs change."
)
MOVES = "‖h_t − h_{t−1}‖ as a share of ‖h_1‖: an input at step 1, none after it. Mean over sequences."


def memory(span: int = 4, examples: int = 64) -> Probe:
    """The first steps of sequences: how much each input is in each output of the top layer, and how far the output
    moves from step to step where there is an input at the first step and zeros after it; after the last update.

    Row: ``moved``, the least of ``‖h_t − h_{t−1}‖ / ‖h_1‖`` for t = 2 … span; ``first_kept``, the share that the first
    input has in what the last step's output is made of. Exhibits: the shares, and the moves by step.

    Args:
      span: how many steps, at least 2; a task with an option ``length`` is looked at with sequences that long.
      examples: validation sequences looked at, at least 2.

    Raises:
      ValueError: a value too small.
    """
    if span < 2 or examples < 2:
        raise ValueError(f"probe memory needs a span and examples from 2 on, not {span} and {examples}")

    def looked_at(subject: Subject) -> Subject:
        if subject.task.inputs.time >= span:
            return subject
        return subject._replace(task=task_of_length(subject.config, span))

    def check(subject: Subject) -> None:
        if network_of(subject, "memory").inside.cell is None:
            raise ValueError("probe memory is for a network that reads one way, without a norm between layers")
        looked_at(subject)

    def make(subject: Subject) -> Look:
        check(subject)
        inputs = jax.tree.map(lambda leaf: leaf[:, :span], examples_of(looked_at(subject), examples).inputs)
        found = compiled(lambda weights: shares_and_moves(subject.model, weights.params, inputs), subject)

        def look(weights: Weights) -> Findings:
            shares, moves = map(np.asarray, found(weights))
            numbers = {"moved": float(moves.min()), "first_kept": float(shares[-1, 0])}
            return Findings(numbers, (_shares(shares), _moves(moves)))

        return look

    return Probe(at_end, make, check)


def shares_and_moves(model: Model, params: Any, inputs: Any) -> tuple[jax.Array, jax.Array]:
    """What outputs are made of, and how they move without inputs.

    Args:
      inputs: leaves ``[examples, steps, ...]``.

    Returns:
      shares ``[t, k]``: the mean over examples of ``‖h_t(x) − h_t(x with x_k of the next example)‖``, each row divided
      by its sum; 0 for k > t. Moves ``[steps − 1]``: means of ``‖h_t − h_{t−1}‖ / ‖h_1‖`` where x_t = 0 for t > 1.
    """
    cell = model.inside.cell
    assert cell is not None
    x = jnp.swapaxes(model.inside.embed(params, inputs), 0, 1)
    steps = jnp.arange(len(x))[:, None, None]

    def outputs(x: jax.Array) -> jax.Array:
        return run(cell, params["recurrent"], x)[1]

    def replaced(step: jax.Array) -> jax.Array:
        return outputs(jnp.where(steps == step, jnp.roll(x, 1, axis=1), x))

    # With step −1 nothing is replaced; made by the same program, outputs that are not changed are equal to the bit.
    before, *after = jax.lax.map(replaced, jnp.arange(-1, len(x)))
    changed = jnp.stack([jnp.linalg.norm(one - before, axis=-1).mean(axis=1) for one in after], axis=1)
    silent = outputs(jnp.where(steps == 0, x, 0))
    moves = jnp.linalg.norm(jnp.diff(silent, axis=0), axis=-1) / jnp.linalg.norm(silent[:1], axis=-1)
    return changed / changed.sum(axis=1, keepdims=True), moves.mean(axis=1)


def _shares(shares: np.ndarray) -> Matrix:
    return Matrix(
        "memory_shares",
        "What the hidden layer holds",
        shares.tolist(),
        xlabel="input of step k",
        ylabel="output of step t",
        caption=SHARES,
        zlabel="share of the output",
    )


def _moves(moves: np.ndarray) -> Curve:
    return Curve(
        "memory_moves",
        "How the hidden layer moves without inputs",
        moves.tolist(),
        first=2,
        xlabel="step t",
        ylabel="‖h_t − h_{t−1}‖ / ‖h_1‖",
        caption=MOVES,
    )
