"""Networks around the cells; feed-forward parts are flax modules."""

from rnn_research.models.sequence import Dropout, Model, sequence_model
from rnn_research.models.width import match_width

__all__ = ["Dropout", "Model", "match_width", "sequence_model"]
