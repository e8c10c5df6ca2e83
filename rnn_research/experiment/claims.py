"""Claims as data: what an experiment asserts and how the report is to test it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Compare:
    """ "Arm A beats arm B by more than ``margin``", tested on pairs of runs with the same seed.

    Unless another measure is named, what is compared is the skill: 0 for the task's trivial baseline, 1 for a perfect
    answer, so that tasks can be put together; a run that failed counts as 0. The claim is *supported* if the mean
    paired difference is significantly above the margin, *contradicted* if significantly below, else *undecided*. A
    negative margin makes it "A is not worse than B by more than that".

    Of other measures, a run that failed may have none. It then counts against what was found among the others
    (``report.failures``), and the answer stands only if it is the same with it.

    Attributes:
      column: the axis that holds the two arms.
      arm, against: their values.
      margin: in units of the measure.
      where: other columns and the values to keep, ``{"task": ("adding(length=50)",)}``; a value may end in ``*``.
      measure: ``skill``, ``score``, ``finished`` (0 for a run that failed, else 1), or one of the
        experiment's measures.
    """

    column: str
    arm: str
    against: str
    margin: float
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    measure: str = "skill"


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
    """

    source: str
    text: str
    tests: tuple[Compare | Level | ParameterRatio, ...]
