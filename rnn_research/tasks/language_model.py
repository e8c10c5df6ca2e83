"""Predict the next token of a text (S05, S15, S19)."""

import hashlib
import math
from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.data.sentences import with_swapped
from rnn_research.data.streams import Stream, prepare, shuffled, stream_of_documents
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
PAIRED = ("sentences", "swapped")
EVEN = 1e-3  # bits by which one of two sentences must be likelier to count as that


class Text(NamedTuple):
    """A corpus as ids.

    Attributes:
      tokeniser: between text and ids.
      streams: the ids by split; ``shuffled`` is the test text with its tokens in random order; ``sentences`` its
        sentences, each a document, and ``swapped`` the same with two neighbouring words swapped, where they are asked
        for (C31).
      digest: of ids and tokens: what a trained model is good for.
      vectors: ``(source, size) -> (vectors [vocabulary, size], found [vocabulary])``, of words; see ``data.vectors``.
        ``ppmi`` learns them from the text that the model reads, ``ppmi_whole`` from all of the training split,
        whatever the limit.
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
    swaps: bool = False,
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
      swaps: whether to score the sentences of the test text with two neighbouring words swapped, too; see ``swapping``.

    Raises:
      ValueError: a length below 1, a text or tokens that cannot be, or a test text without sentences to swap words in.
      DataNotFoundError: the corpus is not to be had.
    """
    if length < 1:
        raise ValueError(f"language_model needs length 1 or more, not {length}")
    state = state_of(path, dataset)
    text = read_text(corpus, path, dataset, column, limit, tokens, vocabulary, reduce, language, state, swaps)
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
        cut = held_out_documents if split in PAIRED else held_out_text
        return cut(text.streams[split], vocabulary_size, length, examples)

    return Task(
        data=Data(
            arrays=jax.tree.map(jnp.asarray, stream),
            train=train,
            held_out=held_out,
            tested=("test", "shuffled", *(PAIRED if swaps else ())),
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
        score=order_scores,
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
    swaps: bool = False,
) -> Text:
    """Load a corpus and make it ids; the tokens are those of the training split.

    Args:
      state: of its files, so that one that has changed is read again.
      swaps: whether to make the pairs of sentences.

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
    if swaps:
        pairs = with_swapped(found.documents["test"])
        if not pairs[0]:
            raise ValueError(f"{found.name}: test holds no sentence in which two words can be swapped")
        streams |= {split: stream_of_documents(one, between) for split, one in zip(PAIRED, pairs, strict=True)}

    @lru_cache(maxsize=4)
    def word_vectors(source: str, size: int) -> tuple[np.ndarray, np.ndarray]:
        from rnn_research.data.vectors import WHOLE, vectors

        text = load_text(corpus, path, dataset, column) if source == WHOLE else found
        read = text.documents["train"]
        return vectors(source, between.names, np.concatenate([between.encode(one).ids for one in read]), size)

    return Text(between, streams, _digest(between, streams), word_vectors)


def _digest(between: Tokeniser, streams: dict[str, Stream]) -> str:
    found = hashlib.sha256(repr(between.names).encode())
    for split in [name for name in (*SPLITS, *PAIRED) if name in streams]:
        found.update(streams[split].ids.tobytes())
        found.update(streams[split].starts.tobytes())
    return found.hexdigest()[:16]


def held_out_text(stream: Stream, beginning: int, length: int, examples: int) -> Batch:
    """The first ``examples · length`` characters of a text, ``[batches, streams, length]``: the same text whatever its
    tokens, each of them once, in streams of ``STREAM`` tokens or more that each begin with the initial state."""
    count = max(np.searchsorted(np.cumsum(stream.characters, dtype=np.float64), examples * length, side="right"), 1)
    rows = min(max(count // STREAM, 1), STREAMS)
    batches = -(-count // (rows * length))
    position = np.arange(rows * batches * length).reshape(rows, batches, length).swapaxes(0, 1)
    weights = (position < count).astype(np.float32)
    return _batches(stream, beginning, np.minimum(position, count - 1), weights)


def held_out_documents(stream: Stream, beginning: int, length: int, examples: int) -> Batch:
    """The first ``examples`` documents of a text, ``[batches, streams, length]``: a stream holds whole documents, one
    after another."""
    begins = np.append(np.flatnonzero(stream.starts), len(stream.ids))[: examples + 1]
    count = len(begins) - 1
    rows = min(count, STREAMS)
    first = begins[np.arange(rows + 1) * count // rows]
    batches = -(-int(np.diff(first).max()) // length)
    position = first[:-1, None] + np.arange(batches * length)
    weights = (position < first[1:, None]).astype(np.float32)
    position, weights = (a.reshape(rows, batches, length).swapaxes(0, 1) for a in (position, weights))
    return _batches(stream, beginning, np.minimum(position, len(stream.ids) - 1), weights)


def _batches(stream: Stream, beginning: int, position: np.ndarray, weights: np.ndarray) -> Batch:
    starts = stream.starts[position] & (weights > 0)
    spelled = Spelled(stream.characters[position], stream.extra[position])
    inputs = np.where(starts, beginning, stream.ids[np.maximum(position - 1, 0)]).astype(np.int32)
    return Batch(inputs, stream.ids[position], weights, starts=starts, about=spelled)


def stream_of(batches: Batch) -> Stream:
    """The text that ``held_out_text`` or ``held_out_documents`` cut into batches."""
    return Stream(*(in_order(leaf, batches) for leaf in (batches.targets, *batches.about, batches.starts)))


def in_order(leaf: np.ndarray, batches: Batch) -> np.ndarray:
    """Of an array ``[batches, streams, length]`` what belongs to tokens, ``[tokens]``, in the order of the text."""
    return leaf.swapaxes(0, 1).reshape(-1)[batches.weights.swapaxes(0, 1).reshape(-1) > 0]


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


def order_scores(seen: Mapping[str, Seen]) -> Findings:
    """What the order of the test text is worth to a model (C31), of tokens and, where that is asked for, of words."""
    return Findings(shuffling(seen) | (swapping(seen) if "swapped" in seen else {}))


def shuffling(seen: Mapping[str, Seen]) -> Row:
    """The perplexity of the same tokens in random order, and the bits a token that this adds."""
    test, mixed = seen["test"].means, seen["shuffled"].means
    bits = (mixed["loss"] - test["loss"]) / math.log(2)
    return {"shuffled_perplexity": mixed["perplexity"], "shuffling_bits": bits}


def swapping(seen: Mapping[str, Seen]) -> Row:
    """Of the sentences of the test text: the share that is likelier than the same with two neighbouring words swapped
    (``data.sentences``), and the bits a sentence that the swap adds. Each is read from the beginning of a document, and
    all of it is paid for, as by bits per character; where both cost the same, it counts half."""
    original, other = (document_bits(seen[split]) for split in PAIRED)
    even = np.isclose(original, other, rtol=0, atol=EVEN)
    preferred = np.where(even, 0.5, original < other)
    return {"original_preferred": preferred.mean(), "swapping_bits": (other - original).mean()}


def document_bits(seen: Seen) -> np.ndarray:
    """Bits of each document, ``[documents]``, with what the tokens leave unsaid."""
    batches = seen.examples
    nats = in_order(seen.losses().astype(np.float64) + batches.about.extra, batches)
    return np.add.reduceat(nats, np.flatnonzero(in_order(batches.starts, batches))) / math.log(2)


def text_scores(nats: np.ndarray, stream: Stream) -> Row:
    """The metrics of a text from ``−ln p`` of every token, ``[tokens]`` float64."""
    batch = batch_of(stream)
    means = text_means(Terms(nats[None], batch.weights), batch)
    found = {name: total / weight for name, (total, weight) in means.items()}
    return {name: float(value) for name, value in (found | perplexity(found)).items()}


def _frequencies(train: Stream, test: Stream, size: int) -> dict[str, float]:
    counts = np.bincount(train.ids, minlength=size) + 1
    return text_scores(-np.log(counts / counts.sum())[test.ids], test)
