"""Ways of generating text, as a configuration or a command line names them (S18)."""

import re
from collections.abc import Sequence
from typing import NamedTuple


class Strategy(NamedTuple):
    """A way of generating: ``greedy``; ``sample``, at a temperature, perhaps from the ``top_k`` likeliest tokens or
    those of probability ``top_p``; ``beam`` of a width."""

    name: str
    temperature: float = 1.0
    width: int = 1
    top_k: int = 0
    top_p: float = 1.0


def parse_strategies(names: Sequence[str]) -> dict[str, Strategy]:
    """``greedy``, ``sample``, ``sample(0.5)``, ``beam(4)`` as strategies by what they are written as.

    Raises:
      ValueError: one of another form.
    """
    return {name: _parse(name) for name in names}


def _parse(name: str) -> Strategy:
    match = re.fullmatch(r"(greedy)|(sample)(?:\((\d+\.?\d*|\.\d+)\))?|(beam)\((\d+)\)", name)
    if not match or match[5] == "0" or (match[3] and float(match[3]) == 0):
        raise ValueError(f"strategy {name!r} is none of greedy, sample, sample(TEMPERATURE), beam(WIDTH)")
    if match[4]:
        return Strategy("beam", width=int(match[5]))
    return Strategy(match[1] or match[2], temperature=float(match[3] or 1))
