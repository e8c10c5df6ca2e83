"""Networks around the cells; feed-forward parts are flax modules."""

from rnn_research.models.sequence import Model, match_width, sequence_model

__all__ = ["Model", "match_width", "sequence_model"]
