"""aⁿbⁿ and aⁿbⁿcⁿ: languages that take a counter, or two."""

import math

import jax
import jax.numpy as jnp

from rnn_research.tasks.base import Batch, Inputs, Target, Task, accuracy
from rnn_research.tasks.measures import weighted
from rnn_research.tasks.synthetic import check_lengths, own_lengths, synthetic


def counter_language(length: int = 20, shortest: int = 0, letters: int = 2) -> Task:
    """Predict the next symbol of aⁿbⁿ, which is context-free, or aⁿbⁿcⁿ, which is not (Gers and Schmidhuber 2001).

    A string is read after a mark, and the mark follows its end: ``⊢aabb`` asks for ``aabb⊢``, so the steps are one more
    than its symbols. n is uniform from shortest/letters to length/letters. After the first b every symbol is known; the
    end of the a's is not.

    Loss: cross-entropy over all steps. Accuracy: the share of strings accepted, which is to say that the likeliest
    symbol is the right one at every step from the first b on. Always naming the symbol just read accepts none, as the
    end is missed: the baseline, with the loss of even chances. Solved: at most 1% of the strings not accepted; the
    paper asks for all of a fixed set.

    Args:
      length: symbols in the longest string, at least one of each letter; what is left over is not used.
      shortest: of the shortest, likewise; 0: all strings have ``length``, and then time alone tells the answer.
      letters: 2 or 3; more need more counters.

    Raises:
      ValueError: too short, a shortest that is longer, or fewer than two letters.
    """
    if letters < 2:
        raise ValueError(f"counter_language needs letters 2 or more, not {letters}")
    check_lengths("counter_language", length, shortest, least=letters)
    most, least = length // letters, -(-shortest // letters)
    time, mark = letters * most + 1, letters

    def make(key, size):
        n = own_lengths(jax.random.uniform(key, (size, 1)), most, min(least, most))
        steps = jnp.arange(time + 1)[None]
        string = jnp.where((steps == 0) | (steps > letters * n), mark, (steps - 1) // n)
        inputs, own = jax.nn.one_hot(string[:, :-1], letters + 1), letters * n + 1
        weights = (steps[:, :-1] < own).astype(inputs.dtype)
        return Batch(inputs, string[:, 1:], weights, own[:, 0] if shortest else None)

    def measure(terms, batch):
        known = (batch.inputs[..., 1:letters] > 0).any(axis=-1) & (terms.weight > 0)
        accepted = (terms.right | ~known).all(axis=1).astype(terms.loss.dtype)
        return {"loss": weighted(terms.loss, terms.weight), "accuracy": weighted(accepted, terms.weight[:, 0])}

    return Task(
        data=synthetic(make),
        inputs=Inputs("numbers", letters + 1, time),
        target=Target("softmax", letters + 1, each_step=True),
        goal=accuracy({"loss": math.log(letters + 1), "accuracy": 0.0}, solved=0.99),
        measure=measure,
    )
