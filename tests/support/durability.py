"""Runs in processes of their own that are killed or damaged, and what must be equal in the end.

Also for ``benchmarks.durability``, which does the same at length.
"""

import json
import os
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rnn_research.runs import checkpoints
from rnn_research.runs.directory import RunDirectory
from tests.support.processes import CACHE, Launch, launch

CLOCK = ("seconds", "steps_per_s", "tokens_per_s", "probe_seconds")
SEED = 20261121

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
    """The arguments of ``launch.py``."""
    return [f"--experiment={experiment}", f"--workdir={workdir}", *options]


def run(arguments: list[str], settings: Mapping[str, str] | None = None, figures: bool = False) -> str:
    """Launch, and wait for the end; what it printed. ``figures`` as ``Launch``.

    Raises:
      RuntimeError: it failed.
    """
    result = launch(arguments, settings=settings, figures=figures)
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


def kill_many(
    kills: int,
    steps: int,
    seed: int = SEED,
    *options: str,
    expected: dict[str, Any] | None = None,
    say: Any = print,
) -> Kills:
    """Kill a run at random moments and go on, until enough kills are made; compare every finished run.

    Args:
      expected: the ending of an unbroken run, whose programs are in the cache; one is made first if left out.
    """
    draw, made, resumes, finished, mismatches = random.Random(seed), 0, 0, 0, []
    with tempfile.TemporaryDirectory() as place:
        experiment = write_experiment(Path(place), steps)
        # Compiled programs are kept, so that kills fall into training and saving more than into compiling, and within
        # the time that a run takes.
        cache = {CACHE: os.environ.get(CACHE, f"{place}/cache")}
        if expected is None:
            run(command(experiment, Path(place) / "first", *options), cache)
            expected = ending(Path(place) / "first")
        started = time.monotonic()
        run(command(experiment, Path(place) / "unbroken", *options), cache, figures=True)
        whole = time.monotonic() - started
        mismatches += [f"unbroken: {name}" for name in differences(expected, ending(Path(place) / "unbroken"))]
        say(f"unbroken: {whole:.1f} s")
        while made < kills or not finished:
            workdir = Path(place) / f"run-{finished}"
            log = Path(place) / "log"
            patience = draw.uniform(0, whole) if made < kills else None
            killed = run_until(command(experiment, workdir, *options), log, patience, cache)
            made += killed
            resumes += "gone on from checkpoints" in log.read_text()
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
    process = Launch(arguments, log, settings=settings, figures=True)
    try:
        status = process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True
    if status:
        raise RuntimeError(f"{' '.join(arguments)} ended with {status}: {log.read_text()[-2000:]}")
    return False


def damage_all(
    steps: int,
    flips: int,
    resumed: int,
    seed: int = SEED,
    *options: str,
    expected: dict[str, Any] | None = None,
    say: Any = print,
) -> Damage:
    """Damage each file of a checkpoint in every way; the checkpoint before it must be used instead.

    Args:
      flips: bit flips tried in each file.
      resumed: so many of the damaged runs are gone on with to their end, which must be that of an unbroken run.
      expected: the ending of such a run; one is made if left out.
    """
    draw, tried, detected, wrong = random.Random(seed), 0, 0, []
    with tempfile.TemporaryDirectory() as place:
        experiment = write_experiment(Path(place), steps)
        half = Path(place) / "half"
        every = f"--checkpoint_every={steps // 20}"
        if expected is None:
            run(command(experiment, Path(place) / "unbroken", every, *options))
            expected = ending(Path(place) / "unbroken")
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
    process = Launch(arguments)
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
