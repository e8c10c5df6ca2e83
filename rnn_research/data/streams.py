"""A corpus as streams of tokens, a stream per split."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rnn_research.data.encoding import Tokeniser
from rnn_research.data.text import Corpus


class Stream(NamedTuple):
    """The tokens of a split's documents, one after another; see ``encoding.Encoded``."""

    ids: np.ndarray  # [n] int32
    characters: np.ndarray  # [n] float32
    extra: np.ndarray  # [n] float32, nats
    starts: np.ndarray  # [n] bool: a document begins here


def prepare(corpus: Corpus, tokeniser: Tokeniser) -> dict[str, Stream]:
    """Every split of a corpus as a stream; a document that holds no token leaves no trace."""
    return {split: stream_of_documents(documents, tokeniser) for split, documents in corpus.documents.items()}


def shuffled(stream: Stream) -> Stream:
    """The same tokens in a random order, the same at every call: a text with the words of a language and no grammar."""
    order = np.random.default_rng(0).permutation(len(stream.ids))
    return Stream(stream.ids[order], stream.characters[order], stream.extra[order], stream.starts)


def stream_of_documents(documents: Sequence[str], tokeniser: Tokeniser) -> Stream:
    """Documents as a stream."""
    encoded = [tokeniser.encode(document) for document in documents] or [tokeniser.encode("")]
    ids, characters, extra = (np.concatenate(field) for field in zip(*encoded, strict=True))
    lengths = np.array([len(document.ids) for document in encoded])
    starts = np.zeros(len(ids), bool)
    starts[(np.cumsum(lengths) - lengths)[lengths > 0]] = True
    return Stream(ids, characters, extra, starts)
