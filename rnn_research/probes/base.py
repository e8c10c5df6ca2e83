"""The probe: what is looked at on the way, without touching it, and what is found."""

from collections.abc import Callable
from typing import Any, NamedTuple

from rnn_research.experiment.config import TrialConfig
from rnn_research.tasks.base import Findings, Task


class Subject(NamedTuple):
    """What a probe looks at.

    Attributes:
      config: what the trials share, as ``experiment.config.static`` leaves it: a traced setting is another in each; of
        a network its model with the width that was solved for.
      task: what they learn.
      model: the network; None for learners of another kind.
      write: ``(weights) -> Write``, how a trained one writes; None where it cannot.
      template: shapes of the weights (``models.Weights``); None for learners of another kind.
    """

    config: TrialConfig
    task: Task
    model: Any = None
    write: Callable[[Any], Any] | None = None
    template: Any = None


Look = Callable[[Any], Findings]


class Probe(NamedTuple):
    """See the attributes; what a factory in ``PROBES`` gives.

    Attributes:
      due: ``(config, step) -> bool``: whether there is a look after so many updates of that trial; 0 is before the
        first.
      make: ``(subject) -> look``, and ``look(weights) -> Findings``. Called when the first look is due, so it may
        compile; raises ValueError for a subject that has nothing to be looked at.
      check: ``(subject)``: raises the same, without compiling.
    """

    due: Callable[[TrialConfig, int], bool]
    make: Callable[[Subject], Look]
    check: Callable[[Subject], None]


def first_last_and_every(config: TrialConfig, step: int, every: int) -> bool:
    """Whether a look is due that is taken before the first update, after the last, and each time ``every`` updates (in
    whole chunks) have passed; 0 for after every chunk."""
    chunk = config.train.eval_every
    every = max(every, chunk)
    return step in (0, config.train.steps) or step // every > (step - chunk) // every


def at_end(config: TrialConfig, step: int) -> bool:
    """Whether all updates are made."""
    return step == config.train.steps
