"""Predict the next token of a text (S05, S15, S19)."""

import hashlib
import math
from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.data.streams import Stream, prepare, shuffled
from rnn_research.data.text import load_text, state_of
from rnn_research.data.tokens import Tokeniser, tokeniser
from rnn_research.tasks.base import (
    SPLITS,
    Batch,
    Data,
    Findings,
    Inputs,
    Mean,
    Row,
    Seen,
    Target,
    Task,
    Terms,
    lower,
)
from rnn_research.tasks.measures import weighted

WORDS = ("words", "bare_words", "split")  # tokens that vectors can be had for
STREAM = 2048  # tokens that a stream of a held-out text should have at least, as each begins with the initial state
STREAMS = 64  # and how many there are at most


class Text(NamedTuple):
    """A corpus as ids.

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


class Spelled(NamedTuple):
    """What it takes to write each token, ``[batch, time]``: the characters it stands for, and the nats it leaves
    unsaid."""

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
    state = state_of(path, dataset)
    text = read_text(corpus, path, dataset, column, limit, tokens, vocabulary, reduce, language, state)
    vocabulary_size, stream = text.tokeniser.size, text.streams["train"]

    def train(arrays: Stream, key: jax.Array, step: jax.Array, size: int) -> Batch:
        count = len(arrays.ids)
        first = (np.arange(size) * count // size).astype(np.int32)[:, None]
        shift = jax.random.randint(key, (), 0, count)
        position = (first + shift + (step * length) % count + jnp.arange(length)[None]) % count
        starts = arrays.starts[position]
        inputs = jnp.where(starts, vocabulary_size, arrays.ids[(position - 1) % count])
        spelled = Spelled(arrays.characters[position], arrays.extra[position])
        return Batch(inputs, arrays.ids[position], jnp.ones(position.shape), starts=starts, about=spelled)

    @lru_cache(maxsize=8)
    def held_out(split: str, examples: int) -> Batch:
        return held_out_text(text.streams[split], vocabulary_size, length, examples)

    return Task(
        data=Data(
            arrays=jax.tree.map(jnp.asarray, stream),
            train=train,
            held_out=held_out,
            tested=("test", "shuffled"),
            carries=True,
            codec=text.tokeniser,
            digest=text.digest,
            facts={"vocabulary": vocabulary_size, "characters_per_token": float(np.mean(stream.characters))},
        ),
        inputs=Inputs("words" if tokens in WORDS else "ids", vocabulary_size + 1, length, text.vectors),
        target=Target("softmax", vocabulary_size, each_step=True),
        goal=lower("bits_per_char", _frequencies(stream, text.streams["test"], vocabulary_size)),
        measure=text_means,
        derive=perplexity,
        score=shuffling,
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
    state: Hashable = None,
) -> Text:
    """Load a corpus and make it ids; the tokens are those of the training split.

    Args:
      state: of its files, so that one that has changed is read again.

    Raises:
      ValueError, DataNotFoundError: as ``language_model``.
    """
    found = load_text(corpus, path, dataset, column, limit)
    between = tokeniser(tokens, found.documents["train"], vocabulary=vocabulary, reduce=reduce, language=language)
    streams = prepare(found, between)
    for split in SPLITS:
        if not len(streams[split].ids):
            raise ValueError(f"{found.name}: {split} holds no token")
    streams["shuffled"] = shuffled(streams["test"])

    @lru_cache(maxsize=4)
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
    spelled = Spelled(stream.characters[position], stream.extra[position])
    inputs = np.where(starts, beginning, stream.ids[np.maximum(position - 1, 0)]).astype(np.int32)
    return Batch(inputs, stream.ids[position], weights, starts=starts, about=spelled)


def stream_of(batches: Batch) -> Stream:
    """The text that ``held_out_text`` cut into batches."""
    counted = batches.weights.swapaxes(0, 1).reshape(-1) > 0

    def flat(leaf: np.ndarray) -> np.ndarray:
        return leaf.swapaxes(0, 1).reshape(-1)[counted]

    return Stream(*map(flat, (batches.targets, *batches.about, batches.starts)))


def batch_of(stream: Stream) -> Batch:
    """A whole text as one sequence, ``[1, tokens]``; nothing is read, as of a model that counts."""
    ids, characters, extra, starts = (field[None] for field in stream)
    return Batch(None, ids, np.ones(ids.shape), starts=starts, about=Spelled(characters, extra))


def text_means(terms: Terms, batch: Batch) -> dict[str, Mean]:
    """Nats per token, and bits per character with what the tokens leave unsaid (S19)."""
    loss = weighted(terms.loss, terms.weight)
    extra = weighted(batch.about.extra, terms.weight).total
    characters = weighted(batch.about.characters, terms.weight).total
    return {
        "loss": loss,
        "bits_per_char": Mean((loss.total + extra) / math.log(2), characters),
        "characters_per_token": Mean(characters, loss.weight),
    }


def perplexity(averages: Row) -> Row:
    """``e^loss``, the loss being in nats (S19)."""
    xp = averages["loss"].__array_namespace__()
    return {"perplexity": xp.exp(averages["loss"])}


def shuffling(seen: Mapping[str, Seen]) -> Findings:
    """What the order of the test text is worth to a model (C31): the perplexity of the same tokens in random order, and
    the bits a token that this adds."""
    test, mixed = seen["test"].means, seen["shuffled"].means
    bits = (mixed["loss"] - test["loss"]) / math.log(2)
    return Findings({"shuffled_perplexity": mixed["perplexity"], "shuffling_bits": bits})


def text_scores(nats: np.ndarray, stream: Stream) -> Row:
    """The metrics of a text from ``−ln p`` of every token, ``[tokens]`` float64."""
    batch = batch_of(stream)
    means = text_means(Terms(nats[None], batch.weights), batch)
    found = {name: total / weight for name, (total, weight) in means.items()}
    return {name: float(value) for name, value in (found | perplexity(found)).items()}


def _frequencies(train: Stream, test: Stream, size: int) -> dict[str, float]:
    counts = np.bincount(train.ids, minlength=size) + 1
    return text_scores(-np.log(counts / counts.sum())[test.ids], test)
