"""A small task of pairs of texts, whose splits are held, but not drawn from."""

from typing import Any

import numpy as np

from rnn_research.data.pair_labeller import PairLabeller
from rnn_research.data.tokens import tokeniser
from rnn_research.tasks.base import Data, Inputs, Target, Task, accuracy
from rnn_research.tasks.measures import classified
from tests.support.pairs import examples, in_batches


def pair_task(pairs, test, tokens="characters"):
    """A task that trains on pairs of texts and tests on others; batches of three."""
    every: list[Any] = [*pairs, *test]
    codec = PairLabeller(*(tokeniser(tokens, list(side)) for side in zip(*pairs)))
    batch = examples(*map(list, zip(*every)), codec.source, codec.target)

    def held_out(split, count):
        rows = range(len(pairs)) if split == "train" else range(len(pairs), len(every))
        batches = in_batches(batch, rows, 3)
        batches.weights.reshape(-1, batches.weights.shape[-1])[len(rows) :] = 0
        return batches

    def train(arrays, key, step, size):
        raise AssertionError("a baseline draws nothing")

    time = batch.targets.ids.shape[1]
    return Task(
        data=Data((), train, held_out, codec=codec, facts={"training_examples": len(pairs)}),
        inputs=Inputs("ids", codec.source.size, batch.inputs.shape[1]),
        target=Target("decoder", codec.target.size + 1, each_step=False, time=time),
        goal=accuracy({"accuracy": 0.0, "loss": float(np.log(codec.target.size + 1))}),
        measure=classified,
    )


def texts(task, labelling):
    """What a labelling says, and whether it ended."""
    found = []
    for ids, length in zip(
        *(np.asarray(leaf).reshape(-1, *leaf.shape[labelling.lengths.ndim :]) for leaf in labelling)
    ):
        said = ids[:length]
        found.append((task.data.codec.target.decode(said[said > 0] - 1), 0 in said))
    return found
