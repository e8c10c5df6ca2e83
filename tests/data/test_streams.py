"""Streams: the tokens of a split's documents, and where each begins."""

import numpy as np

from rnn_research.data.encoding import ANY_CHARACTER
from rnn_research.data.streams import prepare
from rnn_research.data.text import Corpus
from rnn_research.data.tokens import tokeniser


def test_a_stream_is_its_documents_one_after_another():
    corpus = Corpus("made", {"train": ("ab", "c", "bca"), "valid": ("a?",), "test": ()})
    streams = prepare(corpus, tokeniser("characters", corpus.documents["train"]))
    assert streams["train"].ids.tolist() == [0, 1, 2, 1, 2, 0]
    assert streams["train"].starts.tolist() == [True, False, True, True, False, False]
    assert streams["valid"].ids.tolist() == [0, 3] and streams["valid"].extra[1] == np.float32(ANY_CHARACTER)
    assert [field.shape for field in streams["test"]] == [(0,)] * 4
    assert [field.dtype for field in streams["train"]] == [np.int32, np.float32, np.float32, bool]


def test_a_document_without_tokens_leaves_no_trace():
    corpus = Corpus("made", {"train": ("  ", "a b", "  ", "c", " ")})
    stream = prepare(corpus, tokeniser("split", corpus.documents["train"]))["train"]
    assert len(stream.ids) == 3 and stream.starts.tolist() == [True, False, True]
