"""What a trial-step costs by its size, and what its program takes to compile, on a CPU.

    python -m benchmarks.scaling

A trial-step is an update of one trial, as ``benchmarks.training`` times it: the program that the launcher runs. Time
steps, batch, hidden and the number of trials on each core are varied, each alone. A time step and a trial should cost
the same throughout, within 10% of the median. An example and an entry of a kernel should not: a wider product makes
better use of a core. The time to compile should be the same throughout, and under 3 s.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from benchmarks.contenders import (
    Contender,
    arguments,
    by_turns,
    closing,
    finish,
    list_of,
    markdown,
    medians,
    whole_numbers,
)
from benchmarks.peers.worker import Job

CELLS = ("elman", "lstm", "gru")
LONGEST = 3.0  # seconds to compile
TOLERANCE = 0.1  # of what should be constant, to either side of the median


class Size(NamedTuple):
    """Of a trial-step, and how many trials each core has."""

    batch: int = 32
    time: int = 100
    hidden: int = 32
    trials: int = 1


class Axis(NamedTuple):
    """What is varied, alone.

    Attributes:
      values: of it.
      unit: of the work that a trial-step grows by.
      units: how many a trial-step has, by the value.
      constant: whether a unit should cost the same throughout.
    """

    values: tuple[int, ...]
    unit: str
    units: Callable[[int], int]
    constant: bool


AXES = {
    "time": Axis((50, 100, 200, 500, 1000, 2000, 5000), "time step", lambda time: time, True),
    "batch": Axis((8, 16, 32, 64, 128, 256), "example", lambda batch: batch, False),
    "hidden": Axis((16, 32, 64, 128, 256), "entry of a gate's recurrent kernel", lambda hidden: hidden**2, False),
    "trials": Axis((1, 2, 8, 64), "trial-step", lambda trials: 1, True),
}


def main(argv: Sequence[str] | None = None) -> None:
    args = parse(argv)
    started = time.monotonic()
    results = []
    for cell in args.cells:
        for name in args.vary:
            sizes = [Size()._replace(**{name: value}) for value in args.values or AXES[name].values]
            results.append(summarise(cell, name, sizes, *measure(cell, sizes, args.rounds, args.seconds)))
            print(verdict(results[-1]), flush=True)
    finish(args, table(results), results, started)


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = arguments("benchmarks.scaling", __doc__, rounds=5, seconds=0.5)
    parser.add_argument("--cells", type=list_of(CELLS), default=["lstm"], help=f"of {', '.join(CELLS)}; default: lstm")
    parser.add_argument(
        "--vary", type=list_of(list(AXES)), default=list(AXES), help=f"of {', '.join(AXES)}; default: all"
    )
    parser.add_argument("--values", type=whole_numbers, metavar="N,N", help="of the one thing that is varied")
    args = parser.parse_args(argv)
    if args.values and len(args.vary) > 1:
        parser.error("--values are of one thing: name it by --vary")
    return args


def measure(
    cell: str, sizes: Sequence[Size], rounds: int, seconds: float
) -> tuple[list[float], list[float], list[list[float]]]:
    """Milliseconds of a trial-step of each size, seconds to compile, and the milliseconds of each round."""
    with closing([]) as contenders:
        for size in sizes:
            contenders.append(Contender(str(size), "ours", f"--pack={size.trials}"))
            contenders[-1].prepare(job(cell, size))
        compiling = [contender.compiling() for contender in contenders]
        rates = by_turns(contenders, rounds, seconds)
    own = [[1000 / one[str(size)] for one in rates] for size in sizes]
    return [1000 / medians(rates)[str(size)] for size in sizes], compiling, own


def job(cell: str, size: Size) -> Job:
    """So many steps to a dispatch that the score at its end weighs little."""
    steps = int(1e7 / (size.time * size.batch * size.hidden))
    return Job(cell, size.batch, size.time, size.hidden, chunk=max(10, min(steps, 500)))


def summarise(
    cell: str,
    name: str,
    sizes: Sequence[Size],
    milliseconds: Sequence[float],
    compiling: Sequence[float],
    rounds: Sequence[Sequence[float]],
) -> dict:
    """The figures of an axis; ``apart`` is how far a unit's cost is from the median at most, as a share of it."""
    axis, values = AXES[name], [getattr(size, name) for size in sizes]
    costs = [1000 * ms / axis.units(value) for ms, value in zip(milliseconds, values, strict=True)]
    middle = statistics.median(costs)
    return {
        "cell": cell,
        "varied": name,
        "values": values,
        "milliseconds": milliseconds,
        "microseconds_per_unit": costs,
        "apart": max(abs(cost / middle - 1) for cost in costs),
        "compiling": compiling,
        "rounds": rounds,
    }


def verdict(result: dict) -> str:
    """What is said of an axis."""
    axis, costs, slowest = AXES[result["varied"]], result["microseconds_per_unit"], max(result["compiling"])
    says = f"{result['cell']}, by {result['varied']}: {min(costs):.2f} to {max(costs):.2f} µs per {axis.unit}"
    if axis.constant:
        within = "" if result["apart"] <= TOLERANCE else f", NOT within {TOLERANCE:.0%}"
        says += f", {result['apart']:.0%} from the median at most{within}"
    says += f"; compiled in {min(result['compiling']):.1f} to {slowest:.1f} s"
    return says + ("" if slowest <= LONGEST else f", NOT under {LONGEST:g} s")


def table(results: Sequence[dict]) -> str:
    """Markdown: a row for each size, and what is said of each axis."""
    rows = []
    for result in results:
        unit = AXES[result["varied"]].unit
        columns = zip(
            result["values"], result["milliseconds"], result["microseconds_per_unit"], result["compiling"], strict=True
        )
        for value, ms, cost, compiling in columns:
            name = f"{result['cell']}, {result['varied']} {value:,}"
            rows.append([name, f"{ms:.3f}", f"{cost:.2f} per {unit}", f"{compiling:.2f}"])
    base = ", ".join(f"{name} {value}" for name, value in Size()._asdict().items())
    text = markdown([f"cell, size (else {base})", "ms per trial-step", "µs", "compiled s"], rows)
    return text + "\n\n" + "\n".join(map(verdict, results))


if __name__ == "__main__":
    main()
