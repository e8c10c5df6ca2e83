"""The learner: what can be trained on a task. A network is one, an n-gram model another, a constant a third."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from rnn_research.decoding.strategy import Strategy
from rnn_research.experiment.config import TrialConfig
from rnn_research.models import Model, Weights
from rnn_research.probes.base import Subject
from rnn_research.tasks.base import Batch, Inputs, Row, Target, Task
from rnn_research.training.event import Event
from rnn_research.training.program import Devices


class Write(Protocol):
    """How a trained model writes."""

    def __call__(self, strategy: Strategy, prompts: np.ndarray, tokens: int, seed: int) -> np.ndarray:
        """Ids ``[texts, tokens]`` that go on from prompts ``[texts, P]``; P may be 0."""
        ...


class Trained(NamedTuple):
    """A trained model, ready for use.

    Attributes:
      answer: ``(batch) -> answers``, leaves ``[batch, ...]``; targets and weights are not read.
      write: see ``Write``; None where it cannot.
      probabilities: ``(batch) -> [batch, classes]``, of the classes of sequences; None where it does not say.
      model, weights: of a network, what answers, to go on with; None of another learner.
    """

    answer: Callable[[Batch], Any]
    write: Write | None
    probabilities: Callable[[Batch], np.ndarray] | None = None
    model: Model | None = None
    weights: Weights | None = None


class Run(Protocol):
    """Train every trial of a pack; yield what happens, chunk by chunk."""

    def __call__(
        self,
        configs: Sequence[TrialConfig],
        starts: Mapping[int, Any] | None = None,
        *,
        test: bool = True,
        due: Callable[[int, int], bool] = lambda trial, step: False,
        stopping: Callable[[], bool] = lambda: False,
    ) -> Iterator[Event]:
        """Args:
        configs: trials of one signature.
        starts: states to go on from, as an event gave them, by index; the other trials begin anew.
        test: whether to score what is tested, and to look with ``config.probes``; both are left alone while settings
          are still being chosen.
        due: ``(trial, step)``: whether the event of that chunk is to carry the state.
        stopping: asked after every dispatch; if so, every trial that has not ended is ``paused``, and so is the pack.
        """
        ...


class Learner(NamedTuple):
    """What trials of one signature share.

    Attributes:
      facts: what tables may show: parameters, width; ``deterministic``, True where no score depends on the seed: runs
        that differ in it alone then count once.
      seconds_per_step: of an update on one core, roughly; 0 where there are none.
      prepare: compiles what ``run`` needs; None where nothing is.
      run: see ``Run``.
      trained: ``(state) -> Trained``, of a state as an event gave it.
      template: shapes and types of that state, to know a checkpoint by; None where nothing can be gone on with.
      subject: what probes look at.
    """

    facts: Row
    seconds_per_step: float
    prepare: Callable[[], None] | None
    run: Run
    trained: Callable[[Any], Trained]
    template: Any
    subject: Subject


class Kind(NamedTuple):
    """A kind of learner with its options; what a factory in ``LEARNERS`` gives.

    Attributes:
      make: ``(config, task, devices) -> Learner``; nothing is compiled and nothing trained. Raises ValueError for what
        cannot be.
      load: ``(config, inputs, target, arrays) -> Trained``, from the arrays of a checkpoint, without the task's data.
        Raises ValueError where they do not fit.
      model: whether its numbers depend on ``config.model``.
    """

    make: Callable[[TrialConfig, Task, Devices], Learner]
    load: Callable[[TrialConfig, Inputs, Target, Mapping[str, np.ndarray]], Trained]
    model: bool = True
