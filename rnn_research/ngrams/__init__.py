"""Language models that count: n-grams over token ids, smoothed, scored and sampled (S01).

``perplexity(kneser_ney(count(train, 5, vocabulary_size)), held_out)``. Characters, words or subwords are made ids
elsewhere.
"""

from rnn_research.ngrams.counts import Counts, count, ngrams, unseen_share
from rnn_research.ngrams.generate import beam_search, generate
from rnn_research.ngrams.probabilities import entropy, log_probabilities, next_probabilities, perplexity
from rnn_research.ngrams.smoothing import Discounts, NGramModel, add_k, discounts, kneser_ney, maximum_likelihood

__all__ = [
    "Counts",
    "Discounts",
    "NGramModel",
    "add_k",
    "beam_search",
    "count",
    "discounts",
    "entropy",
    "generate",
    "kneser_ney",
    "log_probabilities",
    "maximum_likelihood",
    "next_probabilities",
    "ngrams",
    "perplexity",
    "unseen_share",
]
