"""Learners: one file each. A new learner is a file here and a line in ``LEARNERS``: a factory whose keyword arguments
are its options, and which gives a ``Kind``."""

from rnn_research.learners.base import Kind, Learner, Run, Trained, Write
from rnn_research.learners.majority import majority
from rnn_research.learners.most_frequent_tag import most_frequent_tag
from rnn_research.learners.network import network
from rnn_research.learners.ngram import ngram

LEARNERS = {"network": network, "ngram": ngram, "majority": majority, "most_frequent_tag": most_frequent_tag}

__all__ = ["LEARNERS", "Kind", "Learner", "Run", "Trained", "Write"]
