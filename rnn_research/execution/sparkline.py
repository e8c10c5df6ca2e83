"""A curve in a line of text."""

import math
from collections.abc import Sequence

LEVELS = "▁▂▃▄▅▆▇█"
NOT_FINITE = "×"


def sparkline(values: Sequence[float], width: int = 24) -> str:
    """A character for each value, or for the mean of as many neighbours as there is no room for, from the least (▁) to
    the greatest (█) of those shown; × where one is not finite. A curve that is flat lies at the bottom."""
    count = min(len(values), width)
    bins = [values[at * len(values) // count : (at + 1) * len(values) // count] for at in range(count)]
    means = [_mean(one) if all(map(math.isfinite, one)) else math.nan for one in bins]
    known = [mean for mean in means if math.isfinite(mean)]
    least, greatest = min(known, default=0.0), max(known, default=0.0)

    def level(mean: float) -> str:
        if not math.isfinite(mean):
            return NOT_FINITE
        # Divided before it is subtracted: the difference of two huge values may be infinite.
        scale = max(abs(least), abs(greatest)) or 1.0
        share = (mean / scale - least / scale) / ((greatest / scale - least / scale) or 1.0)
        return LEVELS[min(int(share * len(LEVELS)), len(LEVELS) - 1)]

    return "".join(map(level, means))


def _mean(values: Sequence[float]) -> float:
    """Of finite numbers, of which the sum may be none."""
    scale = max(map(abs, values)) or 1.0
    return math.fsum(value / scale for value in values) / len(values) * scale
