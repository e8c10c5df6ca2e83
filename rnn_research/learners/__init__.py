"""Learners: one file each. A new learner is a file here and a line in ``LEARNERS``: a factory whose keyword arguments
are its options, and which gives a ``Kind``."""

from rnn_research.learners.bag_of_ngrams import bag_of_ngrams
from rnn_research.learners.base import Kind, Learner, Run, Trained, Write
from rnn_research.learners.copy_source import copy_source
from rnn_research.learners.majority import majority
from rnn_research.learners.most_frequent_tag import most_frequent_tag
from rnn_research.learners.nearest_neighbours import nearest_neighbours
from rnn_research.learners.network import network
from rnn_research.learners.ngram import ngram
from rnn_research.learners.suffix_rule import suffix_rule

LEARNERS = {
    "network": network,
    "ngram": ngram,
    "majority": majority,
    "bag_of_ngrams": bag_of_ngrams,
    "most_frequent_tag": most_frequent_tag,
    "nearest_neighbours": nearest_neighbours,
    "copy_source": copy_source,
    "suffix_rule": suffix_rule,
}

__all__ = ["LEARNERS", "Kind", "Learner", "Run", "Trained", "Write"]
