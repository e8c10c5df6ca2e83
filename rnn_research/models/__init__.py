"""Networks around the cells; feed-forward parts are flax modules."""

from rnn_research.models.base import Carry, Forward, Inside, Model, Weights
from rnn_research.models.network import network
from rnn_research.models.width import match_width

__all__ = ["Carry", "Forward", "Inside", "Model", "Weights", "match_width", "network"]
