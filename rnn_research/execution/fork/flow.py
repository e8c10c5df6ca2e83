"""A fork from its beginning to its report; the same command goes on after a kill."""

import dataclasses
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from rnn_research.execution.display import Display, Terminal, print_report
from rnn_research.execution.fork.asked import check_origin, check_state, check_step, find_trial, two_arms
from rnn_research.execution.fork.parting import is_recorded, parting_lines, record_parting
from rnn_research.execution.fork.start import Origin, plant, state_at
from rnn_research.execution.identity import Identify, identifier
from rnn_research.execution.launcher import find_work, here
from rnn_research.execution.options import Options
from rnn_research.execution.plan import ENDED
from rnn_research.execution.program_cache import ProgramCache, make_learner
from rnn_research.execution.run_trials import Assignment, LostLeaseError, restore, run_trials
from rnn_research.execution.stop_request import StopRequest, catch_signals
from rnn_research.execution.verify import how_trained, line_of
from rnn_research.execution.words import counted
from rnn_research.execution.worker import LAUNCH
from rnn_research.experiment.arms import Arm
from rnn_research.experiment.config import TrialConfig, signature
from rnn_research.experiment.describe import described
from rnn_research.experiment.experiment import Experiment, identity
from rnn_research.experiment.trials import Trial, make_trial
from rnn_research.learners import Learner
from rnn_research.runs.comparison import (
    BITS,
    OTHER,
    ROUNDED,
    ROUNDING,
    Comparison,
    compare,
    numbers_of,
    row_differences,
)
from rnn_research.runs.directory import RunDirectory, declare, note_trials, open_directory
from rnn_research.runs.identity import Identity, conflicts, merged, named
from rnn_research.runs.leases import Leases
from rnn_research.runs.provenance import provenance, typed
from rnn_research.training.devices import make_mesh
from rnn_research.training.program import Devices

START = "start"  # folder of the state at the step


def fork(
    experiment: Experiment,
    source: RunDirectory,
    name: str | None,
    step: int,
    changes: Mapping[str, str],
    options: Options,
) -> int:
    """Fork a trial of a run directory, train both ways to their ends, report; returns the exit status: 1 where one
    failed, or the trial as it was does not come out as it did.

    Args:
      experiment: the one that the directory holds: its file may add to the tables.
      name: of the trial; None for the best on validation.
      step: updates after which the ways part.
      changes: the settings that change, path → text.
      options: ``workdir`` is the fork's own directory.

    Raises:
      ValueError: what cannot be forked, or a directory that holds something else or is in use.
      StorageError: the directory cannot be written.
    """
    entry, config = find_trial(source, name)
    check_step(source, entry["id"], config, step)
    asked = two_arms(experiment, config, entry["id"], step, changes)
    batch_devices, pack, beside = how_trained(source, entry["id"])
    options = dataclasses.replace(options, executor="inline", batch_devices=batch_devices, pack=pack)
    found, tasks = find_work(asked, options)
    trials = [make_trial("main", arm, arm.config, config.seed) for arm in found]
    trials[0] = trials[0]._replace(id=entry["id"])
    identify = identifier(experiment, tasks, options)
    origin = Origin(source, trials[0], step, identify(config), beside)
    check_origin(origin)
    learners = [make_learner(one.config, tasks[config.task], Devices(make_mesh())) for one in trials]
    check_state(origin, changes, learners)
    programs = ProgramCache(tasks, options.batch_devices, options.pack)
    stop = StopRequest()
    with catch_signals(stop):
        mine = partial(of_the_fork, identify, origin)
        run, leases = opened(asked, origin, trials, changes, mine, options)
        try:
            with Display(Terminal()) as display:
                display.plan(asked, 2, 2, len({signature(trial.config) for trial in trials}), here())
                work = Work(origin, trials, found, run, programs, options, display, stop, leases.lost, mine)
                ended = both_ways(work, learners)
            if not ended:
                print(f"stopped; what is done is kept. Go on with the same command: {typed()}")
                return 128 + (stop.number or 0)
            return finish(origin, trials, run)
        except LostLeaseError as error:
            print(f"launch.py: {error}", file=sys.stderr)
            return 1
        finally:
            leases.close()


def of_the_fork(identify: Identify, origin: Origin, config: TrialConfig) -> Identity:
    """What a trial of the fork is trained with: its beginning is the origin's, whatever its own configuration says."""
    return merged([identify(config), {"settings": {"fork": f"{origin.trial.id}@{origin.step}"}}])


def opened(
    asked: Experiment,
    origin: Origin,
    trials: Sequence[Trial],
    changes: Mapping[str, str],
    identify: Identify,
    options: Options,
) -> tuple[RunDirectory, Leases]:
    """The fork's directory, leased and declared.

    Raises:
      ValueError: it holds something else, trials that would be others now, or someone else is at work there.
      StorageError: it cannot be written.
    """
    about = {"trial": origin.trial.id, "step": origin.step, "settings": dict(changes)}
    mine = identity(asked) | {"fork": about}
    run = open_directory(options.workdir, mine)
    leases = Leases(run.leases)
    try:
        for name in (LAUNCH, *(trial.id for trial in trials)):
            holder = leases.acquire(name)
            if holder is not None:
                raise ValueError(f"{run.path} is in use by {holder}")
        for trial in trials:
            differences = conflicts(run.card(trial.id).get("trained_with", {}), identify(trial.config))
            if differences:
                raise ValueError(f"{named(differences)} changed since this fork was begun; another --workdir")
        document = described(asked) | {
            "file": asked.file,
            "trained_with": merged(identify(trial.config) for trial in trials),
            "provenance": provenance([here()]),
            "fork": {"run": str(origin.run.path), **about},
        }
        declare(run, mine, document)
        note_trials(run, trials)
    except BaseException:
        leases.close()
        raise
    return run, leases


class Work(NamedTuple):
    """What training both ways needs; see ``run_trials``."""

    origin: Origin
    trials: Sequence[Trial]
    arms: Sequence[Arm]
    run: RunDirectory
    programs: ProgramCache
    options: Options
    display: Display
    stop: StopRequest
    lost: set[str]
    identify: Identify


def both_ways(work: Work, learners: Sequence[Learner]) -> bool:
    """Train both trials from the step to their ends, as far as that is still to be done, and record how they part;
    returns False where it was stopped.

    Raises:
      ValueError: the state at the step cannot be had.
      StorageError: the directory cannot be written.
      LostLeaseError: another process has taken over the directory.
    """
    origin, run, display, stop = work.origin, work.run, work.display, work.stop
    left = [trial for trial in work.trials if run.status(trial.id).get("state") not in ENDED]
    if not left and is_recorded(run, work.trials[1]):
        return True
    groups: dict[str, list[Trial]] = {}
    for trial in left:
        groups.setdefault(signature(trial.config), []).append(trial)
    display.group(1, max(len(groups), 1), work.arms)
    learner = work.programs.get(origin.trial.config, max(1, origin.beside), display)
    state = state_at(origin, learner, run.path / START, work.options, display, stop)
    if state is None:
        return False
    for trial in left:
        trained_with = work.identify(trial.config)
        if restore(run, trial, learner.template, trained_with, display.say) is None:
            plant(run, origin, trial, state, trained_with)
    for number, trials in enumerate(groups.values()):
        display.group(number + 1, len(groups), [work.arms[trial.arm] for trial in trials])
        assignment = Assignment(number, trials, {}, origin.beside)
        run_trials(assignment, work.programs, run, work.options, display, stop, work.lost, work.identify)
        if stop.number:
            return False
    if all(run.status(trial.id).get("state") in ENDED for trial in work.trials):
        record_parting(origin, run, work.trials, learners, state)
    return True


def finish(origin: Origin, trials: Sequence[Trial], run: RunDirectory) -> int:
    """Make the report, say how the two went; returns the exit status.

    Raises:
      StorageError: the report cannot be written; its table is printed.
    """
    from rnn_research.report.build import build

    made = build(run)
    print_report(Terminal(), made)
    failed = [run.status(trial.id)["reason"] for trial in trials if run.status(trial.id)["state"] == "failed"]
    for reason in dict.fromkeys(failed):
        print(f"launch.py: {counted(failed.count(reason), 'trial')} failed: {reason}", file=sys.stderr)
    if made.unwritten:
        raise made.unwritten
    found = None if failed else against_origin(origin, run)
    if found:
        print(line_of(trials[0], found))
        print("\n".join(f"  {line}" for line in parting_lines(run, trials[1])))
    print(f"report: {run.report / 'index.html'}")
    return int(found is None or found.agreement == OTHER)


def against_origin(origin: Origin, run: RunDirectory) -> Comparison:
    """How the trial as it was compares with the one that was forked, as far as that has come."""
    source, trial = origin.run, origin.trial.id
    if source.status(trial).get("state") in ENDED:
        return compare(source, run, trial)
    theirs = numbers_of(source, trial)
    found = row_differences(theirs, numbers_of(run, trial)[: len(theirs)])
    where = max(found, key=lambda name: found[name], default="")
    largest = found.get(where, 0.0)
    return Comparison(BITS if not found else ROUNDED if largest <= ROUNDING else OTHER, largest, where, False)
