"""Probes: one file each. A new probe is a file here and a line in ``PROBES``: a factory whose keyword arguments are its
options."""

from rnn_research.probes.alignments import alignments
from rnn_research.probes.base import Probe, Subject
from rnn_research.probes.beams import beams
from rnn_research.probes.coherence import coherence
from rnn_research.probes.cost import cost
from rnn_research.probes.drawings import drawings
from rnn_research.probes.gap import gap
from rnn_research.probes.gates import gates
from rnn_research.probes.gradients import gradients
from rnn_research.probes.influence import influence
from rnn_research.probes.jacobians import jacobians
from rnn_research.probes.labellings import labellings
from rnn_research.probes.lengths import lengths
from rnn_research.probes.memory import memory
from rnn_research.probes.strategies import strategies
from rnn_research.probes.texts import texts

PROBES = {
    "alignments": alignments,
    "beams": beams,
    "coherence": coherence,
    "cost": cost,
    "drawings": drawings,
    "gates": gates,
    "gap": gap,
    "gradients": gradients,
    "influence": influence,
    "jacobians": jacobians,
    "labellings": labellings,
    "lengths": lengths,
    "memory": memory,
    "texts": texts,
    "strategies": strategies,
}

__all__ = ["PROBES", "Probe", "Subject"]
