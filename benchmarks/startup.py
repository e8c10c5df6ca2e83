"""How soon something is there: the commands that answer at once, and the first update of an experiment, on a CPU.

    python -m benchmarks.startup

Each in a process of its own, from the command to its end, or to the first row of metrics in the run directory, by
rounds; the median, and the least and the largest.

- ``import``: ``python -c "import rnn_research"``;
- ``list``, ``help``: ``launch.py --list``, ``launch.py --help``;
- ``cold``: ``launch.py --experiment=lstm_vs_gru`` until its first row, after ``train.eval_every`` updates, with an
  empty cache of compiled programs;
- ``warm``: the same with what the cold one has left in the cache.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from benchmarks.contenders import arguments, finish, list_of, markdown
from benchmarks.measured import run_measured, start

PYTHON = sys.executable
COMMANDS = {
    "import": [PYTHON, "-c", "import rnn_research"],
    "list": [PYTHON, "launch.py", "--list"],
    "help": [PYTHON, "launch.py", "--help"],
}
BARS = {"import": 1.0, "list": 1.0, "help": 1.0, "cold": 10.0, "warm": 4.0}  # seconds that none should take longer than
LONGEST = 300.0  # seconds to wait for a first row
POLL = 0.02


def main(argv: Sequence[str] | None = None) -> None:
    args = parse(argv)
    started = time.monotonic()
    rounds: list[dict[str, float]] = []
    for _ in range(args.rounds):
        with tempfile.TemporaryDirectory() as directory:
            place = Path(directory)
            rounds.append({name: seconds_of(name, args.experiment, place) for name in args.only})
        print(", ".join(f"{name} {seconds:.2f}" for name, seconds in rounds[-1].items()), flush=True)
    results = [summarise(name, [one[name] for one in rounds]) for name in args.only]
    finish(args, table(results), results, started)


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = arguments("benchmarks.startup", __doc__, rounds=5)
    parser.add_argument(
        "--only", type=list_of(list(BARS)), default=list(BARS), help=f"of {', '.join(BARS)}; default: all"
    )
    parser.add_argument("--experiment", default="lstm_vs_gru", help="for the first update (lstm_vs_gru)")
    return parser.parse_args(argv)


def seconds_of(name: str, experiment: str, place: Path) -> float:
    """Of one command, with the cache of compiled programs in ``place``, shared by all of a round."""
    cache = place / "cache"
    if name in COMMANDS:
        return run_measured(COMMANDS[name], cache).seconds
    return first_row([PYTHON, "launch.py", f"--experiment={experiment}"], cache, place / name)


def first_row(command: Sequence[str], cache: Path, run: Path) -> float:
    """Seconds until a launch has written a row of metrics; it is stopped then.

    Raises:
      SystemExit: it ended before, or took too long.
    """
    with tempfile.TemporaryFile("w+") as output:
        started = time.monotonic()
        process = start([*command, f"--workdir={run}"], cache, output)
        try:
            there = wait_for(lambda: has_row(run), lambda: process.poll() is not None)
            seconds = time.monotonic() - started
        finally:
            stop(process)
        if not there:
            output.seek(0)
            raise SystemExit(f"{' '.join(command)}: no row of metrics after {seconds:.0f} s\n{output.read()[-2000:]}")
    return seconds


def wait_for(there: Callable[[], bool], over: Callable[[], bool]) -> bool:
    """Whether something is there before all is over, or the patience."""
    end = time.monotonic() + LONGEST
    while not there():
        if over() or time.monotonic() > end:
            return False
        time.sleep(POLL)
    return True


def has_row(run: Path) -> bool:
    """Whether a trial has a row; the directory may be in the making."""
    with suppress(OSError):
        return any(path.stat().st_size for path in run.glob("trials/*/metrics.jsonl"))
    return False


def stop(process: subprocess.Popen) -> None:
    """End a launch after its chunk, so that what it has compiled is kept."""
    process.terminate()
    process.wait()


def summarise(name: str, seconds: Sequence[float]) -> dict:
    return {
        "name": name,
        "seconds": statistics.median(seconds),
        "range": [min(seconds), max(seconds)],
        "bar": BARS[name],
    }


def table(results: Sequence[dict]) -> str:
    rows = []
    for result in results:
        least, largest = result["range"]
        rows.append([result["name"], f"{result['seconds']:.2f} ({least:.2f}–{largest:.2f})", f"{result['bar']:g}"])
    return markdown(["", "seconds", "no more than"], rows)


if __name__ == "__main__":
    main()
