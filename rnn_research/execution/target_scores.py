"""How likely the targets of a file are to a trained model of sequence to sequence (S26): what is given is scored."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from rnn_research.data.pair_labeller import PairLabeller, few
from rnn_research.data.pairs import Pair
from rnn_research.execution.labelling import answers, few_lengths, read_examples
from rnn_research.execution.trained import TrainedTrial
from rnn_research.models.base import Carry, Weights
from rnn_research.tasks.base import Batch, Labelling


def target_scores(
    trial: TrainedTrial, data: bytes, name: str, told: Callable[[str], None] = lambda said: None
) -> tuple[list[Pair], list[float]]:
    """The pairs of a file, and of each ``Σ ln p`` of its target's tokens given the source and the tokens before, the
    end among them, in nats: what a search says of the same answer.

    Args:
      data, name, told: as of ``labelling.label``; which tokens are not in the vocabulary is told, too.

    Raises:
      ValueError: as ``label``; a trial that is no network with a decoder; a pair without a target.
    """
    labeller, model, weights = trial.codec, trial.model.model, trial.model.weights
    if not isinstance(labeller, PairLabeller) or model is None or weights is None:
        raise ValueError(f"trial {trial.id} is no network that makes sequences of sequences, and scores no targets")
    pairs = read_examples(trial, data, name, told)
    if bare := [one.place for one in pairs if not one.target]:
        raise ValueError(f"{bare[0]}: there is no target to score")
    prepared = labeller.prepared([one.target for one in pairs])
    if unknown := list(dict.fromkeys(token for text in prepared for token in labeller.target.unknown(text))):
        told(f"not in the vocabulary of targets: {few(unknown)}, scored as unknown")

    @jax.jit
    def scores(weights: Weights, batch: Batch) -> jax.Array:
        terms = model.forward(weights.params, batch, Carry(None, weights.statistics)).terms
        return -(terms.loss * terms.weight).sum(axis=1)

    def targets(rows: Sequence[Pair]) -> tuple[Labelling, np.ndarray]:
        texts = [one.target for one in rows]
        ids, lengths = labeller.encode_targets(texts, few_lengths(1 + max(map(len, labeller.target_ids(texts)))))
        return Labelling(ids, lengths), (np.arange(ids.shape[1]) < lengths[:, None]).astype(np.float32)

    found: Any = answers(lambda batch: np.asarray(scores(weights, batch)), labeller, pairs, targets)
    return pairs, [float(one) for one in found]
