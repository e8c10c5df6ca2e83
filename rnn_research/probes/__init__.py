"""Probes: one file each. A new probe is a file here and a line in ``PROBES``: a factory whose keyword arguments are its
options."""

from rnn_research.probes.base import Probe, Subject
from rnn_research.probes.coherence import coherence
from rnn_research.probes.cost import cost
from rnn_research.probes.gradients import gradients
from rnn_research.probes.jacobians import jacobians
from rnn_research.probes.lengths import lengths
from rnn_research.probes.strategies import strategies
from rnn_research.probes.texts import texts

PROBES = {
    "coherence": coherence,
    "cost": cost,
    "gradients": gradients,
    "jacobians": jacobians,
    "lengths": lengths,
    "texts": texts,
    "strategies": strategies,
}

__all__ = ["PROBES", "Probe", "Subject"]
