"""One launch: lease the run directory, have the trials run, make the report."""

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
from rnn_research.execution import xla_settings
from rnn_research.execution.display import Display, print_report
from rnn_research.execution.executors.supervise import Executor, WorkersError, supervise
from rnn_research.execution.forecast import forecast, lines
from rnn_research.execution.multihost import first
from rnn_research.execution.plan import Plan
from rnn_research.execution.program_cache import ProgramCache
from rnn_research.execution.run_trials import LostLeaseError, Settings
from rnn_research.execution.stop_request import StopRequest, catch_signals
from rnn_research.execution.worker import LAUNCH, work
from rnn_research.experiment.choice import Choice, build
from rnn_research.experiment.config import other_lengths
from rnn_research.experiment.describe import described
from rnn_research.experiment.experiment import Arm, Experiment, arms, count_trials, identity
from rnn_research.ngrams.fit import COUNTED
from rnn_research.report.build import build as build_report
from rnn_research.runs.directory import RunDirectory, declare, open_directory
from rnn_research.runs.files import StorageError
from rnn_research.runs.leases import Leases
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
    stop = StopRequest()
    with catch_signals(stop):
        opened = first(lambda: open_launch(experiment, options))
        if opened is None:
            return follow(experiment, found, tasks, options, stop)
        run, leases, executor, before = opened
        try:
            plan = Plan(experiment, found, run, leases.me.token)
            with Display(Console()) as display:
                where = (
                    executor.where
                    if executor
                    else f"{jax.device_count()} devices ({', '.join(map(str, jax.devices()))})"
                )
                display.plan(experiment, len(found), count_trials(experiment), len(plan.groups), where)
                display.changed_versions(before, versions())
                if executor is None:
                    settings = settings_of(options, leases.me.token)
                    work(plan, ProgramCache(tasks, display, options.batch_devices), leases, settings, display, stop)
                else:
                    supervise(plan, leases, executor, display, stop, count_trials(experiment))
            return finish(plan, run, stop)
        except (LostLeaseError, WorkersError) as error:
            print(f"launch.py: {error}", file=sys.stderr)
            return 1
        finally:
            leases.close()


def open_launch(
    experiment: Experiment, options: Options
) -> tuple[RunDirectory, Leases, Executor | None, dict[str, str]]:
    """The directory, leased and declared, where workers come from, and the versions it was last run with.

    Raises:
      ValueError: a directory that holds something else or that someone else is at work in, or workers not to be had.
      StorageError: the directory cannot be written.
    """
    run = open_directory(options.workdir, identity(experiment))
    leases = Leases(run.leases)
    try:
        holder = leases.acquire(LAUNCH)
        if holder is not None:
            raise ValueError(f"{options.workdir} is in use by {holder}; --join takes part in its work")
        executor = start_worker(options, leases, count_trials(experiment))
        devices = [executor.where] if executor else [str(device) for device in jax.devices()]
        before = (run.document() or {}).get("provenance", {}).get("versions", {})
        declare(run, identity(experiment), described(experiment) | {"provenance": provenance(devices)})
    except BaseException:
        leases.close()
        raise
    return run, leases, executor, before


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
    claims_directory = RunDirectory(options.workdir).leases
    if not claims_directory.is_dir():
        raise ValueError(f"nobody is at work in {options.workdir}; start without --join")
    run, leases = open_directory(options.workdir, identity(experiment)), Leases(claims_directory)
    stop = StopRequest()
    with catch_signals(stop):
        try:
            launcher = leases.living(LAUNCH)
            if token is None and launcher is None:
                raise ValueError(f"nobody is at work in {options.workdir}; start without --join")
            check_same(run, experiment)
            token = token or (launcher.token if launcher else "")
            stop.wanted = lambda: is_at_work(leases, token)
            plan = Plan(experiment, found, run, token)
            with Display(Console()) as display:
                settings = settings_of(options, token)._replace(number=number, workers=workers)
                work(
                    plan,
                    ProgramCache(build_tasks(found), display, options.batch_devices),
                    leases,
                    settings,
                    display,
                    stop,
                )
        except LostLeaseError as error:
            print(f"launch.py: {error}", file=sys.stderr)
            return 1
        finally:
            leases.close()
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


def is_at_work(leases: Leases, token: str) -> bool:
    """Whether the launch still holds its directory; where that cannot be seen at the moment, yes."""
    try:
        holder = leases.living(LAUNCH)
    except (OSError, StorageError):
        return True
    return holder is not None and holder.token == token


def follow(
    experiment: Experiment, found: Sequence[Arm], tasks: Mapping[Choice, Task], options: Options, stop: StopRequest
) -> int:
    """The other processes of a program on several hosts: they train, process 0 decides and writes."""
    with Display(Console(quiet=True)) as display:
        plan = Plan(experiment, found, RunDirectory(options.workdir), "")
        work(plan, ProgramCache(tasks, display, options.batch_devices), None, settings_of(options, ""), display, stop)
    return 128 + stop.number if stop.number else 0


def start_worker(options: Options, leases: Leases, trials: int) -> Executor | None:
    """Where the workers come from; None for this process itself."""
    command = [*options.command, f"--launch={leases.me.token}"]
    if options.executor == "processes":
        from rnn_research.execution.executors.processes import processes

        return processes(options.workdir, command, options.workers, options.environment, options.batch_devices)
    if options.executor == "ray":
        from rnn_research.execution.executors.ray import ray_cluster

        address, retries = options.ray_address, options.retries
        changes = xla_settings.changes(options.environment)
        return ray_cluster(
            options.workdir, command, options.workers, address, options.resources, retries, trials, changes
        )
    if options.executor == "slurm":
        from rnn_research.execution.executors.slurm import slurm

        changes = xla_settings.changes(options.environment)
        return slurm(options.workdir, command, options.workers, options.slurm, options.resources, changes)
    return None


def settings_of(options: Options, token: str) -> Settings:
    return Settings(token, retries=options.retries, checkpoint_every=options.checkpoint_every, keep=options.keep)


def finish(plan: Plan, run: RunDirectory, stop: StopRequest) -> int:
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
