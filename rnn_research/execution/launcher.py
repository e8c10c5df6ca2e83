"""One launch: lease the run directory, have the trials run, make the report."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

import jax
from rich.console import Console

from rnn_research.cores import available_cores
from rnn_research.execution.blame import naming
from rnn_research.execution.checks import check_arm, check_tasks
from rnn_research.execution.display import Display, Terminal, print_report
from rnn_research.execution.executors import EXECUTORS
from rnn_research.execution.executors.supervise import Executor, WorkersError, supervise
from rnn_research.execution.forecast import forecast, lines
from rnn_research.execution.identity import identifier
from rnn_research.execution.multihost import agree, first
from rnn_research.execution.options import Options
from rnn_research.execution.plan import Plan
from rnn_research.execution.program_cache import ProgramCache
from rnn_research.execution.run_trials import LostLeaseError
from rnn_research.execution.stop_request import StopRequest, catch_signals
from rnn_research.execution.words import counted
from rnn_research.execution.worker import LAUNCH, work
from rnn_research.experiment.arms import Arm, arms
from rnn_research.experiment.choice import Choice, build
from rnn_research.experiment.config import signature
from rnn_research.experiment.describe import described
from rnn_research.experiment.experiment import Experiment, identity
from rnn_research.experiment.looks import PLANNED, Look, last, seeds_of, still_planned, taken
from rnn_research.experiment.trials import count_trials
from rnn_research.runs.directory import RunDirectory, check_format, declare, note_identity, note_look, open_directory
from rnn_research.runs.files import StorageError
from rnn_research.runs.identity import conflicts, named
from rnn_research.runs.leases import Leases
from rnn_research.runs.provenance import provenance, typed, versions
from rnn_research.tables import TABLES
from rnn_research.tasks import TASKS, Task
from rnn_research.training.devices import make_mesh


def find_arms(experiment: Experiment) -> list[Arm]:
    """The experiment's arms, their settings checked as far as that goes without the data.

    Raises:
      ValueError: the first setting that no trial can have.
    """
    found = arms(experiment, TABLES)
    check_arms(found, {})
    return found


def check_arms(found: Sequence[Arm], tasks: Mapping[Choice, Task]) -> None:
    """Check one of each compiled program: a traced setting's own range says all that there is to say of it.

    Raises:
      ValueError: the first setting that no trial can have.
    """
    for arm in {signature(arm.config): arm for arm in found}.values():
        check_arm(arm, tasks)


def find_work(experiment: Experiment, options: Options) -> tuple[list[Arm], dict[Choice, Task]]:
    """The experiment's arms and the tasks they are trained on, all checked before anything is written; a worker's
    launch has checked the arms already.

    Raises:
      ValueError: a setting that no trial can have, data that are not to be had, or devices that cannot share a batch.
    """
    found = find_arms(experiment)
    check_batches(found, options)
    tasks = build_tasks(found)
    if not options.launch:
        check_built(found, tasks)
    return found, tasks


def check_built(found: Sequence[Arm], tasks: Mapping[Choice, Task]) -> None:
    """Check all that can be seen from the tasks without training.

    Raises:
      ValueError: a setting that no trial can have, or a cell or task with a bug.
    """
    check_tasks(found, tasks)
    check_arms(found, tasks)


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
    """Every task of the arms.

    Raises:
      ValueError: one that cannot be, or whose code has a bug.
    """
    tasks = {}
    for choice in dict.fromkeys(arm.config.task for arm in found):
        with naming(f"task {choice.name}"):
            tasks[choice] = build(choice, TASKS, "task")
    return tasks


def remarks(tasks: Mapping[Choice, Task]) -> list[str]:
    """What a user should know of the data, each line once."""
    return list(dict.fromkeys(said for task in tasks.values() for said in task.data.remarks))


def dry_run(experiment: Experiment, options: Options) -> int:
    """Print the trials, the programs they are packed in, and the time they would take.

    Raises:
      ValueError: a setting that no trial can have, a directory of another format, or trials that have changed.
    """
    run = RunDirectory(options.workdir)
    held = run.document()
    if held is not None:
        check_format(run.path, held)
    found = find_arms(experiment)
    tasks = build_tasks(found)
    check_built(found, tasks)
    plan = Plan(experiment, found, run, "", identifier(experiment, tasks, options))
    if not options.retrain:
        plan.refuse_changed()
    plan.refuse_cut()
    planned = forecast(experiment, found, tasks, run, set(plan.changed()))
    print("\n".join(remarks(tasks) + lines(planned, available_cores())))
    return 0


def launch_until_decided(experiment: Experiment, options: Options, most: int) -> int:
    """Run with more and more seeds, at most ``most``, until there is no primary claim left that they might decide.

    Returns the exit status.

    Raises:
      ValueError: as ``launch``, or an experiment without claims, or more seeds that were looked at than ``most``.
      StorageError: the directory cannot be written.
    """
    from rnn_research.report.results import load
    from rnn_research.report.verdicts import judge

    if not any(claim.primary for claim in experiment.claims):
        raise ValueError(f"{experiment.name} has no primary claims: there is nothing to decide")
    run, status = RunDirectory(options.workdir), 0
    before = taken(run.document())
    if most < min(last(before), PLANNED[-1].seeds):
        raise ValueError(f"--max_seeds={most}: {options.workdir} was looked at with {last(before)} seeds already")
    planned = still_planned(before, most)
    spent = sum(look.error for look in planned)
    print(f"looks with {seeds_of(planned)} seeds, at which a verdict is false in at most {spent:.2g} of such runs")
    for number, look in enumerate(planned):
        command = (*options.command, f"--seeds={look.seeds}")
        status = launch(replace(experiment, seeds=look.seeds), replace(options, command=command), look)
        if status:
            print(f"the looks end here: some runs with {look.seeds} seeds failed or were stopped")
            break
        verdicts = [verdict for verdict in judge(load(run)) if verdict.primary]
        left = sum(verdict.answer == "undecided" for verdict in verdicts)
        if not left:
            unanswered = sum(verdict.answer == "not answered" for verdict in verdicts)
            but = f", but {unanswered} of {len(verdicts)} are not answered, whatever the seeds" if unanswered else ""
            print(f"decided: no primary claim is left that more than {look.seeds} seeds might answer{but}")
            break
        after = f"going on with {planned[number + 1].seeds}" if number + 1 < len(planned) else "no more are planned"
        stuck = not any(verdict.open for verdict in verdicts)
        after = "no number of seeds is likely to decide them" if stuck else after
        print(f"{left} of {len(verdicts)} primary claims are undecided with {look.seeds} seeds: {after}")
        if stuck:
            break
    return status


def launch(experiment: Experiment, options: Options, look: Look | None = None) -> int:
    """Run what is missing and report; returns the exit status.

    Args:
      look: of a plan of several, which this is.

    Raises:
      ValueError: bad input, a directory that holds something else or that someone else is at work in.
      StorageError: the directory cannot be written.
    """
    found, tasks = find_work(experiment, options)
    plan = Plan(experiment, found, RunDirectory(options.workdir), "", identifier(experiment, tasks, options))
    stop = StopRequest()
    with catch_signals(stop):
        check_hosts(plan)
        opened = first(lambda: open_launch(experiment, plan, options))
        if opened is None:
            return follow(plan, tasks, options, stop)
        run, leases, executor, before = opened
        token, total = leases.me.token, count_trials(experiment)
        try:
            plan.launch = token
            with Display(Terminal()) as display:
                display.plan(experiment, len(found), total, len(plan.groups), executor.where if executor else here())
                display.changed_versions(before, versions())
                for said in remarks(tasks):
                    display.say(said)
                if executor is None:
                    programs = ProgramCache(tasks, options.batch_devices, options.pack)
                    work(plan, programs, leases, replace(options, launch=token, workers=1), display, stop)
                else:
                    supervise(plan, leases, executor, display, stop)
            if not stop.number:
                note_look(run, experiment.seeds, look)
            return finish(plan, run, stop)
        except (LostLeaseError, WorkersError) as error:
            print(f"launch.py: {error}", file=sys.stderr)
            return 1
        finally:
            leases.close()


def here() -> str:
    """The devices of this process, for people."""
    return f"{counted(jax.device_count(), 'device')} ({', '.join(map(str, jax.devices()))})"


def check_hosts(plan: Plan) -> None:
    """Refuse a program on several hosts that do not have the same code, data and settings; all must call it together.

    Raises:
      ValueError: this host's differ from those of process 0.
    """
    differences = conflicts(agree(plan.identity), plan.identity)
    if differences:
        raise ValueError(f"process 0 has something else on this host: {named(differences)}")


def open_launch(
    experiment: Experiment, plan: Plan, options: Options
) -> tuple[RunDirectory, Leases, Executor | None, dict[str, str]]:
    """The directory, leased and declared, where workers come from, and the versions it was last run with.

    Raises:
      ValueError: a directory that holds something else, or trials that would be others now, or that someone else is at
        work in, or workers not to be had.
      StorageError: the directory cannot be written.
    """
    run = open_directory(options.workdir, identity(experiment))
    if not options.retrain:
        plan.refuse_changed()
    plan.refuse_cut()
    leases = Leases(run.leases)
    try:
        holder = leases.acquire(LAUNCH)
        if holder is not None:
            raise ValueError(f"{options.workdir} is in use by {holder}; --join takes part in its work")
        executor = EXECUTORS[options.executor](replace(options, launch=leases.me.token), count_trials(experiment))
        devices = [executor.where] if executor else [str(device) for device in jax.devices()]
        held = (run.document() or {}).get("provenance", {})
        document = described(experiment) | {"file": experiment.file, "trained_with": plan.identity}
        workers = executor.workers if executor else 1
        made = provenance(devices) | {"workers": workers}
        if held and plan.finished():  # what is only shown again was made as it was
            made = held | {"command": made["command"]}
        declare(run, identity(experiment), document | {"provenance": made})
    except BaseException:
        leases.close()
        raise
    return run, leases, executor, held.get("versions", {})


def join(experiment: Experiment, options: Options) -> int:
    """Take part in the work of another launch until it ends; returns the exit status.

    Args:
      options: with the token of the launch, if this process was started by it, and which of how many workers it is.

    Raises:
      ValueError: there is nothing to join, or the launch is of other trials, or trains with something else.
      StorageError: the directory cannot be written.
    """
    found, tasks = find_work(experiment, options)
    directory = RunDirectory(options.workdir).leases
    if not directory.is_dir():
        raise ValueError(f"nobody is at work in {options.workdir}; start without --join")
    run, leases = open_directory(options.workdir, identity(experiment)), Leases(directory)
    stop = StopRequest()
    with catch_signals(stop):
        try:
            launcher = leases.living(LAUNCH)
            if not options.launch and launcher is None:
                raise ValueError(f"nobody is at work in {options.workdir}; start without --join")
            check_same(run, experiment)
            token = options.launch or (launcher.token if launcher else "")
            plan = Plan(experiment, found, run, token, identifier(experiment, tasks, options))
            if not options.retrain:
                plan.refuse_changed()
            note_identity(run, plan.identity)
            stop.wanted = lambda: is_at_work(leases, token)
            programs = ProgramCache(tasks, options.batch_devices, options.pack)
            with Display(Terminal()) as display:
                work(plan, programs, leases, replace(options, launch=token), display, stop)
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


def follow(plan: Plan, tasks: Mapping[Choice, Task], options: Options, stop: StopRequest) -> int:
    """The other processes of a program on several hosts: they train, process 0 decides and writes."""
    with Display(Console(quiet=True)) as display:
        programs = ProgramCache(tasks, options.batch_devices, options.pack)
        work(plan, programs, None, replace(options, workers=1), display, stop)
    return 128 + stop.number if stop.number else 0


def finish(plan: Plan, run: RunDirectory, stop: StopRequest) -> int:
    """Make the report, say how it went; returns the exit status."""
    from rnn_research.report.build import build

    if stop.number and (differences := plan.changed()):
        print(f"no report: {len(differences)} trials are still to be trained anew")
    else:
        made = build(run)
        print_report(Terminal(), made)
        if made.unwritten:
            raise made.unwritten
        print(f"report: {run.report / 'index.html'}")
    if stop.number:
        print(f"stopped; what is done is kept. Go on with the same command: {typed()}")
        return 128 + stop.number
    failed = list(plan.failures().values())
    for reason in sorted(set(failed)):
        print(f"launch.py: {counted(failed.count(reason), 'trial')} failed: {reason}", file=sys.stderr)
    return 1 if failed else 0
