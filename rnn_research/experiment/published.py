"""Figures that others published, to stand beside ours in the table."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Published:
    """What others report for arms of this experiment, in the unit of the test score.

    The table has a column for every source. That ours come close is a claim as any other: a ``Level`` on each side of
    the figure.

    Attributes:
      value: the figure, as printed there.
      source: whose it is and where it stands: ``Chung et al. 2014, table 2``.
      where: columns and the values of the arms it belongs to, as in ``Compare``; all arms if empty. Of several figures
        of one source the first that fits an arm is shown.
    """

    value: float
    source: str
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
