"""What happens while trials are trained, and who is to look on."""

import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from rnn_research.experiment.config import TrialConfig
from rnn_research.tasks.base import Findings, Row


class Event(NamedTuple):
    """What happened to one trial.

    Attributes:
      trial: its index in the pack.
      kind: ``started`` before the first step, where there is something to record; ``chunk`` after each dispatch;
        ``paused`` where the pack was stopped; ``done`` or ``diverged``, once.
      step: updates made so far; for ``diverged``, the step whose loss was not finite, or the
        updates that left parameters which are not.
      rows: metrics by split: ``train`` and ``valid`` after a chunk, perhaps ``probe`` then too, ``test`` when done.
      exhibits: what a report draws; see ``rnn_research.exhibits``.
      seconds: wall time of the dispatch, shared by all trials in it.
      reason: why it diverged.
      state: the trial's state as NumPy arrays: of a chunk where it was due; of a pause unless an event had it already,
        or there is none yet; always at the end.
      best: of a trial that has ended, the step of its best look at the validation split, and what that was chosen by
        (``tasks.base.to_minimise``).
    """

    trial: int
    kind: Literal["started", "chunk", "paused", "done", "diverged"]
    step: int
    rows: dict[str, Row]
    exhibits: tuple = ()
    seconds: float = 0.0
    reason: str = ""
    state: Any = None
    best: tuple[int, float] = (0, math.inf)


class Looking(NamedTuple):
    """Who looks at a trial on the way: its probes together.

    Attributes:
      due: ``(config, step) -> bool``: whether anybody looks after so many updates of that trial.
      look: ``(weights, config, step) -> Findings``.
    """

    due: Callable[[TrialConfig, int], bool]
    look: Callable[[Any, TrialConfig, int], Findings]
