"""Text from any model that predicts the next token: drawn (S17, S18) or searched for (S26).

``sample(stream, params, prompt, 100, jax.random.key(0), batch=4, temperature=0.8)``; ``beam_search(stream, params,
prompt, 100, width=10)``. Characters, words or subwords are made ids elsewhere.
"""

from rnn_research.decoding.beam import beam_search
from rnn_research.decoding.filters import keep
from rnn_research.decoding.sample import sample
from rnn_research.decoding.stream import Stream

__all__ = ["Stream", "beam_search", "keep", "sample"]
