"""MNIST-1D: ten shapes in noise, as series of 40 numbers."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.data import mnist_1d as source
from rnn_research.data.batching import of_examples
from rnn_research.data.codec import Labels
from rnn_research.tasks.base import Batch, Data, Inputs, Target, Task, accuracy
from rnn_research.tasks.classification import class_scores
from rnn_research.tasks.measures import classified


def mnist_1d(permuted: bool = False, flattened: bool = True) -> Task:
    """MNIST-1D (Greydanus and Kobak 2024, "Scaling down deep learning with MNIST-1D"): one number a step, 40 steps, ten
    classes; 4,000 to train on and 1,000 to test on, made here by their program's definition and seed, and 1,000 more to
    validate on. Baseline: chance, 1/10 and ln 10.

    Args:
      permuted: shuffle the 40 steps, all series alike (the permutation is fixed); the paper's "shuffled".
      flattened: the class is told from the outputs of all steps side by side, as the paper's GRU tells it; False: from
        those after the last step.
    """
    splits = source.mnist_1d()
    steps = np.random.RandomState(42).permutation(source.TIME) if permuted else np.arange(source.TIME)
    data = {
        split: (jnp.asarray(values[:, steps, None], jnp.float32), jnp.asarray(labels, jnp.int32))
        for split, (values, labels) in splits.items()
    }

    def read(part: Any, rows: jax.Array, weights: jax.Array) -> Batch:
        return Batch(part[0][rows], part[1][rows], weights)

    train, held_out = of_examples(data, read)
    classes = len(source.TEMPLATES)
    names = tuple(map(str, range(classes)))
    head, time = ("flattened", source.TIME) if flattened else ("softmax", 0)
    return Task(
        data=Data(
            data["train"],
            train,
            held_out,
            codec=Labels(names),
            digest=source.digest(splits),
            facts={"training_examples": source.TRAINED},
        ),
        inputs=Inputs("numbers", 1, source.TIME),
        target=Target(head, classes, each_step=False, names=names, time=time),
        goal=accuracy({"loss": float(np.log(classes)), "accuracy": 1 / classes}),
        measure=classified,
        score=class_scores(names),
    )
