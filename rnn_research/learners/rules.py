"""What baselines of pairs share: answers by a rule, which copies what the target's vocabulary holds, and how likely the
rule is to be right."""

from collections.abc import Callable
from typing import Any

import numpy as np

from rnn_research.data.encoding import UNKNOWN, Tokeniser
from rnn_research.data.pair_labeller import PairLabeller
from rnn_research.data.pairs import END
from rnn_research.experiment.config import TrialConfig
from rnn_research.learners.base import Kind, Learner
from rnn_research.learners.fitted import Fitted, State, learner_of, trained
from rnn_research.tasks.base import EVERYTHING, Batch, Labelling, Task, Terms

Answer = Callable[[State, Batch, int], Labelling]


def kind_of(name: str, fit: Callable[[np.ndarray, Batch], State], answer: Answer) -> Kind:
    """A baseline of pairs, which looks at each training example once; no score depends on the seed.

    A rule says one token at each position of an answer, ``<EOS>`` after the last. For the loss, its probability is the
    share of the validation targets' tokens that the rule says, one right and one wrong added (in training a rule that
    was counted there is right too often); the other tokens are equally likely.

    Args:
      name: of the learner.
      fit: ``(table, training batches) -> state``; of ``table`` see ``shared_ids``.
      answer: ``(state, batch, time) -> `` a ``Labelling`` with ``time`` ids a row, of leaves ``[..., time]``.
    """

    def make(config: TrialConfig, task: Task, devices: Any) -> Learner:
        table, size, time = _table(name, config, task), task.target.size, task.target.time

        def fitted(trial: TrialConfig) -> State:
            state = fit(table, task.data.held_out("train", EVERYTHING))
            batches = task.data.held_out("valid", trial.train.valid_examples)
            counted = batches.weights > 0
            right = (answer(state, batches, time).ids == batches.targets.ids) & counted
            return {**state, "share": np.array((right.sum() + 1) / (counted.sum() + 2))}

        def terms(state: State, batch: Batch) -> Terms:
            right = answer(state, batch, time).ids == batch.targets.ids
            share = float(state["share"])
            loss = np.where(right, -np.log(share), -np.log((1 - share) / max(size - 1, 1)))
            return Terms(loss, batch.weights, right)

        said = Fitted(fitted, terms, lambda state, batch: answer(state, batch, time))
        return learner_of(said, config, task, {"parameters": 0, "deterministic": True})

    return Kind(
        make,
        lambda config, inputs, target, arrays: trained(lambda state, batch: answer(state, batch, target.time), arrays),
        model=False,
    )


def _table(name: str, config: TrialConfig, task: Task) -> np.ndarray:
    """See ``shared_ids``.

    Raises:
      ValueError: another task, one whose training examples do not end, or whose targets have no token of the sources.
    """
    codec = task.data.codec
    if task.target.head != "decoder" or not isinstance(codec, PairLabeller):
        raise ValueError(f"learner {name} makes sequences of sequences, not what {config.task.name!r} asks for")
    if not task.data.facts.get("training_examples"):
        raise ValueError(f"learner {name} counts a training split, and task {config.task.name!r} has none that ends")
    table = shared_ids(codec.source, codec.target)
    if not table.any():
        raise ValueError(f"learner {name}: the targets of {config.task.name!r} have no token of its sources")
    return table


def shared_ids(source: Tokeniser, target: Tokeniser) -> np.ndarray:
    """``[source.size]`` int32: of each token of the source the id of the same one of the target; 0 where it has none.
    An unknown token is none. Where only one of the two keeps the blank before a word, words are the same without it."""
    ids = {name: number for number, name in enumerate(target.names, 1) if name != UNKNOWN}
    kept = [any(name.startswith(" ") for name in one.names) for one in (source, target)]
    if kept == [False, True]:
        ids |= {name[1:]: number for name, number in ids.items() if name.startswith(" ")}
    names = [name.removeprefix(" ") if kept == [True, False] else name for name in source.names]
    return np.array([ids.get(name, 0) for name in names], np.int32)


def labelled(rows: list[list[int]], time: int, shape: tuple[int, ...]) -> Labelling:
    """Answers of ids without ``<EOS>`` as leaves ``[*shape, time]``; it is put after them where there is room."""
    ids = np.full((len(rows), time), END, np.int32)
    for line, row in zip(ids, rows, strict=True):
        line[: len(row)] = row[:time]
    lengths = np.array([min(len(row) + 1, time) for row in rows], np.int32)
    return Labelling(ids.reshape(*shape, time), lengths.reshape(shape))


def sources_of(batch: Batch) -> tuple[list[list[int]], tuple[int, ...]]:
    """The ids of every row that count, and the shape of the rows, of a batch or of several."""
    inputs, lengths = np.asarray(batch.inputs), np.asarray(batch.lengths)
    flat = inputs.reshape(-1, inputs.shape[-1]).tolist()
    return [row[:length] for row, length in zip(flat, lengths.reshape(-1).tolist(), strict=True)], lengths.shape
