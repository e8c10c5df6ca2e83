"""What a corpus holds in all."""

import itertools

from rnn_research.data.text import SPLITS


def joined(corpus):
    return "".join(itertools.chain.from_iterable(corpus.documents[split] for split in SPLITS))


def lengths(corpus):
    return [sum(map(len, corpus.documents[split])) for split in SPLITS]
