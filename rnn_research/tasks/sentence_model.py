"""Predict the next character of a sentence that is there as a whole: where reading both ways sees the answer (C20)."""

import hashlib
import math
from collections.abc import Hashable
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.data.batching import of_examples
from rnn_research.data.encoding import Tokeniser
from rnn_research.data.sentences import sentences
from rnn_research.data.text import load_text, state_of
from rnn_research.data.tokens import tokeniser
from rnn_research.tasks.base import SPLITS, Batch, Data, Inputs, Mean, Target, Task, Terms, lower
from rnn_research.tasks.measures import weighted


class Padded(NamedTuple):
    """Sentences as ids of characters ``[sentences, longest]``, and how many each has ``[sentences]``."""

    ids: Any
    count: Any


def sentence_model(corpus: str = "python_docs", path: str = "", longest: int = 60) -> Task:
    """The next character of a sentence and its end, in bits per character; each sentence is a sequence of its own.

    A network that reads ahead models the text as it comes. One that reads both ways has seen, when it is asked for a
    character, that character and all after it: its bits say how well it copies, not how likely the text is, and it can
    write nothing.

    Sentences are those between full stops (``data.sentences``), of 2 characters up to ``longest``; others are left out.
    Baseline: the characters' frequencies in training, plus one each.

    Args:
      corpus, path: which text; see ``data.text.load_text``.
      longest: characters of a sentence.

    Raises:
      ValueError: ``longest`` below 2, a text that cannot be, a split without such a sentence.
      DataNotFoundError: the corpus is not to be had.
    """
    if longest < 2:
        raise ValueError(f"sentence_model needs longest 2 or more, not {longest}")
    between, padded = read_sentences(corpus, path, longest, state_of(path))
    end = between.size  # as input the beginning

    def read(part: Padded, rows: jax.Array, weights: jax.Array) -> Batch:
        ids, count = part.ids[rows], part.count[rows][:, None]
        steps = jnp.arange(longest + 1)[None]
        inputs = jnp.pad(ids, ((0, 0), (1, 0)), constant_values=end)
        targets = jnp.where(steps < count, jnp.pad(ids, ((0, 0), (0, 1))), end)
        here = (steps <= count).astype(jnp.float32) * weights[:, None]
        return Batch(inputs, targets, here, count[:, 0] + 1)

    data = jax.tree.map(jnp.asarray, padded)
    train, held_out = of_examples(data, read)
    return Task(
        data=Data(
            arrays=data["train"],
            train=train,
            held_out=held_out,
            digest=_digest(between, padded),
            facts={"vocabulary": end, "training_examples": len(padded["train"].count)},
        ),
        inputs=Inputs("ids", end + 1, longest + 1),
        target=Target("softmax", end + 1, each_step=True),
        goal=lower("bits_per_char", _frequencies(padded["train"], padded["test"], end)),
        measure=bits,
    )


@lru_cache(maxsize=4)
def read_sentences(corpus: str, path: str, longest: int, state: Hashable = None) -> tuple[Tokeniser, dict[str, Padded]]:
    """The characters of a text, and its sentences by split.

    Args:
      state: of its file, so that one that has changed is read again.

    Raises:
      ValueError, DataNotFoundError: as ``sentence_model``.
    """
    text = load_text(corpus, path)
    between = tokeniser("characters", text.documents["train"])

    def of_split(split: str) -> Padded:
        found = [one for document in text.documents[split] for one in sentences(document) if 2 <= len(one) <= longest]
        if not found:
            raise ValueError(f"{text.name}: {split} holds no sentence of 2 to {longest} characters")
        ids = [between.encode(one).ids for one in found]
        rows = [np.pad(one, (0, longest - len(one))) for one in ids]
        return Padded(np.stack(rows).astype(np.int32), np.array([len(one) for one in ids], np.int32))

    return between, {split: of_split(split) for split in SPLITS}


def bits(terms: Terms, batch: Batch) -> dict[str, Mean]:
    """Nats per term, and bits per character, the end of each sentence paid for too."""
    loss = weighted(terms.loss, terms.weight)
    ends = (terms.weight[:, 0] > 0).sum()
    return {"loss": loss, "bits_per_char": Mean(loss.total / math.log(2), loss.weight - ends)}


def _frequencies(train: Padded, test: Padded, end: int) -> dict[str, float]:
    """Test scores of how often each character, and the end, came in training."""

    def terms_of(part: Padded) -> np.ndarray:
        here = np.arange(part.ids.shape[1]) < part.count[:, None]
        return np.concatenate([part.ids[here], np.full(len(part.count), end)])

    counts = np.bincount(terms_of(train), minlength=end + 1) + 1
    nats = -np.log(counts / counts.sum())[terms_of(test)]
    return {"loss": float(nats.mean()), "bits_per_char": float(nats.sum() / math.log(2) / test.count.sum())}


def _digest(between: Tokeniser, padded: dict[str, Padded]) -> str:
    found = hashlib.sha256(repr(between.names).encode())
    for split in SPLITS:
        for leaf in padded[split]:
            found.update(leaf.tobytes())
    return found.hexdigest()[:16]
