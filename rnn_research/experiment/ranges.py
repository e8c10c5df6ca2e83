"""Ranges of numbers, for ``--grid.PATH=log(1e-4,1e-2,7)``, for random search, and for experiment files."""

import math
import random
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

FORM = re.compile(r"(log|linear)\(([^,()]+),([^,()]+)(?:,([^,()]+))?\)")
DIGITS = 3  # significant ones of a drawn number: as many as a table can show


class Range(NamedTuple):
    """Numbers from ``low`` to ``high``, evenly spread or evenly spread in their logarithm.

    With ``whole``, the whole numbers between, of equal shares (in the logarithm, those of what rounds to them), the
    first and the last as well.
    """

    kind: Literal["log", "linear"]
    low: float
    high: float
    whole: bool = False

    def at(self, share: float) -> float:
        """The number that far along, 0 to 1."""
        if self.whole:
            first, last = self.ends()
            number = Range(self.kind, first - 0.5, last + 0.5).at(share)
            return min(max(math.floor(number + 0.5), first), last)
        if self.kind == "linear":
            return self.low + share * (self.high - self.low)
        return math.exp(math.log(self.low) + share * (math.log(self.high) - math.log(self.low)))

    def ends(self) -> tuple[int, int]:
        """The first and the last whole number; the last is below the first where there is none."""
        low, high = sorted((self.low, self.high))
        return math.ceil(low), math.floor(high)


def log(low: float, high: float, count: int) -> tuple[float, ...]:
    """``count`` numbers from ``low`` to ``high`` with equal ratios."""
    return spaced(Range("log", low, high), count)


def linear(low: float, high: float, count: int) -> tuple[float, ...]:
    """``count`` numbers from ``low`` to ``high`` with equal differences."""
    return spaced(Range("linear", low, high), count)


def spaced(numbers: Range, count: int) -> tuple[float, ...]:
    """``count`` numbers of a range, both ends among them, to six significant digits.

    Raises:
      ValueError: fewer than two numbers, or a logarithm of what is not positive.
    """
    _check(numbers)
    if count < 2:
        raise ValueError(f"a range needs 2 numbers or more, not {count}")
    return tuple(_rounded(numbers.at(index / (count - 1)), 6) for index in range(count))


def parse_range(text: str) -> Range | tuple[float, ...] | None:
    """``log(1e-4,1e-2)`` as a range, ``log(1e-4,1e-2,7)`` as numbers, other text as None.

    Raises:
      ValueError: of that form, but with something that is no number in it.
    """
    match = FORM.fullmatch(text.strip())
    if match is None:
        return None
    kind, low, high, count = match.groups()
    try:
        numbers = Range("log" if kind == "log" else "linear", float(low), float(high))
        return _check(numbers) if count is None else spaced(numbers, int(count))
    except ValueError as error:
        raise ValueError(f"{text}: {error}") from error


def random_points(axes: Mapping[str, Range | Sequence[Any]], count: int, seed: int = 0) -> tuple[dict[str, Any], ...]:
    """Settings for a random search (Bergstra and Bengio 2012), always the same for a seed.

    Args:
      axes: path → a range to draw from, or values to choose from.
      count: points; the first ones of a larger search are those of a smaller one.

    Returns:
      One mapping path → value per point; numbers drawn from a range have three significant digits.
    """
    draw = random.Random(seed)

    def value(pool):
        share = draw.random()
        if isinstance(pool, Range):
            return pool.at(share) if pool.whole else _rounded(pool.at(share), DIGITS)
        return pool[int(share * len(pool))]

    return tuple({path: value(axes[path]) for path in sorted(axes)} for _ in range(count))


def _rounded(number: float, digits: int) -> float:
    return float(f"{number:.{digits}g}")


def _check(numbers: Range) -> Range:
    if not (math.isfinite(numbers.low) and math.isfinite(numbers.high)):
        raise ValueError("a range needs finite numbers")
    if numbers.kind == "log" and min(numbers.low, numbers.high) <= 0:
        raise ValueError("a logarithmic range needs numbers above 0")
    return numbers
