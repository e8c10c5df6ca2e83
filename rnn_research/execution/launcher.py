"""One launch: claim the run directory, have the trials run, make the report."""

import json
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import jax
from rich.console import Console

from rnn_research.cells import CELLS
from rnn_research.cells.initializers import named
from rnn_research.decoding.strategy import parse_strategies
from rnn_research.execution import host
from rnn_research.execution.crew import CrewError, Hiring, run_crew
from rnn_research.execution.display import Display, print_report
from rnn_research.execution.forecast import forecast, lines
from rnn_research.execution.hosts import first
from rnn_research.execution.job import LostClaimError, Settings
from rnn_research.execution.plan import Plan
from rnn_research.execution.stop import Stop, catch_signals
from rnn_research.execution.worker import LAUNCH, work
from rnn_research.execution.workshop import Workshop
from rnn_research.experiment.choice import Choice, build
from rnn_research.experiment.config import other_lengths
from rnn_research.experiment.describe import described
from rnn_research.experiment.experiment import Arm, Experiment, arms, count_trials, identity
from rnn_research.ngrams.fit import COUNTED
from rnn_research.report.build import build as build_report
from rnn_research.runs.claims import Claims
from rnn_research.runs.directory import RunDirectory, declare, open_directory
from rnn_research.runs.files import StorageError
from rnn_research.runs.provenance import provenance, versions
from rnn_research.tasks import TASKS, Task
from rnn_research.training.devices import make_mesh
from rnn_research.training.probe import task_of_length


class Options(NamedTuple):
    """What the command line says besides the experiment.

    Attributes:
      workdir: the run directory.
      executor: ``inline``, ``processes``, ``ray`` or ``slurm``.
      workers: how many; None for as many as there is room for.
      retries, checkpoint_every, keep: see ``Settings``.
      batch_devices: devices that share each batch.
      resources: of each worker, for Ray and Slurm: CPU, GPU, TPU.
      ray_address, slurm: for Ray and Slurm.
      command: the same command as this one, for a worker of this machine or another.
      environment: the user's, before this process made settings for itself.
    """

    workdir: Path
    executor: str
    workers: int | None
    retries: int
    checkpoint_every: int
    keep: int
    batch_devices: int
    resources: Mapping[str, float]
    ray_address: str | None
    slurm: Mapping[str, str]
    command: Sequence[str]
    environment: Mapping[str, str]


def find_arms(experiment: Experiment) -> list[Arm]:
    """The experiment's arms, checked against the tables of tasks and cells.

    Raises:
      ValueError: the first setting that no trial can have.
    """
    found = arms(experiment, {"task": TASKS, "cell": CELLS | COUNTED})
    for config in dict.fromkeys(arm.config for arm in found):
        build(config.model.cell, CELLS | COUNTED, "cell")
        named(config.model.head_init)
        parse_strategies(config.probe.strategies)
        for length in other_lengths(config.probe):
            task_of_length(config, length)
    return found


def check_batches(found: Sequence[Arm], options: Options) -> None:
    """Refuse devices that cannot share the batches, before anything is written.

    Raises:
      ValueError: they cannot.
    """
    groups = options.batch_devices
    if options.executor == "inline":
        make_mesh(batch_devices=groups)
    for batch in {arm.config.train.batch for arm in found}:
        if batch % groups:
            raise ValueError(f"train.batch ({batch}) cannot be shared by {groups} devices alike")


def build_tasks(found: Sequence[Arm]) -> dict[Choice, Task]:
    return {choice: build(choice, TASKS, "task") for choice in dict.fromkeys(arm.config.task for arm in found)}


def dry_run(experiment: Experiment, options: Options) -> int:
    """Print the trials, the programs they are packed in, and the time they would take."""
    found = find_arms(experiment)
    planned = forecast(experiment, found, build_tasks(found), RunDirectory(options.workdir))
    print("\n".join(lines(planned, len(os.sched_getaffinity(0)))))
    return 0


def launch(experiment: Experiment, options: Options) -> int:
    """Run what is missing and report; returns the exit status.

    Raises:
      ValueError: bad input, a directory that holds something else or that someone else is at work in.
      StorageError: the directory cannot be written.
    """
    found = find_arms(experiment)
    check_batches(found, options)
    tasks = build_tasks(found)
    stop = Stop()
    with catch_signals(stop):
        opened = first(lambda: open_launch(experiment, options))
        if opened is None:
            return follow(experiment, found, tasks, options, stop)
        run, claims, hiring, before = opened
        try:
            plan = Plan(experiment, found, run, claims.me.token)
            with Display(Console()) as display:
                where = (
                    hiring.where if hiring else f"{jax.device_count()} devices ({', '.join(map(str, jax.devices()))})"
                )
                display.plan(experiment, len(found), count_trials(experiment), len(plan.groups), where)
                display.changed_versions(before, versions())
                if hiring is None:
                    settings = settings_of(options, claims.me.token)
                    work(plan, Workshop(tasks, display, options.batch_devices), claims, settings, display, stop)
                else:
                    run_crew(plan, claims, hiring, display, stop, count_trials(experiment))
            return finish(plan, run, stop)
        except (LostClaimError, CrewError) as error:
            print(f"launch.py: {error}", file=sys.stderr)
            return 1
        finally:
            claims.close()


def open_launch(experiment: Experiment, options: Options) -> tuple[RunDirectory, Claims, Hiring | None, dict[str, str]]:
    """The directory, claimed and declared, where workers come from, and the versions it was last run with.

    Raises:
      ValueError: a directory that holds something else or that someone else is at work in, or workers not to be had.
      StorageError: the directory cannot be written.
    """
    run = open_directory(options.workdir, identity(experiment))
    claims = Claims(run.claims)
    try:
        holder = claims.acquire(LAUNCH)
        if holder is not None:
            raise ValueError(f"{options.workdir} is in use by {holder}; --join takes part in its work")
        hiring = hire(options, claims, count_trials(experiment))
        devices = [hiring.where] if hiring else [str(device) for device in jax.devices()]
        before = (run.document() or {}).get("provenance", {}).get("versions", {})
        declare(run, identity(experiment), described(experiment) | {"provenance": provenance(devices)})
    except BaseException:
        claims.close()
        raise
    return run, claims, hiring, before


def join(experiment: Experiment, options: Options, number: int, workers: int, token: str | None) -> int:
    """Take part in the work of another launch until it ends; returns the exit status.

    Args:
      number: which of how many ``workers`` this is.
      token: of the launch, if this process was started by it.

    Raises:
      ValueError: there is nothing to join, or the launch is of other trials.
      StorageError: the directory cannot be written.
    """
    found = find_arms(experiment)
    check_batches(found, options)
    claims_directory = RunDirectory(options.workdir).claims
    if not claims_directory.is_dir():
        raise ValueError(f"nobody is at work in {options.workdir}; start without --join")
    run, claims = open_directory(options.workdir, identity(experiment)), Claims(claims_directory)
    stop = Stop()
    with catch_signals(stop):
        try:
            launcher = claims.living(LAUNCH)
            if token is None and launcher is None:
                raise ValueError(f"nobody is at work in {options.workdir}; start without --join")
            check_same(run, experiment)
            token = token or (launcher.token if launcher else "")
            stop.wanted = lambda: is_at_work(claims, token)
            plan = Plan(experiment, found, run, token)
            with Display(Console()) as display:
                settings = settings_of(options, token)._replace(number=number, workers=workers)
                work(
                    plan, Workshop(build_tasks(found), display, options.batch_devices), claims, settings, display, stop
                )
        except LostClaimError as error:
            print(f"launch.py: {error}", file=sys.stderr)
            return 1
        finally:
            claims.close()
    print("stopped; what is done is kept" if stop.number else "nothing is left to do")
    return 128 + stop.number if stop.number else 0


def check_same(run: RunDirectory, experiment: Experiment) -> None:
    """Refuse to join a launch of other trials.

    Raises:
      ValueError: it is of others, or has not said yet which.
    """
    document, mine = run.document(), described(experiment)
    if document is None:
        raise ValueError(f"the launch in {run.path} is only beginning; join it in a moment")
    for name in ("axes", "points", "seeds"):
        if document[name] != json.loads(json.dumps(mine[name])):
            raise ValueError(f"the launch in {run.path} has other {name}; --join with the flags it was started with")


def is_at_work(claims: Claims, token: str) -> bool:
    """Whether the launch still holds its directory; where that cannot be seen at the moment, yes."""
    try:
        holder = claims.living(LAUNCH)
    except (OSError, StorageError):
        return True
    return holder is not None and holder.token == token


def follow(
    experiment: Experiment, found: Sequence[Arm], tasks: Mapping[Choice, Task], options: Options, stop: Stop
) -> int:
    """The other processes of a program on several hosts: they train, process 0 decides and writes."""
    with Display(Console(quiet=True)) as display:
        plan = Plan(experiment, found, RunDirectory(options.workdir), "")
        work(plan, Workshop(tasks, display, options.batch_devices), None, settings_of(options, ""), display, stop)
    return 128 + stop.number if stop.number else 0


def hire(options: Options, claims: Claims, trials: int) -> Hiring | None:
    """Where the workers come from; None for this process itself."""
    command = [*options.command, f"--launch={claims.me.token}"]
    if options.executor == "processes":
        from rnn_research.execution.processes import processes

        return processes(options.workdir, command, options.workers, options.environment, options.batch_devices)
    if options.executor == "ray":
        from rnn_research.execution.ray_cluster import ray_cluster

        address, retries = options.ray_address, options.retries
        changes = host.changes(options.environment)
        return ray_cluster(
            options.workdir, command, options.workers, address, options.resources, retries, trials, changes
        )
    if options.executor == "slurm":
        from rnn_research.execution.slurm import slurm

        changes = host.changes(options.environment)
        return slurm(options.workdir, command, options.workers, options.slurm, options.resources, changes)
    return None


def settings_of(options: Options, token: str) -> Settings:
    return Settings(token, retries=options.retries, checkpoint_every=options.checkpoint_every, keep=options.keep)


def finish(plan: Plan, run: RunDirectory, stop: Stop) -> int:
    """Make the report, say how it went; returns the exit status."""
    built = build_report(run)
    print_report(Console(), built)
    print(f"report: {run.report / 'index.html'}")
    if stop.number:
        print(f"stopped; what is done is kept. Go on with the same command: python {shlex.join(sys.argv)}")
        return 128 + stop.number
    failed = list(plan.failures().values())
    for reason in sorted(set(failed)):
        print(f"launch.py: {failed.count(reason)} trials failed: {reason}", file=sys.stderr)
    return 1 if failed else 0
