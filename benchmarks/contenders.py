"""Contenders that run by turns, each in processes of its own; and what the benchmarks print of them."""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata, util
from pathlib import Path
from typing import Any, NamedTuple

from rnn_research.cores import available_cores

CHECKOUT = Path(__file__).resolve().parents[1]
PACKAGES = ("jax", "torch", "flax", "dm-haiku", "equinox", "optax", "numpy")
# Settings of the shell that would change how many threads a contender gets.
SETTINGS = ("JAX_", "XLA_", "PJRT_", "OMP_", "MKL_", "OPENBLAS_", "GOMP_", "KMP_")

Round = dict[str, float]  # a figure of every contender, by its name


# By platform: that contenders share a GPU's memory, jax must not take most of it for one of them.
PLATFORMS = {
    "cpu": {"JAX_PLATFORMS": "cpu"},
    "gpu": {"JAX_PLATFORMS": "cuda", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"},
}


def clean_environment(platform: str = "cpu") -> dict[str, str]:
    """This process's, without settings that would change what a contender gets; jax keeps to the platform."""
    return {k: v for k, v in os.environ.items() if not k.startswith(SETTINGS)} | PLATFORMS[platform]


class Contender:
    """Processes that do the same work at the same time.

    Args:
      module: in ``benchmarks.peers``, with its ``arguments``.
      checkout: directory of the project that the module is taken from; this one if left out.
      platform: that jax runs on, of ``PLATFORMS``.
    """

    def __init__(
        self,
        name: str,
        module: str,
        *arguments: Any,
        processes: int = 1,
        checkout: Path = CHECKOUT,
        platform: str = "cpu",
    ):
        self.name = name
        command = [sys.executable, "-m", f"benchmarks.peers.{module}", *map(str, arguments)]
        # A group of its own: Ctrl-C reaches this process alone, and closing the pipes ends the others. Not a session of
        # its own: Linux shares a busy machine between sessions, so two processes would get twice what two threads get.
        self.workers = [
            subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=clean_environment(platform),
                text=True,
                cwd=checkout,  # which ``python -m`` looks in first
                process_group=0,
            )
            for _ in range(processes)
        ]

    def ask(self, request: dict) -> list:
        """Send all workers a request at once; wait for their answers."""
        for worker in self.workers:
            print(json.dumps(request), file=worker.stdin, flush=True)
        answers = [worker.stdout.readline() for worker in self.workers if worker.stdout]
        if not all(answers):
            raise SystemExit(f"{self.name}: a worker has died; its message is above")
        return [json.loads(answer) for answer in answers]

    def prepare(self, job: Any) -> list[str]:
        """Make ready for a job, a named tuple; what each process calls the form of it that it will run."""
        return self.ask({"job": job._asdict()})

    def run(self, seconds: float) -> float:
        """Units of work per second, over all the processes, in a round of at least so many seconds."""
        return sum(self.ask({"seconds": seconds}))

    def compiling(self) -> float:
        """Seconds that the last job took to compile, in the slowest of the processes."""
        return max(self.ask({"compiling": True}))

    def close(self) -> None:
        for worker in self.workers:
            if worker.stdin:
                worker.stdin.close()
            worker.terminate()
            worker.wait()


@contextmanager
def closing(contenders: list[Contender]) -> Iterator[list[Contender]]:
    """The contenders, and those that are added to them, end with the context."""
    try:
        yield contenders
    finally:
        for contender in contenders:
            contender.close()


class Ratio(NamedTuple):
    """How many times faster than a peer ours is: the ratio of medians, and the least and largest of a round."""

    median: float
    least: float
    largest: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.least:.2f}–{self.largest:.2f})"


def by_turns(contenders: Sequence[Contender], rounds: int, seconds: float) -> list[Round]:
    """Units of work per second, of every contender in every round.

    By turns, so that whatever else the machine does meets all alike.
    """
    return [{contender.name: contender.run(seconds) for contender in contenders} for _ in range(rounds)]


def medians(rounds: Sequence[Round]) -> Round:
    return {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}


def ratio(rounds: Sequence[Round], over: str, under: str) -> Ratio:
    """One contender's figure over another's."""
    middle, of_rounds = medians(rounds), [one[over] / one[under] for one in rounds]
    return Ratio(middle[over] / middle[under], min(of_rounds), max(of_rounds))


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table."""
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])


def arguments(
    program: str, description: str | None, rounds: int, seconds: float | None = None
) -> argparse.ArgumentParser:
    """A parser of the options that these benchmarks share; ``seconds`` where rounds are as long as one wants."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {program}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--rounds", type=positive(int), default=rounds, help=f"rounds for each contender ({rounds})")
    if seconds:
        parser.add_argument(
            "--seconds", type=positive(float), default=seconds, help=f"least length of a round ({seconds:g})"
        )
    parser.add_argument("--json", metavar="PATH", help="write the figures here, not as the last line of the output")
    return parser


def finish(args: argparse.Namespace, table: str, results: list[dict], started: float) -> None:
    """Print the table, how it came about, and the figures as JSON, there or in the file asked for."""
    versions = {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}
    report = {
        "versions": versions,
        "cores": available_cores(),
        "rounds": args.rounds,
        "seconds": getattr(args, "seconds", None),
        "results": results,
    }
    print("\n" + table + "\n")
    print(", ".join(f"{name} {number}" for name, number in versions.items() if number) + f"; {available_cores()} cores")
    length = f" of {report['seconds']:g} s" if report["seconds"] else ""
    print(f"{args.rounds} rounds{length}; {time.monotonic() - started:.0f} s in all")
    if args.json:
        with open(args.json, "w", encoding="utf-8") as file:
            json.dump(report, file, indent=1)
    else:
        print(json.dumps(report))


def installed(package: str) -> bool:
    """Whether a peer is there; a line says so where it is not."""
    there = util.find_spec(package) is not None
    if not there:
        print(f"{package} is not installed: left out")
    return there


def version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def list_of(names: Sequence[str]):
    """A comma-separated list of these names, or ``all``, for argparse."""

    def read(text: str) -> list[str]:
        chosen = list(names) if text == "all" else [name.strip() for name in text.split(",") if name.strip()]
        for name in chosen:
            if name not in names:
                raise argparse.ArgumentTypeError(f"{name!r} is not one of {', '.join(names)}")
        return chosen

    return read


def positive(kind: type):
    def read(text: str):
        value = kind(text)
        if not value > 0:
            raise argparse.ArgumentTypeError(f"{text} is not positive")
        return value

    read.__name__ = kind.__name__
    return read


def whole_numbers(text: str) -> list[int]:
    """A comma-separated list of whole numbers above 0, for argparse."""
    return [positive(int)(part) for part in text.split(",")]
