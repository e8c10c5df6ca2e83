"""A whole training step beside PyTorch, flax, haiku and equinox, in one run, on a CPU or on one GPU.

    python -m benchmarks.training
    python -m benchmarks.training --platform=gpu --packs=8,64,512

A step draws a batch of the adding problem on the device, runs forward and backward, clips the gradient to a
global norm of 1 and updates by Adam. The contenders:

- ``ours``: the program that the launcher runs, one trial on each core;
- ``torch``: ``torch.nn``'s own modules, the better of one process with a thread for each core and one
  single-threaded process for each core;
- ``flax``, ``haiku``, ``equinox``: ``flax.linen.RNN``, ``haiku.dynamic_unroll``, and ``equinox.nn``'s cells in a
  ``lax.scan``, jitted on one device that has all the threads;
- ``limit``: the step's products with the recurrent kernel and its transcendental functions alone, by XLA, one step on
  each core (``benchmarks.peers.limit``); its ratio to ours is the share of what is possible;
- ``pack N``, if asked for by ``--packs``: ours with N trials on each core;
- ``padded``, if asked for: ours with examples of random lengths, padded to the same size;
- ``before``, if asked for: ours of another checkout of the project.

On a GPU ``ours`` is one trial, ``pack N`` are N of them side by side, ``torch`` is one process that uses cuDNN, by the
best of its steps launched one by one and captured as a CUDA graph, and there is no ``limit``.

Each waits in processes of its own; they run by turns, in short rounds. A figure is wall time divided by the steps
made, over all the models that train at the same time; its ratio to ours is above 1 where ours is faster. "compiled s"
is what ours takes to compile, for as many trials as cores.
"""

import argparse
import math
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks.contenders import (
    PLATFORMS,
    Contender,
    Round,
    arguments,
    by_turns,
    closing,
    finish,
    installed,
    list_of,
    markdown,
    medians,
    ratio,
    whole_numbers,
)
from benchmarks.peers.worker import Job
from rnn_research.cores import available_cores

CELLS = ("elman", "lstm", "gru")
# Batch, time, hidden; then the steps in a dispatch, for about a tenth of a second.
SIZES = ((32, 50, 16, 200), (32, 50, 32, 100), (32, 100, 64, 20), (50, 200, 128, 8))
TORCH = ("torch threads", "torch processes", "torch gpu")
PEERS = {  # the package of each, and its modes
    "torch": ("torch", TORCH),
    "flax": ("flax", ("flax",)),
    "haiku": ("haiku", ("haiku",)),
    "equinox": ("equinox", ("equinox",)),
}
LAST = {"padded": 1, "before": 2}  # in tables, after the peers
MODULES = {"flax": "flax_linen", "haiku": "haiku_unroll", "equinox": "equinox_scan"}


def main(argv: Sequence[str] | None = None) -> None:
    args = parse(argv)
    started = time.monotonic()
    results = []
    with closing(start(args)) as contenders:
        for cell in args.cells:
            for size in args.sizes:
                job = Job(cell, *SIZES[size])
                prepare(contenders, job, at_once=args.platform != "cpu")
                compiling = contenders[0].compiling()
                rates = by_turns(contenders, args.rounds, args.seconds)
                rounds = [{name: 1000 / rate for name, rate in one.items()} for one in rates]
                results.append(summarise(job, rounds, compiling))
                print(progress(results[-1]), flush=True)
    finish(args, table(results), results, started)


def prepare(contenders: Sequence[Contender], job: Job, at_once: bool) -> None:
    """Have all of them compile: one after another where they would take each other's cores."""
    with ThreadPoolExecutor(len(contenders) if at_once else 1) as pool:
        list(pool.map(lambda contender: contender.prepare(job), contenders))


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line; peers that are not installed are left out with a line that says so."""
    parser = arguments("benchmarks.training", __doc__, rounds=5, seconds=0.7)
    sizes = ", ".join(f"{i}: {shape[:3]}" for i, shape in enumerate(SIZES))
    parser.add_argument("--cells", type=list_of(CELLS), default=CELLS, help=f"of {', '.join(CELLS)}; default: all")
    parser.add_argument(
        "--sizes",
        type=lambda text: [int(size) for size in list_of([*map(str, range(len(SIZES)))])(text)],
        default=range(len(SIZES)),
        help=f"numbers of (batch, time, hidden); {sizes}; default: all",
    )
    parser.add_argument(
        "--peers", type=list_of(list(PEERS)), default=PEERS, help=f"of {', '.join(PEERS)}; default: all"
    )
    parser.add_argument(
        "--packs", type=whole_numbers, default=[], metavar="N,N", help="trials on each core, as in 2,8,64; none"
    )
    parser.add_argument("--platform", choices=list(PLATFORMS), default="cpu", help="where all of them run (cpu)")
    parser.add_argument(
        "--limit", action=argparse.BooleanOptionalAction, default=True, help="time the limit (yes; on a CPU)"
    )
    parser.add_argument("--padded", action="store_true", help="time examples of random lengths too")
    parser.add_argument("--against", type=checkout, metavar="PATH", help="time the checkout of the project there too")
    args = parser.parse_args(argv)
    args.peers = [peer for peer in args.peers if installed(PEERS[peer][0])]
    return args


def checkout(text: str) -> Path:
    """A directory that holds the project."""
    path = Path(text).resolve()
    if not (path / "benchmarks" / "peers" / "ours.py").is_file():
        raise argparse.ArgumentTypeError(f"{text} is not a checkout of this project")
    return path


def start(args: argparse.Namespace) -> list[Contender]:
    """Start the workers: ours first."""
    start_one = partial(Contender, platform=args.platform)
    contenders = [start_one("ours", "ours")]
    if args.against:
        contenders.append(start_one("before", "ours", checkout=args.against))
    if args.padded:
        contenders.append(start_one("padded", "ours", "--padded"))
    if "torch" in args.peers and args.platform == "gpu":
        contenders.append(start_one("torch gpu", "pytorch", available_cores(), "--device=cuda"))
    elif "torch" in args.peers:
        contenders.append(Contender("torch processes", "pytorch", 1, processes=available_cores()))
        if available_cores() > 1:
            contenders.append(Contender("torch threads", "pytorch", available_cores()))
    contenders += [start_one(peer, MODULES[peer]) for peer in args.peers if peer in MODULES]
    contenders += [start_one("limit", "limit")] if args.limit and args.platform == "cpu" else []
    contenders += [start_one(f"pack {count}", "ours", f"--pack={count}") for count in args.packs]
    return contenders


def summarise(job: Job, rounds: list[Round], compiling: float) -> dict:
    """Medians over the rounds, and for each side the better of its modes and its ratio to ours."""
    milliseconds = medians(rounds)
    best: dict[str, str] = {}
    for name in milliseconds:
        side = "torch" if name in TORCH else name
        if name != "ours" and milliseconds[name] <= milliseconds.get(best.get(side, ""), math.inf):
            best[side] = name
    best = {side: best[side] for side in sorted(best, key=lambda side: LAST.get(side, 0))}
    ratios = {side: ratio(rounds, name, "ours") for side, name in best.items()}
    return job._asdict() | {
        "milliseconds": milliseconds,
        "best": best,
        "ratio": ratios,
        "compiling": compiling,
        "rounds": rounds,
    }


def progress(result: dict) -> str:
    figures = ", ".join(f"{name} {ms:.3f}" for name, ms in result["milliseconds"].items())
    ratios = ", ".join(f"{side} / ours {ratio}" for side, ratio in result["ratio"].items())
    return f"{_title(result)}: {figures} ms per step" + (f"; {ratios}" if ratios else "")


def table(results: list[dict]) -> str:
    """Markdown: a row for each cell and size."""
    peers = list(results[0]["best"]) if results else []
    head = ["cell (batch, time, hidden)", "compiled s", "ours ms"]
    head += [f"{peer} ms" for peer in peers] + [f"{peer} / ours" for peer in peers]
    rows = []
    for result in results:
        ms, best = result["milliseconds"], result["best"]
        # "torch processes" is said as "processes": the column has the rest of the name.
        figures = [f"{ms[best[peer]]:.3f}{best[peer].removeprefix(peer)}" for peer in peers]
        ratios = [str(result["ratio"][peer]) for peer in peers]
        rows.append([_title(result), f"{result['compiling']:.2f}", f"{ms['ours']:.3f}", *figures, *ratios])
    return markdown(head, rows)


def _title(result: dict) -> str:
    return f"{result['cell']} ({result['batch']}, {result['time']}, {result['hidden']})"


if __name__ == "__main__":
    main()
