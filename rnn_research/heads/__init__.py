"""Heads: one file each. A new head is a file here and a line in ``HEADS``: ``(config, target) -> Head``."""

from rnn_research.heads.base import Head, Read
from rnn_research.heads.bernoulli import bernoulli
from rnn_research.heads.crf import crf
from rnn_research.heads.ctc import ctc
from rnn_research.heads.decoder import decoder
from rnn_research.heads.flattened import flattened
from rnn_research.heads.mixture import mixture
from rnn_research.heads.noise import Noise
from rnn_research.heads.regression import regression
from rnn_research.heads.sigmoid_regression import sigmoid_regression
from rnn_research.heads.softmax import softmax

HEADS = {
    "regression": regression,
    "sigmoid_regression": sigmoid_regression,
    "softmax": softmax,
    "flattened": flattened,
    "bernoulli": bernoulli,
    "mixture": mixture,
    "ctc": ctc,
    "crf": crf,
    "decoder": decoder,
}

__all__ = ["HEADS", "Head", "Noise", "Read"]
