"""Measures: numbers of a run beside its test score, that tables show and claims may test."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

# What every run has without being asked: see ``rnn_research.report.results``.
ALWAYS = ("score", "skill", "solved", "finished")


@dataclass(frozen=True)
class Measure:
    """One number of a run, out of its rows or of the facts about it (``parameters``, ``cell_parameters``,
    ``vocabulary``).

    Attributes:
      name: how tables head it and claims call it.
      column: the metric, ``log10_kept``.
      split: of which rows; ``facts`` for none.
      at: the first of them, the last, the change from the first to the last, or their mean, total, least or greatest
        value (NaN aside); their spike is the greatest ratio of one to the least before it. A run that diverged has no
        last value, nor a change, unless ``until`` was reached before.
      until: if given, only rows up to the first look at which the reported metric of the validation split is as good as
        this; of a run that never gets there all rows, so that a total is then a lower bound.
      above: if given, the measure is 1 where the number is above this and 0 elsewhere: a share of the runs.
      better: which way it improves, where it does: a run that failed then counts as the worst that finished.
      minus: if given, another metric of the same rows, which is taken off.
      quantity: what it is a mean of: an ``amount`` is never below 0, nor a ``share`` above 1, and no interval goes
        beyond that; empty where it may be anything, as a difference may.
    """

    name: str
    column: str
    split: Literal["train", "valid", "test", "probe", "facts"] = "probe"
    at: Literal["first", "last", "change", "mean", "total", "least", "greatest", "spike"] = "last"
    until: float | None = None
    above: float | None = None
    better: Literal["lower", "higher", ""] = ""
    minus: str = ""
    quantity: Literal["amount", "share", ""] = ""


# What the gradient probe's curves come to, before the first step and after the last.
DECAY = (
    Measure("half-life at start (steps)", "half_life", at="first", quantity="amount"),
    Measure("half-life at end (steps)", "half_life", quantity="amount"),
    Measure("log10 kept at start", "log10_kept", at="first"),
    Measure("log10 kept at end", "log10_kept"),
)


def solves(value: float, facts: Mapping[str, Any]) -> bool:
    """Whether a value of the reported metric solves the task whose card this is, which has such a threshold."""
    return value <= facts["solved"] if facts["better"] == "lower" else value >= facts["solved"]
