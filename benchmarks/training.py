"""A whole training step beside PyTorch and flax, on a CPU, in one run.

    python -m benchmarks.training

A step draws a batch of the adding problem on the device, runs forward and backward, clips the gradient to a
global norm of 1 and updates by Adam. The contenders:

- ``ours``: the program that the launcher runs, one trial on each core;
- ``torch``: ``torch.nn``'s own modules, the better of one process with a thread for each core and one
  single-threaded process for each core;
- ``flax``: ``flax.linen.RNN`` jitted on one device that has all the threads.

Each waits in processes of its own; they run by turns, in short rounds. A figure is wall time divided by the steps
made, over all the models that train at the same time; its ratio to ours is above 1 where ours is faster.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib import metadata, util
from typing import NamedTuple

from benchmarks.peers.worker import Job

CELLS = ("elman", "lstm", "gru")
# Batch, time, hidden; then the steps in a dispatch, for about a tenth of a second.
SIZES = ((32, 50, 16, 200), (32, 50, 32, 100), (32, 100, 64, 20), (50, 200, 128, 8))
PEERS = {"torch": ("torch threads", "torch processes"), "flax": ("flax",)}
PACKAGES = ("jax", "torch", "flax", "optax", "numpy")
# Settings of the shell that would change how many threads a contender gets.
SETTINGS = ("JAX_", "XLA_", "PJRT_", "OMP_", "MKL_", "OPENBLAS_", "GOMP_", "KMP_")


class Contender:
    """Processes that train the same network at the same time."""

    def __init__(self, name: str, module: str, *arguments: int, processes: int = 1):
        self.name = name
        command = [sys.executable, "-m", f"benchmarks.peers.{module}", *map(str, arguments)]
        clean = {k: v for k, v in os.environ.items() if not k.startswith(SETTINGS)}
        # A session of its own: Ctrl-C reaches this process alone, and closing the pipes ends the others.
        self.workers = [
            subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=clean | {"JAX_PLATFORMS": "cpu"},
                text=True,
                start_new_session=True,
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

    def prepare(self, job: Job) -> None:
        self.ask({"job": job._asdict()})

    def run(self, seconds: float) -> float:
        """Milliseconds per training step, over all the models, in a round of at least so many seconds."""
        return 1000 / sum(self.ask({"seconds": seconds}))

    def close(self) -> None:
        for worker in self.workers:
            if worker.stdin:
                worker.stdin.close()
            worker.terminate()
            worker.wait()


class Ratio(NamedTuple):
    """How much slower than ours a peer is: the ratio of medians, and the least and largest of a round."""

    median: float
    least: float
    largest: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.least:.2f}–{self.largest:.2f})"


def main(argv: Sequence[str] | None = None) -> None:
    args = parse(argv)
    cores = len(os.sched_getaffinity(0))
    started = time.monotonic()
    contenders: list[Contender] = []
    results = []
    try:
        contenders += start(args.peers, cores)
        for cell in args.cells:
            for size in args.sizes:
                job = Job(cell, *SIZES[size])
                for contender in contenders:
                    contender.prepare(job)
                # By turns, so that whatever else the machine does meets all alike.
                rounds = [{c.name: c.run(args.seconds) for c in contenders} for _ in range(args.rounds)]
                results.append(summarise(job, rounds))
                print(progress(results[-1]), flush=True)
    finally:
        for contender in contenders:
            contender.close()
    report = {
        "versions": {"python": platform.python_version()} | {name: version(name) for name in PACKAGES},
        "cores": cores,
        "rounds": args.rounds,
        "seconds": args.seconds,
        "results": results,
    }
    print("\n" + table(results, args.peers) + "\n")
    print(", ".join(f"{name} {number}" for name, number in report["versions"].items() if number) + f"; {cores} cores")
    print(f"{args.rounds} rounds of {args.seconds:g} s; {time.monotonic() - started:.0f} s in all")
    if args.json:
        with open(args.json, "w", encoding="utf-8") as file:
            json.dump(report, file, indent=1)
    else:
        print(json.dumps(report))


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line; peers that are not installed are left out with a line that says so."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.training", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    sizes = ", ".join(f"{i}: {shape[:3]}" for i, shape in enumerate(SIZES))
    parser.add_argument("--cells", type=_list_of(CELLS), default=CELLS, help=f"of {', '.join(CELLS)}; default: all")
    parser.add_argument(
        "--sizes",
        type=lambda text: [int(size) for size in _list_of([*map(str, range(len(SIZES)))])(text)],
        default=range(len(SIZES)),
        help=f"numbers of (batch, time, hidden); {sizes}; default: all",
    )
    parser.add_argument("--peers", type=_list_of(list(PEERS)), default=PEERS, help="of torch, flax; default: both")
    parser.add_argument("--rounds", type=_positive(int), default=5, help="rounds for each contender (5)")
    parser.add_argument("--seconds", type=_positive(float), default=0.7, help="least length of a round (0.7)")
    parser.add_argument("--json", metavar="PATH", help="write the figures here, not as the last line of the output")
    args = parser.parse_args(argv)
    missing = [peer for peer in args.peers if util.find_spec(peer) is None]
    for peer in missing:
        print(f"{peer} is not installed: left out")
    args.peers = [peer for peer in args.peers if peer not in missing]
    return args


def start(peers: Sequence[str], cores: int) -> list[Contender]:
    """Start the workers: ours first."""
    contenders = [Contender("ours", "ours")]
    if "torch" in peers:
        contenders.append(Contender("torch processes", "pytorch", 1, processes=cores))
        if cores > 1:
            contenders.append(Contender("torch threads", "pytorch", cores))
    if "flax" in peers:
        contenders.append(Contender("flax", "flax_linen"))
    return contenders


def summarise(job: Job, rounds: list[dict[str, float]]) -> dict:
    """Medians over the rounds, and for each peer the better of its modes and its ratio to ours."""
    medians = {name: statistics.median(r[name] for r in rounds) for name in rounds[0]}
    best, ratios = {}, {}
    for peer, modes in PEERS.items():
        modes = [mode for mode in modes if mode in medians]
        if modes:
            mode = best[peer] = min(modes, key=lambda mode: medians[mode])
            by_round = [r[mode] / r["ours"] for r in rounds]
            ratios[peer] = Ratio(medians[mode] / medians["ours"], min(by_round), max(by_round))
    return job._asdict() | {"milliseconds": medians, "best": best, "ratio": ratios, "rounds": rounds}


def progress(result: dict) -> str:
    figures = ", ".join(f"{name} {ms:.3f}" for name, ms in result["milliseconds"].items())
    return f"{_title(result)}: {figures} ms per step"


def table(results: list[dict], peers: Sequence[str]) -> str:
    """Markdown: a row for each cell and size."""
    head = ["cell (batch, time, hidden)", "ours ms"]
    head += [f"{peer} ms" for peer in peers] + [f"{peer} / ours" for peer in peers]
    rows = [head, ["---"] * len(head)]
    for result in results:
        ms, best = result["milliseconds"], result["best"]
        # "torch processes" is said as "processes": the column has the rest of the name.
        figures = [f"{ms[best[peer]]:.3f}{best[peer].removeprefix(peer)}" for peer in peers]
        rows.append([_title(result), f"{ms['ours']:.3f}", *figures, *(str(result["ratio"][peer]) for peer in peers)])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _title(result: dict) -> str:
    return f"{result['cell']} ({result['batch']}, {result['time']}, {result['hidden']})"


def _list_of(names: Sequence[str]):
    """A comma-separated list of these names, or ``all``, for argparse."""

    def read(text: str) -> list[str]:
        chosen = list(names) if text == "all" else [name.strip() for name in text.split(",") if name.strip()]
        for name in chosen:
            if name not in names:
                raise argparse.ArgumentTypeError(f"{name!r} is not one of {', '.join(names)}")
        return chosen

    return read


def _positive(kind: type):
    def read(text: str):
        value = kind(text)
        if not value > 0:
            raise argparse.ArgumentTypeError(f"{text} is not positive")
        return value

    read.__name__ = kind.__name__
    return read


if __name__ == "__main__":
    main()
