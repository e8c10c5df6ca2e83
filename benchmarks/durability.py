"""Kill it anywhere: does the run that was killed end like one that was not?

    python -m benchmarks.durability --kills=200       kill -9 at random moments, then go on
    python -m benchmarks.durability --damage          flip, cut and delete every file of a checkpoint
    python -m benchmarks.durability --overhead=3      what checkpoints cost the main job, so many runs with and without

Reported are kills, resumes and mismatches; files damaged, detected and wrongly used; seconds with and without. A
mismatch is any difference in a trial's final parameters, optimiser state, rows (wall-clock columns aside) or in the
report's table.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.support.durability import SEED, command, damage_all, kill_many, run


def overhead(rounds: int, say: Any = print) -> dict[str, list[float]]:
    """Seconds of the main job with checkpoints at the default interval and with none, by turns."""
    seconds: dict[str, list[float]] = {"without": [], "with": []}
    for number in range(rounds):
        for kind in sorted(seconds, reverse=bool(number % 2)):
            with tempfile.TemporaryDirectory() as place:
                options = ["--checkpoint_every=0"] if kind == "without" else []
                started = time.monotonic()
                run(command("lstm_vs_gru", Path(place) / "run", *options), figures=True)
                seconds[kind].append(time.monotonic() - started)
            say(f"round {number + 1}, {kind} checkpoints: {seconds[kind][-1]:.1f} s")
    return seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=0, help="kill -9 so many times")
    parser.add_argument("--steps", type=int, default=4000, help="updates of each run that is killed")
    parser.add_argument("--seed", type=int, default=SEED, help="of the random moments and places")
    parser.add_argument("--damage", action="store_true", help="damage checkpoints")
    parser.add_argument("--flips", type=int, default=24, help="bit flips tried in each file")
    parser.add_argument("--resumed", type=int, default=12, help="damaged runs to go on with to their end")
    parser.add_argument("--overhead", type=int, default=0, metavar="ROUNDS", help="time the main job")
    args = parser.parse_args()
    if not (args.kills or args.damage or args.overhead):
        parser.error("nothing to do: --kills=200, --damage or --overhead=3")
    bad = False
    if args.kills:
        every = f"--checkpoint_every={args.steps // 20}"
        result = kill_many(args.kills, args.steps, args.seed, every)
        print(f"kills {result.kills}, resumes {result.resumes}, finished runs {result.finished}, ", end="")
        print(f"mismatches {len(result.mismatches)}", *result.mismatches, sep="\n  ")
        bad |= bool(result.mismatches)
    if args.damage:
        damage = damage_all(args.steps, args.flips, args.resumed, args.seed)
        print(f"damages tried {damage.tried}, detected {damage.detected}, ", end="")
        print(f"wrong {len(damage.wrong)}", *damage.wrong, sep="\n  ")
        bad |= bool(damage.wrong) or damage.detected < damage.tried
    if args.overhead:
        seconds = overhead(args.overhead)
        medians = {kind: statistics.median(values) for kind, values in seconds.items()}
        share = medians["with"] / medians["without"] - 1
        print(f"main job: {medians['with']:.1f} s with checkpoints, {medians['without']:.1f} s without: {share:+.1%}")
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
