"""A trained trial for a notebook or a script: ``rr.load("runs/lstm_vs_gru", arm="lstm")``."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from rnn_research.execution.trained import load_trial
from rnn_research.experiment.choice import build
from rnn_research.experiment.config import TrialConfig
from rnn_research.learners import Write
from rnn_research.models import Model
from rnn_research.runs.directory import RunDirectory
from rnn_research.tasks import TASKS, Batch, Task


class Loaded(NamedTuple):
    """A trial with the parameters of its best look at the validation split.

    Attributes:
      id: of the trial.
      about: which one it is, for people: its arm, its seed, its score on validation.
      config: all its settings; ``config.train.batch`` and the like.
      card: what is on record of its learner and task: ``parameters``, ``metric``, ``baseline``.
      params: of a network, a tree of arrays: ``recurrent``, a tuple of layers, and ``head``; perhaps ``embedding``,
        ``norms``. None of another learner, as of the next three.
      statistics: what is kept without being trained, as batch norm's means.
      model: pure functions of ``params``: see ``rnn_research.models.Model``.
      answer: ``(inputs, lengths=None) -> answers``: inputs as the task's batches have them, ``[batch, time, ...]``, and
        how many steps of each count, where they differ; leaves of the answers ``[batch, ...]``, NumPy.
      write: how a language model writes, see ``rnn_research.learners.Write``; None where it cannot.
      codec: what turns text into ids, or ids into labels; None where the task has none.
    """

    id: str
    about: str
    config: TrialConfig
    card: dict[str, Any]
    params: Any
    statistics: Any
    model: Model | None
    answer: Callable[..., Any]
    write: Write | None
    codec: Any

    def task(self) -> Task:
        """The task that it was trained on, made anew: its data must be there."""
        return build(self.config.task, TASKS, "task")


def load(path: str | Path, *, arm: str | None = None, trial: str | None = None) -> Loaded:
    """A trained trial of a run directory.

    Args:
      path: a run directory, or a trial's folder in one, ``runs/NAME/trials/ID``.
      arm: one of the arm's labels, or all of them: the best of its trials on validation. Left out, as ``trial`` is, the
        best of all.
      trial: its id.

    Raises:
      ValueError: no such run, trial or arm; one that failed, or that kept no checkpoint.
    """
    place = Path(path).expanduser()
    if place.parent.name == "trials" and not (place / "experiment.json").exists():
        if trial and trial != place.name:
            raise ValueError(f"{place} is trial {place.name}, not {trial}")
        place, trial = place.parent.parent, place.name
    found = load_trial(RunDirectory(place), trial, arm=arm)
    trained = found.model

    def answer(inputs: Any, lengths: Any = None) -> Any:
        return trained.answer(Batch(inputs, None, None, lengths))

    params, statistics = trained.weights or (None, None)
    return Loaded(
        *(found.id, found.about, found.config, found.card, params, statistics),
        *(trained.model, answer, trained.write, found.codec),
    )
