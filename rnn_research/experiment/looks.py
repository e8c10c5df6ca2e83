"""Looks at the verdicts while seeds are added: what each may spend of the error that an experiment has in all.

Looking after every pack and stopping at the first verdict makes 5% false ones into 12%. At 8, 16 and 32 seeds with
0.5%, 1.5% and 3% it is 4.4% (``benchmarks.coverage``); the errors add up to 5%, so it can never be more.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

ERROR = 0.05  # of the one look of an experiment whose number of seeds was settled beforehand
FEWEST = 8  # seeds that a verdict takes: with fewer there is nothing to look at


class Look(NamedTuple):
    """The verdicts at a number of seeds, and the share of experiments in which one of them may be false."""

    seeds: int
    error: float


PLANNED = (Look(8, 0.005), Look(16, 0.015), Look(32, 0.03))


def taken(document: Mapping[str, Any] | None) -> list[Look]:
    """The looks that ``experiment.json`` keeps, in order."""
    return [Look(**look) for look in (document or {}).get("looks", [])]


def error_of(looks: Sequence[Look], seeds: int) -> float | None:
    """What the verdicts of that many seeds may spend: what their look did; of more seeds than were looked at yet, what
    the last did; None of a number below it that no look had, which was not settled beforehand."""
    if not looks:
        return ERROR
    return next((look.error for look in looks if look.seeds == seeds), looks[-1].error if seeds > last(looks) else None)


def last(looks: Sequence[Look]) -> int:
    """The seeds of the last look; 0 before the first."""
    return looks[-1].seeds if looks else 0


def seeds_of(looks: Sequence[Look]) -> str:
    """For people: ``8, 16, 32``."""
    return ", ".join(str(look.seeds) for look in looks)


def still_planned(before: Sequence[Look], most: int) -> list[Look]:
    """The looks of ``--until_decided`` that are to come, the last one taken again first, as nothing is spent by that.

    Args:
      most: seeds that are not to be exceeded.
    """
    return [*before[-1:], *(look for look in PLANNED if last(before) < look.seeds <= most)]


def with_look(before: Sequence[Look], seeds: int, planned: Look | None = None) -> list[Look]:
    """The looks with one more, at ``seeds``; the same where that many were looked at before.

    Seeds that were added by hand are a look too: what was spent is spent, and the next costs what it would have cost as
    planned.
    """
    if seeds < FEWEST or last(before) >= seeds:
        return list(before)
    if planned is not None:
        return [*before, planned]
    error = PLANNED[min(len(before), len(PLANNED) - 1)].error if before else ERROR
    return [*before, Look(seeds, error)]
