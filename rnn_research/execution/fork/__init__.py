"""Go on from a trial's state at a step with some settings changed, beside the same trial as it was: ``--fork``.

Both read the same batches with the same keys, which are functions of (seed, step). The run directory that this makes
holds two arms, ``as it was`` and ``forked``; its report is as any other's, with exhibits that say where they part.
"""

from rnn_research.execution.fork.flow import fork

__all__ = ["fork"]
