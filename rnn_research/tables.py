"""The tables that a configuration chooses from, each a mapping name → factory whose keyword arguments are the options.

An own file, an experiment's among them, may add to them: ``CELLS["mine"] = mine``.
"""

from rnn_research.cells import CELLS
from rnn_research.learners import LEARNERS
from rnn_research.models.characters import CHARACTERS
from rnn_research.probes import PROBES
from rnn_research.tasks import TASKS

TABLES = {"task": TASKS, "cell": CELLS, "learner": LEARNERS, "probe": PROBES, "characters": CHARACTERS}
