"""Predict the next token of a text (S05, S15, S19)."""

import hashlib
import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from rnn_research.data.streams import Stream, prepare, shuffled
from rnn_research.data.text import load_text
from rnn_research.data.tokens import Tokeniser, tokeniser
from rnn_research.tasks.base import SPLITS, Batch, Mean, Task
from rnn_research.tasks.objectives import weighted

STREAM = 2048  # tokens that a stream of a held-out text should have at least, as each begins with the initial state
LARGE = 1000  # ids from which on the cross-entropy that forms no softmax is the faster on a CPU
STREAMS = 64  # and how many there are at most


class Text(NamedTuple):
    """What a language model reads.

    Attributes:
      tokeniser: between text and ids.
      streams: the ids by split; ``shuffled`` is the test text with its tokens in random order (C31).
      digest: of ids and tokens: what a trained model is good for.
      vectors: ``(source, size) -> (vectors [vocabulary, size], found [vocabulary])``, of words; see ``data.vectors``.
        Where they are learned from the text, it is from all of its training split, whatever the limit.
    """

    tokeniser: Tokeniser
    streams: dict[str, Stream]
    digest: str
    vectors: Callable[[str, int], tuple[np.ndarray, np.ndarray]]


class Scored(NamedTuple):
    """Targets ``[batch, time]``: the tokens, the characters each stands for, and the nats it leaves unsaid."""

    ids: Any
    characters: Any
    extra: Any


def language_model(
    corpus: str = "python_docs",
    path: str = "",
    dataset: str = "",
    column: str = "text",
    tokens: str = "characters",
    vocabulary: int = 0,
    reduce: str = "none",
    language: str = "english",
    length: int = 64,
    limit: int = 0,
) -> Task:
    """The next token of a text, scored in nats per token, perplexity and bits per character.

    Each row of a batch reads its own part of the training text and goes on in the next batch where it stopped; the
    state is carried along, and put back where a document begins. The rows start at places evenly spread over the text,
    shifted by the seed. The first token of a document is predicted from the id ``vocabulary size``, the beginning.
    Bits per character count all that it takes to write the text, so they compare any tokens with any others.

    Baseline: the tokens' frequencies in the training text, plus one each.

    Args:
      corpus, path, dataset, column, limit: which text; see ``data.text.load_text``.
      tokens, vocabulary, reduce, language: see ``data.tokens.tokeniser``.
      length: steps of truncated backpropagation through time.

    Raises:
      ValueError: a length below 1, or a text or tokens that cannot be.
      DataNotFoundError: the corpus is not to be had.
    """
    if length < 1:
        raise ValueError(f"language_model needs length 1 or more, not {length}")
    text = read_text(corpus, path, dataset, column, limit, tokens, vocabulary, reduce, language)
    size, train = text.tokeniser.size, text.streams["train"]
    characters, extra = float(train.characters.mean()), float(train.extra.mean())

    def batch(data, key, split, index, rows):
        ids, starts = data
        count = len(ids)
        first = (np.arange(rows) * count // rows).astype(np.int32)[:, None]
        shift = jax.random.randint(key, (), 0, count)
        position = (first + shift + (index * length) % count + jnp.arange(length)[None]) % count
        targets = ids[position]
        scored = Scored(targets, jnp.full(targets.shape, characters), jnp.full(targets.shape, extra))
        inputs = jnp.where(starts[position], size, ids[(position - 1) % count])
        return Batch(inputs, scored, jnp.ones(targets.shape), starts=starts[position])

    return Task(
        input_size=size + 1,
        output_size=size,
        time=length,
        readout="all",
        batch=batch,
        metrics=text_metrics,
        tested=("test", "shuffled"),
        conclude=shuffling,
        of_nats=text_means if size >= LARGE else None,
        metric="bits_per_char",
        better="lower",
        baseline=_frequencies(train, text.streams["test"], size),
        data=(jnp.asarray(train.ids), jnp.asarray(train.starts)),
        examples={split: -(-len(text.streams[split].ids) // length) for split in SPLITS},
        ids=True,
        carries=True,
        held_out=lambda split, examples: held_out_text(text.streams[split], size, length, examples),
        derive=lambda averages: {"perplexity": jnp.exp(averages["loss"])},
        text=text,
    )


@lru_cache(maxsize=4)
def read_text(
    corpus: str,
    path: str,
    dataset: str,
    column: str,
    limit: int,
    tokens: str,
    vocabulary: int,
    reduce: str,
    language: str,
) -> Text:
    """Load a corpus and make it ids; the tokens are those of the training split.

    Raises:
      ValueError, DataNotFoundError: as ``language_model``.
    """
    found = load_text(corpus, path, dataset, column, limit)
    between = tokeniser(tokens, found.documents["train"], vocabulary=vocabulary, reduce=reduce, language=language)
    streams = prepare(found, between)
    streams["shuffled"] = shuffled(streams["test"])

    def word_vectors(source: str, size: int) -> tuple[np.ndarray, np.ndarray]:
        from rnn_research.data.vectors import vectors

        whole = load_text(corpus, path, dataset, column).documents["train"] if limit else found.documents["train"]
        return vectors(source, between.names, np.concatenate([between.encode(one).ids for one in whole]), size)

    return Text(between, streams, _digest(between, streams), word_vectors)


def _digest(between: Tokeniser, streams: dict[str, Stream]) -> str:
    found = hashlib.sha256(repr(between.names).encode())
    for split in SPLITS:
        found.update(streams[split].ids.tobytes())
        found.update(streams[split].starts.tobytes())
    return found.hexdigest()[:16]


def held_out_text(stream: Stream, beginning: int, length: int, examples: int) -> Batch:
    """The first ``examples`` sequences of a text, ``[batches, streams, length]``: every token once, in streams of
    ``STREAM`` tokens or more that each begin with the initial state."""
    count = min(len(stream.ids), examples * length)
    rows = min(max(count // STREAM, 1), STREAMS)
    batches = -(-count // (rows * length))
    position = np.arange(rows * batches * length).reshape(rows, batches, length).swapaxes(0, 1)
    weights = (position < count).astype(np.float32)
    position = np.minimum(position, count - 1)
    starts = stream.starts[position] & (weights > 0)
    scored = Scored(stream.ids[position], stream.characters[position], stream.extra[position])
    inputs = np.where(starts, beginning, stream.ids[np.maximum(position - 1, 0)]).astype(np.int32)
    return Batch(inputs, scored, weights, starts=starts)


def text_metrics(outputs: jax.Array, batch: Batch) -> dict[str, Mean]:
    """Cross-entropy in nats per token, and in bits per character with what the tokens leave unsaid (S19):
    ``outputs [batch, time, vocabulary]`` are logits."""
    outputs = jnp.where(batch.weights[..., None] > 0, outputs, 0)
    return text_means(optax.losses.softmax_cross_entropy_with_integer_labels(outputs, batch.targets.ids), batch)


def text_means(nats: jax.Array, batch: Batch) -> dict[str, Mean]:
    """The same from ``−ln p`` of every token, ``[batch, time]``."""
    loss = weighted(nats, batch.weights)
    extra = weighted(batch.targets.extra, batch.weights).total
    characters = weighted(batch.targets.characters, batch.weights).total
    return {
        "loss": loss,
        "bits_per_char": Mean((loss.total + extra) / math.log(2), characters),
        "characters_per_token": Mean(characters, loss.weight),
    }


def text_scores(nats: np.ndarray, stream: Stream) -> dict[str, float]:
    """The same numbers from ``−ln p`` of every token of a stream."""
    loss = float(nats.mean())
    bits = (nats.sum(dtype=np.float64) + stream.extra.sum(dtype=np.float64)) / math.log(2)
    characters = float(stream.characters.sum(dtype=np.float64))
    return {
        "loss": loss,
        "bits_per_char": float(bits) / characters,
        "characters_per_token": characters / len(nats),
        "perplexity": float(np.exp(loss)),
    }


def shuffling(rows: Mapping[Any, dict[str, Any]]) -> dict[str, Any]:
    """The scores of the test text, and what its order is worth to a model (C31): the perplexity of the same tokens in
    random order, and the bits a token that this adds."""
    test, shuffled = rows["test"], rows["shuffled"]
    bits = (shuffled["loss"] - test["loss"]) / math.log(2)
    return test | {"shuffled_perplexity": shuffled["perplexity"], "shuffling_bits": bits}


def _frequencies(train: Stream, test: Stream, size: int) -> dict[str, float]:
    counts = np.bincount(train.ids, minlength=size) + 1
    return text_scores(-np.log(counts / counts.sum())[test.ids], test)
