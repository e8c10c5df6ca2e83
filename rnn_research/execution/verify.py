"""Train trials again, and say whether a run directory's numbers are what its settings give: ``--verify``."""

import dataclasses
import hashlib
import math
import os
import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jax
from rich.console import Console

from rnn_research.execution.display import Display
from rnn_research.execution.identity import identifier, made_on
from rnn_research.execution.options import Options
from rnn_research.execution.plan import ENDED
from rnn_research.execution.program_cache import ProgramCache
from rnn_research.execution.run_trials import Assignment, run_trials
from rnn_research.execution.stop_request import StopRequest, catch_signals
from rnn_research.experiment.choice import build
from rnn_research.experiment.config import TrialConfig, fingerprint, from_dict, signature
from rnn_research.experiment.experiment import Experiment
from rnn_research.experiment.trials import Trial
from rnn_research.runs.comparison import BITS, OTHER, ROUNDED, Comparison, compare, digests_of, numbers_of
from rnn_research.runs.directory import RunDirectory
from rnn_research.runs.files import encode, read_json
from rnn_research.runs.identity import conflicts, named
from rnn_research.runs.provenance import git_revision
from rnn_research.tasks import TASKS
from rnn_research.training.program import PACKS

DIGITS = 16
SHOWN = 5  # trials that the certificate names
ONCE = 10**9  # updates between checkpoints: there is one at the end
NO_REASON = "  code, data, settings, versions and machine are recorded as they are here: they explain no difference"
BESIDE_OTHERS = "  on an accelerator the last bits may hang on which trials run beside one, which here are fewer"


def verify(experiment: Experiment, options: Options, count: int) -> int:
    """Train trials of ``options.workdir`` again in a directory of their own, print how they compare, and last a line
    that can be cited; returns the exit status: 0 where all agree to the bit or to rounding, else 1.

    Args:
      experiment: the one that the directory holds: its file may add to the tables.
      count: trials, drawn at random; 0 for all.

    Raises:
      ValueError: no trial there has ended, or the data of one are not to be had.
      StorageError: nowhere to train.
    """
    run, options = RunDirectory(options.workdir), dataclasses.replace(options, executor="inline")
    document: dict[str, Any] = run.document() or {}
    ended = [entry for entry in document["trials"] if run.status(entry["id"]).get("state") in ENDED]
    if not ended:
        raise ValueError(f"{run.path} holds no trial whose training has ended")
    drawn = random.SystemRandom().sample(ended, min(count or len(ended), len(ended)))
    again = RunDirectory(place_for(run))
    print(f"training {len(drawn)} of {len(ended)} trials again, in {again.path}", flush=True)
    stop, found = StopRequest(), {}
    with catch_signals(stop):
        for assignment, how in packs(run, drawn, options):
            train_again(experiment, assignment, again, how, stop)
            if stop.number:
                print("stopped; nothing is verified")
                return 128 + stop.number
            for trial in assignment.trials:
                found[trial.id] = compared(run, again, trial.id)
                print(line_of(trial, found[trial.id]), flush=True)
    differences = list(differences_of_place(run, again, list(found)))
    if not differences and any(one.agreement != BITS for one in found.values()):
        differences = [NO_REASON]
        if jax.default_backend() != "cpu":
            differences.append(BESIDE_OTHERS)
    print(*differences, sep="\n", end="\n" if differences else "")
    print(certificate(run, again, document["name"], found, len(ended)))
    return int(any(one.agreement == OTHER for one in found.values()))


def compared(run: RunDirectory, again: RunDirectory, trial: str) -> Comparison:
    """How a trial compares; its id is its configuration's, so that one cannot stand for another."""
    if fingerprint(read_json(run.trial(trial) / "config.json")) != trial:
        return Comparison(OTHER, math.inf, "its config.json is not that of this trial", False)
    return compare(run, again, trial)


def place_for(run: RunDirectory) -> Path:
    """A new directory under ``WORKDIR/verify``, or a temporary one where that cannot be written."""
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}"
    try:
        path = run.path / "verify" / name
        (path / "trials").mkdir(parents=True)
    except OSError:
        path = Path(tempfile.mkdtemp(prefix="verify-"))
        (path / "trials").mkdir()
    return path


def packs(
    run: RunDirectory, entries: Sequence[Mapping[str, Any]], options: Options
) -> Iterator[tuple[Assignment, Options]]:
    """Trials that one program trains, and the options that they were trained with where numbers depend on them."""
    groups: dict[Any, list[Trial]] = {}
    for entry in entries:
        config = from_dict(TrialConfig, read_json(run.trial(entry["id"]) / "config.json"))
        how = how_trained(run, entry["id"])
        trial = Trial(entry["id"], entry["stage"], entry["arm"], entry["labels"], config, entry["tuned"])
        groups.setdefault((signature(config), entry["stage"], how), []).append(trial)
    for (_, _, (batch_devices, pack, beside)), trials in groups.items():
        how = dataclasses.replace(options, batch_devices=batch_devices, pack=pack, checkpoint_every=ONCE)
        yield Assignment(0, trials, {}, beside), how


def how_trained(run: RunDirectory, trial: str) -> tuple[int, str, int]:
    """``batch_devices`` and ``pack`` of a trial, and how many its program ran side by side: what its bits hang on."""
    card = run.card(trial)
    settings = card.get("trained_with", {}).get("settings", {})
    return settings.get("batch_devices", 1), settings.get("pack", "auto"), card.get("beside", 0)


def train_again(
    experiment: Experiment, assignment: Assignment, again: RunDirectory, options: Options, stop: StopRequest
) -> None:
    tasks = {trial.config.task: build(trial.config.task, TASKS, "task") for trial in assignment.trials}
    programs = ProgramCache(tasks, options.batch_devices, PACKS[options.pack])
    with Display(Console(quiet=True)) as display:
        identify = identifier(experiment, tasks, options)
        run_trials(assignment, programs, again, options, display, stop, set(), identify)


def line_of(trial: Trial, found: Comparison) -> str:
    """How a trial compares, for people."""
    labels = ", ".join(map(str, [*trial.labels.values(), f"seed {trial.config.seed}"]))
    stage = "pilot " if trial.stage == "pilot" else ""
    alone = "" if found.parameters or found.agreement == OTHER else "; no parameters were kept to compare"
    said = {
        BITS: f"equal to the bit{alone}",
        ROUNDED: f"equal to rounding: {found.largest:.1e} at most, {found.where}{alone}",
        OTHER: f"NOT equal: {found.where}" + (f", {found.largest:.1e}" if 0 < found.largest < float("inf") else ""),
    }
    return f"  {stage}{trial.id}  {labels}: {said[found.agreement]}"


def differences_of_place(run: RunDirectory, again: RunDirectory, trials: Sequence[str]) -> Iterator[str]:
    """What is another here than where the trials were trained: versions, the machine, code, data, settings of jax."""
    lines: Counter[str] = Counter()
    here = made_on()
    for trial in trials:
        card = run.card(trial)
        there = card.get("made_on", {})
        for name in here:
            if there.get(name) != here[name]:
                lines[f"{name} is {here[name]} here, and was {there.get(name, 'not recorded')}"] += 1
        differing = conflicts(card.get("trained_with", {}), again.card(trial).get("trained_with", {}))
        if differing:
            lines[f"{named(differing)} changed since"] += 1
    return (f"  {line} ({count} of {len(trials)} trials)" for line, count in lines.items())


def certificate(run: RunDirectory, again: RunDirectory, name: str, found: Mapping[str, Comparison], total: int) -> str:
    """One line: what was verified, how it went, digests of what was compared, where and when."""
    counts = Counter(one.agreement for one in found.values())
    ids = sorted(found)
    digests = {
        "numbers": {trial: numbers_of(run, trial) for trial in ids},
        "parameters": {trial: digests_of(run, trial) for trial in ids if found[trial].parameters},
        "trained with": {trial: run.card(trial).get("trained_with") for trial in ids},
    }
    of_which = f" ({', '.join(ids)})" if len(ids) <= SHOWN else ""
    here = made_on()
    revision = git_revision()[:12]
    return (
        f"verified {len(found)} of {total} trials of {name}{of_which}: {counts[BITS]} equal to the bit, "
        f"{counts[ROUNDED]} to rounding, {counts[OTHER]} not; "
        + "; ".join(f"{what} {digest_of(value)}" for what, value in digests.items())
        + f"; rnn_research {revision or 'without a revision'}, jax {here['jax']}, Python {here['python']}, "
        f"{here['device']} {here['processor'] or here['machine']}; {datetime.now(UTC):%Y-%m-%d}"
    )


def digest_of(value: Any) -> str:
    """SHA-256 of a value as JSON with its keys in order, the first digits."""
    return hashlib.sha256(encode(value, sort_keys=True).encode()).hexdigest()[:DIGITS]
