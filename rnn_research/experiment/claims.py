"""Claims as data: what an experiment asserts and how the report is to test it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

FAMILIES = 5  # that a claim about families in general takes


@dataclass(frozen=True)
class Compare:
    """ "Arm A is above arm B by more than ``margin``", on average over the settings of the other columns.

    Unless another measure is named, what is compared is the skill: 0 for the task's trivial baseline, 1 for a perfect
    answer, so that tasks can be put together, and more is better. Any other measure is taken as it is, A's minus B's,
    whichever way is better: of a loss, A is then claimed to be worse. Where some runs of an arm solve their task and
    some do not, it is the share of runs that solved it that is compared for the skill. A negative margin makes it "A is
    not worse than B by more than that". What decides, and what the answers mean: docs/statistics.md.

    Attributes:
      column: the axis that holds the two arms.
      arm, against: their values.
      margin: in units of the measure; the claim's source or docs say why it is that.
      where: other columns and the values to keep, ``{"task": ("adding(length=50)",)}``; a value may end in ``*``.
      measure: ``skill``, ``score``, ``solved`` (1 for a run beyond the task's threshold, else 0), ``finished`` (0 for a
        run that failed, else 1), or one of the experiment's measures.
      families: a column by whose values, up to the first bracket, settings are put together; the claim is then about
        such families in general, tested by how they differ, and takes at least five. Without it, it is about the
        settings that were run.
      ratio: "A is more than ``margin`` times B", of one of the experiment's measures that is above 0: its logarithms
        are compared, so that it is about geometric means.
      along: a column of numbers above 0: "A gains on B by more than ``margin`` with every doubling of it", the slope of
        the difference on its log2 by least squares over the settings. Of shares too; not with ``families``.
    """

    column: str
    arm: str
    against: str
    margin: float
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    measure: str = "skill"
    families: str = ""
    ratio: bool = False
    along: str = ""


@dataclass(frozen=True)
class Level:
    """ "The measure is above (or below) ``value``", tested on the mean over runs of each setting.

    *Supported* if the mean is significantly on that side of the value, *contradicted* if significantly on the other.

    Attributes:
      measure: as in ``Compare``.
      side: which side is claimed.
      value: what the mean is compared with.
      where: columns and the values to keep; as in ``Compare``.
    """

    measure: str
    side: Literal["above", "below"]
    value: float
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class ParameterRatio:
    """ "A cell of kind A has ``value`` times the parameters of the Elman cell of its width", counted exactly.

    Attributes:
      column, arm: where the runs are found.
      value: the ratio claimed.
    """

    column: str
    arm: str
    value: float


@dataclass(frozen=True)
class Claim:
    """A sentence, its source, and its tests, all of which must hold.

    Attributes:
      source: a lecture claim (``C16``) or a paper's table.
      text: the claim in one sentence, with what is measured.
      tests: supported if all are, contradicted if one is.
      primary: whether it is one of those that the experiment was made for: their answers together are wrong in at most
        one of twenty experiments. Others are answered by themselves.
    """

    source: str
    text: str
    tests: tuple[Compare | Level | ParameterRatio, ...]
    primary: bool = True
