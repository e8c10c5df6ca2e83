"""All that a launch imports, for processes that are forked from one that has it: see ``processes``.

Nothing here may start jax's devices, whose threads a fork does not take along.
"""

import gc
import io

import matplotlib.backends.backend_svg  # noqa: F401
from matplotlib.figure import Figure

import rnn_research.commands.launch
import rnn_research.execution.launcher
import rnn_research.report.build  # noqa: F401

Figure().savefig(io.BytesIO())  # the fonts are found

# What is here lives as long as every fork: none has to look through it for what is dead, nor copies it by looking.
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 50)
