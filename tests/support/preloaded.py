"""All that a launch imports, for processes that are forked from one that has it: see ``processes``.

Nothing here may start jax's devices, whose threads a fork does not take along.
"""

import gc
import io

import matplotlib.backends.backend_svg
import matplotlib.pyplot  # noqa: F401
import orbax.checkpoint  # noqa: F401
import pandas  # noqa: F401
import pyarrow.parquet  # noqa: F401
from matplotlib.figure import Figure

import rnn_research.commands.launch
import rnn_research.execution.launcher
import rnn_research.report.build
import rnn_research.report.fit  # noqa: F401
from rnn_research.execution.identity import KINDS
from rnn_research.source.digests import code_of

Figure().savefig(io.BytesIO())  # the fonts are found
for table in KINDS.values():
    for name, factory in table.items():
        code_of(name, factory)  # the sources are parsed

# What is here lives as long as every fork: none has to look through it for what is dead, nor copies it by looking.
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 50)
