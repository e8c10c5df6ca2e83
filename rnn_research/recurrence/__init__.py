"""A cell over time. ``jax.lax.scan`` over a cell lives here; a decoder that looks back has one of its own
(``heads.decoder``).

``unroll`` is the teaching form, one sequence at a time; ``run`` is what models call, a batch at a time, on the fastest
of ``BACKENDS`` that fits.

The contract on padding: past ``length`` the state is frozen and the output is exactly zero, whatever the padding
holds; a batch padded longer gives the same results to the bit.
"""

from rnn_research.recurrence.backends import BACKENDS, Backend, Call
from rnn_research.recurrence.run import run
from rnn_research.recurrence.unroll import bidirectional, unroll

__all__ = ["BACKENDS", "Backend", "Call", "bidirectional", "run", "unroll"]
