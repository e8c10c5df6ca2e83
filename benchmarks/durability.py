"""Kill it anywhere: does the run that was killed end like one that was not?

    python -m benchmarks.durability --kills=200       kill -9 at random moments, then go on
    python -m benchmarks.durability --damage          flip, cut and delete every file of a checkpoint
    python -m benchmarks.durability --overhead=3      what checkpoints cost the main job, so many runs with and without

Reported are kills, resumes and mismatches; files damaged, detected and wrongly used; seconds with and without. A
mismatch is any difference in a trial's final parameters, optimiser state, rows (wall-clock columns aside) or in the
report's table.
"""

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rnn_research.runs import checkpoints
from rnn_research.runs.directory import RunDirectory

ROOT = Path(__file__).resolve().parents[1]
CLOCK = ("seconds", "steps_per_s", "tokens_per_s", "probe_seconds")
SEED = 20261121
SETTINGS = ("JAX_", "XLA_", "PJRT_", "RNN_RESEARCH_")  # of the shell: not for the runs that are compared

EXPERIMENT = """
from rnn_research.experiment import (
    Choice, Experiment, ModelConfig, OptimizerConfig, TrainConfig, TrialConfig, Tune)

EXPERIMENT = Experiment(
    question="Does a killed run end like one that was not?",
    base=TrialConfig(
        task=Choice("adding", length=30),
        model=ModelConfig(cell=Choice("elman", hidden=12)),
        optimizer=OptimizerConfig(schedule="cosine", warmup=0.1),
        train=TrainConfig(steps=STEPS, batch=32, eval_every=STEPS // 20, valid_examples=64, test_examples=64),
    ),
    axes={"model.cell.name": ("elman", "gru")},
    compare="cell",
    seeds=3,
    tune=Tune(values=(1e-3, 1e-2), seeds=1, steps=STEPS // 4),
)
"""


class Kills(NamedTuple):
    """What a series of kills came to."""

    kills: int
    resumes: int
    finished: int
    mismatches: list[str]


class Damage(NamedTuple):
    """What became of damaged checkpoints: ``wrong`` ones were used as if they were whole."""

    tried: int
    detected: int
    wrong: list[str]


def write_experiment(directory: Path, steps: int) -> Path:
    path = directory / "durable.py"
    path.write_text(EXPERIMENT.replace("STEPS", str(steps)))
    return path


def command(experiment: Path | str, workdir: Path, *options: str) -> list[str]:
    launch = [sys.executable, str(ROOT / "launch.py"), f"--experiment={experiment}", f"--workdir={workdir}"]
    return [*launch, *options]


def environment() -> dict[str, str]:
    """This process's, without its settings of jax but for the cache of compiled programs."""
    clean = {name: v for name, v in os.environ.items() if not name.startswith(SETTINGS) or "CACHE" in name}
    return clean | {"JAX_PLATFORMS": "cpu", "PYTHONUNBUFFERED": "1"}


def run(arguments: list[str], settings: Mapping[str, str] | None = None) -> str:
    """Run a command to its end, with these environment variables besides; what it printed.

    Raises:
      RuntimeError: it failed.
    """
    result = subprocess.run(
        arguments, capture_output=True, text=True, env={**environment(), **(settings or {})}, check=False
    )
    if result.returncode:
        raise RuntimeError(f"{' '.join(arguments)} ended with {result.returncode}: {result.stderr[-2000:]}")
    return result.stdout


def ending(workdir: Path) -> dict[str, Any]:
    """All that must be equal in the end: by trial its last state, rows and status; and the table."""
    directory = RunDirectory(workdir)
    document = directory.document() or {}
    found: dict[str, Any] = {"table": (directory.report / "table.csv").read_text()}
    for entry in document["trials"]:
        state = checkpoints.restore(directory.checkpoints(entry["id"]))
        rows = [{k: v for k, v in row.items() if k not in CLOCK} for row in directory.rows(entry["id"])]
        found[f"{entry['id']} parameters and optimiser state"] = state and bits(state)
        found[f"{entry['id']} rows"] = rows
        found[f"{entry['id']} status"] = directory.status(entry["id"])
    return found


def bits(checkpoint: checkpoints.Checkpoint) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in checkpoint.arrays.items()}


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    return [name for name in sorted(one | other) if one.get(name) != other.get(name)]


def kill_many(kills: int, steps: int, seed: int = SEED, *options: str, say: Any = print) -> Kills:
    """Kill a run at random moments and go on, until enough kills are made; compare every finished run."""
    draw, made, resumes, finished, mismatches = random.Random(seed), 0, 0, 0, []
    with tempfile.TemporaryDirectory() as place:
        experiment = write_experiment(Path(place), steps)
        # Compiled programs are kept, so that kills fall into training and saving more than into compiling.
        cache = {"JAX_COMPILATION_CACHE_DIR": f"{place}/cache", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
        run(command(experiment, Path(place) / "first", *options), cache)
        started = time.monotonic()
        run(command(experiment, Path(place) / "unbroken", *options), cache)
        whole = time.monotonic() - started
        expected = ending(Path(place) / "unbroken")
        say(f"unbroken: {whole:.1f} s")
        while made < kills or not finished:
            workdir = Path(place) / f"run-{finished}"
            log = Path(place) / "log"
            patience = draw.uniform(0, whole) if made < kills else None
            killed = run_until(command(experiment, workdir, *options), log, patience, cache)
            made += killed
            resumes += "go on from their checkpoints" in log.read_text()
            if killed:
                continue
            wrong = differences(expected, ending(workdir))
            mismatches += [f"run {finished}: {name}" for name in wrong]
            say(f"run {finished}: {made} kills so far, {resumes} resumes, {len(wrong)} mismatches")
            shutil.rmtree(workdir)
            finished += 1
    return Kills(made, resumes, finished, mismatches)


def run_until(arguments: list[str], log: Path, patience: float | None, settings: Mapping[str, str]) -> bool:
    """Run a command and kill it after so many seconds; whether it was killed.

    Raises:
      RuntimeError: it failed by itself.
    """
    with open(log, "w") as output:
        variables = {**environment(), **settings}
        process = subprocess.Popen(arguments, stdout=output, stderr=subprocess.STDOUT, env=variables)
        try:
            status = process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return True
    if status:
        raise RuntimeError(f"{' '.join(arguments)} ended with {status}: {log.read_text()[-2000:]}")
    return False


def damage_all(steps: int, flips: int, resumed: int, seed: int = SEED, *options: str, say: Any = print) -> Damage:
    """Damage each file of a checkpoint in every way; the checkpoint before it must be used instead.

    Args:
      flips: bit flips tried in each file.
      resumed: so many of the damaged runs are gone on with to their end, which must be that of an unbroken run.
    """
    draw, tried, detected, wrong = random.Random(seed), 0, 0, []
    with tempfile.TemporaryDirectory() as place:
        experiment = write_experiment(Path(place), steps)
        whole, half = Path(place) / "unbroken", Path(place) / "half"
        every = f"--checkpoint_every={steps // 20}"
        run(command(experiment, whole, every, *options))
        expected = ending(whole)
        stop_half_way(command(experiment, half, every, *options), half)
        trial = next(p for p in sorted((half / "trials").iterdir()) if len(checkpoints.complete(p / "checkpoints")) > 1)
        older, newer = checkpoints.complete(trial / "checkpoints")[-2:]
        before = checkpoints.read(older)
        cases = list(damages(newer, flips, draw))
        to_resume = set(draw.sample(range(len(cases)), min(resumed, len(cases))))
        for number, (file, how, content) in enumerate(cases):
            copy = Path(place) / "copy"
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(half if number in to_resume else trial, copy)
            target = (copy / "trials" / trial.name if number in to_resume else copy) / "checkpoints"
            victim = target / newer.name / file
            victim.unlink() if content is None else victim.write_bytes(content)
            name = f"{file} {how}"
            tried += 1
            if number in to_resume:
                printed = run(command(experiment, copy, every, *options))
                seen = str(newer.name) in printed and ("set aside" in printed or "not used" in printed)
                wrong += [f"{name}: {each}" for each in differences(expected, ending(copy))]
            else:
                found = checkpoints.restore(target, warn=lambda line: None)
                seen = found is not None and found.step == before.step
                if not seen or found is None or differences(bits(found), bits(before)):
                    wrong.append(name)
            detected += seen
            if tried % 100 == 0:
                say(f"{tried} of {len(cases)} damages")
        say(f"{len(cases)} damages of {len(list(files_of(newer)))} files, {len(to_resume)} runs gone on with")
    return Damage(tried, detected, wrong)


def stop_half_way(arguments: list[str], workdir: Path) -> None:
    """Kill a run when one of its trials has two checkpoints and is not done."""
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment())
    try:
        while process.poll() is None:
            time.sleep(0.05)
            for trial in (workdir / "trials").glob("*"):
                status = trial / "status.json"
                running = status.exists() and json.loads(status.read_text())["state"] == "running"
                if running and len(checkpoints.complete(trial / "checkpoints")) > 1:
                    return
        raise RuntimeError("the run ended before it could be stopped")
    finally:
        process.kill()
        process.wait()


def files_of(path: Path) -> list[Path]:
    return sorted(file for file in path.rglob("*") if file.is_file())


def damages(checkpoint: Path, flips: int, draw: random.Random) -> Any:
    """Every file with what it is to hold instead; None to delete it."""
    for path in files_of(checkpoint):
        content, file = path.read_bytes(), path.relative_to(checkpoint)
        for _ in range(flips if content else 0):
            place, bit = draw.randrange(len(content)), draw.randrange(8)
            changed = bytearray(content)
            changed[place] ^= 1 << bit
            yield file, f"bit {bit} of byte {place} flipped", bytes(changed)
        yield file, "cut by a byte", content[:-1]
        yield file, "cut to half", content[: len(content) // 2]
        yield file, "emptied", b""
        yield file, "deleted", None


def overhead(rounds: int, say: Any = print) -> dict[str, list[float]]:
    """Seconds of the main job with checkpoints at the default interval and with none, by turns."""
    seconds: dict[str, list[float]] = {"without": [], "with": []}
    for number in range(rounds):
        for kind in sorted(seconds, reverse=bool(number % 2)):
            with tempfile.TemporaryDirectory() as place:
                options = ["--checkpoint_every=0"] if kind == "without" else []
                started = time.monotonic()
                run(command("lstm_vs_gru", Path(place) / "run", *options))
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
