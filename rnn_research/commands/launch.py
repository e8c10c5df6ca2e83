"""Run an experiment, or make its report again.

    python launch.py --list                                  what there is
    python launch.py --experiment=lstm_vs_gru                run it; again: only what is missing
    python launch.py --experiment=path/to/file.py            one of your own
    python launch.py --report --workdir=runs/lstm_vs_gru     tables and figures from the saved files
    python launch.py --report --workdir=runs/a --workdir=runs/b    side by side: what differs in settings and in scores
    python launch.py --claims                                where every claim stands, by the runs that are there
    python launch.py --verify --workdir=runs/lstm_vs_gru     train three of its trials again: are the numbers the same?
    python launch.py --fork=runs/lstm_vs_gru@500 --config.optimizer.learning_rate=3e-4
                                                             go on from step 500 of its best trial with another rate

Change an experiment without touching its file:

    --config.optimizer.learning_rate=3e-4                    in every trial
    --config.task="adding(length=200)"                       another task, with its options
    --grid.model.cell.hidden=64,128                          one more axis, or other values for an axis
    --grid.attention=none,dot                                of an axis whose values have names, these

    --grid.optimizer.learning_rate="log(1e-4,1e-2,7)"        a range of values
    --grid.optimizer.learning_rate="log(1e-4,1e-2)" --random=20   a random search, the same 20 points for every arm

    --until_decided                                          add seeds until the claims are answered, 32 at most
    --runner_up                                              the same with the second-best candidate of every arm
    --full                                                   the second, larger settings of an experiment that has such

The same command goes on after any kill, from the last checkpoints. Trials that other code, data or settings of jax have
led to are not mixed with new ones: --retrain trains those anew, and only those.

Exit status: 0 done; 1 some trials failed or are not what they were, or the disk is full; 2 bad input or a directory
in use, nothing was run; 130 or 143 stopped by a signal; 141 nobody reads the list, help, settings or plan any more.
"""

import dataclasses
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rnn_research.commands import flags
from rnn_research.commands.claims import claims
from rnn_research.commands.elsewhere import INSTEAD_OF
from rnn_research.commands.launch_flags import FLAGS, OF_THE_LAUNCHER, check_together
from rnn_research.commands.side_by_side import side_by_side
from rnn_research.data import locate
from rnn_research.execution import ambient, compile_cache, xla_settings
from rnn_research.execution.options import Options
from rnn_research.experiment import registry
from rnn_research.experiment.config import to_dict
from rnn_research.experiment.describe import described
from rnn_research.experiment.experiment import Experiment
from rnn_research.experiment.overrides import override, replaced
from rnn_research.experiment.smoke import smoke
from rnn_research.experiment.trials import count_trials
from rnn_research.runs.directory import RunDirectory, check_format
from rnn_research.runs.files import CANNOT_WRITE, StorageError

PROGRAM = Path(__file__).resolve().parents[2] / "launch.py"  # what workers run


def main(argv: list[str]) -> int:
    """The whole command; returns the exit status."""
    environment = dict(os.environ)
    prefixes = ("config", "grid")
    return flags.run("launch.py", __doc__, FLAGS, argv, lambda given: act(given, environment), prefixes, INSTEAD_OF)


def act(given: flags.Given, environment: Mapping[str, str]) -> int:
    """Do what the flags ask for; returns the exit status.

    Args:
      environment: the user's, before this process makes settings for itself.

    Raises:
      ValueError: bad input.
    """
    values = given.values
    check_together(given)
    if values.list:
        return list_experiments()
    if values.claims:
        return claims(values.workdir or (), values.record)
    if values.report:
        return report(values)
    if values.verify:
        return verify(given, environment)
    if values.fork:
        return fork(given, environment)
    if not values.experiment:
        raise ValueError("name an experiment: --experiment=NAME; --list shows them, --help the rest")
    prepare(values)
    experiment = registry.load(os.path.expanduser(values.experiment), full=bool(values.full))
    # Imported now: the settings of the host must stand before jax is loaded, and --list must not wait for it.
    from rnn_research.tables import TABLES

    experiment = smoke(experiment, TABLES) if values.smoke else experiment
    settings = given.settings
    asked = override(experiment, settings["config"], settings["grid"], values.seeds, values.random, TABLES)
    if not values.launch:
        print("".join(f"--config: {line}\n" for line in replaced(experiment, asked)), end="", file=sys.stderr)
    experiment = asked
    experiment = with_runner_up(experiment) if values.runner_up else experiment
    try:
        return run(experiment, given, environment)
    except StorageError as error:
        first = f"{error.remedy}, then " if error.remedy else ""
        reason = f"{error}. What was saved is kept: {first}the same command goes on"
        return flags.refuse("launch.py", reason, CANNOT_WRITE if values.launch else 1)


def with_runner_up(experiment: Experiment) -> Experiment:
    """The experiment with the second-best candidate of every arm, pilots and all else being the same.

    Raises:
      ValueError: nothing is tuned in it, or there is but one candidate.
    """
    tune = experiment.tune
    if tune is None or len(tune.values) < 2:
        raise ValueError(f"--runner_up: {experiment.name} chooses among no candidates")
    return dataclasses.replace(experiment, tune=dataclasses.replace(tune, runner_up=True))


def prepare(values: Any) -> None:
    """Check the plain flags and make the settings that must stand before jax is imported.

    Raises:
      ValueError: flags that do not go together.
    """
    if values.data_dir:
        locate.use(str(flags.directory("data_dir", values.data_dir)))
    if values.join and (values.executor != "inline" or values.distributed):
        raise ValueError("--join works in this process alone: not with --executor or --distributed")
    if values.executor != "inline" and not values.launch:
        if values.distributed:
            raise ValueError(
                f"--distributed is one program on all hosts and does not go with --executor={values.executor}"
            )
        os.environ["JAX_PLATFORMS"] = "cpu"  # the accelerators are for the workers
    xla_settings.configure(values.devices)
    if values.distributed and not (values.dry_run or values.print_config):
        xla_settings.connect(values.distributed)


def check_beside(pack: str) -> None:
    """Refuse a limit on trials that run side by side where none do.

    Raises:
      ValueError: they run one after another.
    """
    from rnn_research.training.devices import make_mesh
    from rnn_research.training.program import PACKS, in_turn

    if in_turn(make_mesh(), PACKS[pack]):
        raise ValueError("--beside is for trials that run side by side, on an accelerator or by --pack=vmap")


def run(experiment: Experiment, given: flags.Given, environment: Mapping[str, str]) -> int:
    """Check everything, then run what is missing and report; returns the exit status.

    Raises:
      ValueError: bad input.
      StorageError: the run directory cannot be written.
    """
    options = options_of(experiment, given, environment)
    from rnn_research.execution import launcher

    values = given.values
    if values.print_config:
        found = [to_dict(arm.config) for arm in launcher.find_arms(experiment)]
        print(json.dumps(described(experiment) | {"arms": found}, indent=2))
        return 0
    ambient.check_precision()
    compile_cache.use(not values.no_compile_cache)
    xla_settings.start_devices()
    if values.beside and values.executor == "inline":
        check_beside(values.pack)
    if values.dry_run:
        return launcher.dry_run(experiment, options)
    if values.join or values.launch:
        return launcher.join(experiment, options)
    if values.tensorboard:
        from rnn_research.report.tensorboard import check_installed

        check_installed()
    if values.until_decided:
        status = launcher.launch_until_decided(experiment, options, values.max_seeds)
    else:
        status = launcher.launch(experiment, options)
    if values.tensorboard and status in (0, 1):
        events(RunDirectory(options.workdir))
    return status


def options_of(experiment: Experiment, given: flags.Given, environment: Mapping[str, str]) -> Options:
    """What the command line says about how trials run.

    Raises:
      ValueError: a value that is not valid.
    """
    values = given.values
    default = default_workdir(experiment.name, values.smoke, values.runner_up, values.full)
    return Options(
        workdir=flags.directory("workdir", workdir_of(values) or default),
        executor=values.executor,
        workers=values.workers,
        number=values.number,
        launch=values.launch or "",
        retrain=values.retrain,
        retries=values.retries,
        checkpoint_every=values.checkpoint_every,
        keep=values.keep_checkpoints,
        batch_devices=values.batch_devices,
        pack=values.pack,
        beside=values.beside,
        resources={"CPU": values.cpus, "GPU": values.gpus, "TPU": values.tpus},
        ray_address=values.ray_address,
        slurm=flags.dict_of("slurm", values.slurm),
        command=(sys.executable, str(PROGRAM), *worker_arguments(given.argv)),
        environment=environment,
    )


def default_workdir(
    name: str, smoke: bool | None = False, runner_up: bool | None = False, full: bool | None = False
) -> str:
    """Where an experiment is run if nobody says."""
    return f"runs/{name}" + "-full" * bool(full) + "-runner_up" * bool(runner_up) + "-smoke" * bool(smoke)


def workdir_of(values: Any) -> str | None:
    """The run directory that is named; None where none is.

    Raises:
      ValueError: several are.
    """
    given = values.workdir or [None]
    if len(given) > 1:
        raise ValueError(f"--workdir names one run directory, not {len(given)}")
    return given[0]


def worker_arguments(argv: Sequence[str]) -> list[str]:
    """The command line of a worker: this one, but for what says where workers run and how many."""
    kept: list[str] = []
    value_follows = False
    for argument in argv:
        name, equals, _ = argument.lstrip("-").partition("=")
        flag = argument.startswith("-")
        if flag and name in OF_THE_LAUNCHER:
            value_follows = not equals
        elif flag or not value_follows:
            kept.append(argument)
            value_follows = False
    return kept


def report(values: Any) -> int:
    """Make the report of a run directory again, from its files alone, or put several side by side; returns the exit
    status.

    Raises:
      ValueError: no directory named, or one that holds no experiment.
      StorageError: the report cannot be written; its table is printed.
    """
    if len(values.workdir or ()) > 1:
        if values.watch or values.tensorboard:
            raise ValueError(f"--{'watch' if values.watch else 'tensorboard'} takes one --workdir, not several")
        return side_by_side(values.workdir)
    workdir = workdir_of(values)
    if not workdir:
        raise ValueError("--report needs --workdir")
    directory = RunDirectory(flags.directory("workdir", workdir))
    if values.watch:
        from rnn_research.report.live import watch

        return watch(directory, values.port)
    from rnn_research.execution.display import Terminal, print_report
    from rnn_research.report.build import build

    made = build(directory)
    print_report(Terminal(), made)
    if made.unwritten:
        raise made.unwritten
    print(f"report: {directory.report / 'index.html'}")
    if values.tensorboard:
        events(directory)
    return 0


def events(run: RunDirectory) -> None:
    """Write event files and say where.

    Raises:
      ValueError, StorageError: see ``report.tensorboard``.
    """
    from rnn_research.report.tensorboard import write_events

    print(f"event files: tensorboard --logdir={write_events(run)}")


def verify(given: flags.Given, environment: Mapping[str, str]) -> int:
    """Train trials of a run directory again and compare; returns the exit status.

    Raises:
      ValueError: no directory named, one that holds no experiment or of another format, or an experiment file that is
        gone.
      StorageError: nowhere to train.
    """
    values = given.values
    workdir = workdir_of(values)
    if not workdir:
        raise ValueError("--verify needs --workdir")
    run = RunDirectory(flags.directory("workdir", workdir))
    experiment = experiment_of(run, values)
    compile_cache.use(False)  # what was kept of the run that is checked is no evidence
    from rnn_research.execution.verify import verify as train_again

    return train_again(experiment, options_of(experiment, given, environment), values.trials)


def experiment_of(run: RunDirectory, values: Any) -> Experiment:
    """The experiment that a run directory holds, out of its file, and the settings of this process made for its trials.

    Raises:
      ValueError: a directory that holds no experiment, one of another format or a fork, or a file that is gone.
    """
    document = run.document()
    if document is None:
        raise ValueError(f"{run.path} holds no experiment")
    check_format(run.path, document)
    if "fork" in document:
        origin = document["fork"]
        raise ValueError(f"{run.path} is a fork of trial {origin['trial']} of {origin['run']}; name that run")
    prepare(values)
    file = values.experiment or document.get("file") or document["name"]
    if not values.experiment and not Path(file).is_file():
        file = document["name"]  # one of the package's own, wherever that lies here
    experiment = registry.load(os.path.expanduser(file))
    ambient.check_precision()
    xla_settings.start_devices()
    return experiment


def fork(given: flags.Given, environment: Mapping[str, str]) -> int:
    """Go on from a step of a trial with settings changed; returns the exit status.

    Raises:
      ValueError: bad input, see ``execution.fork``.
      StorageError: the fork's directory cannot be written.
    """
    values = given.values
    path, _, step = values.fork.rpartition("@")
    if not path or not (step.isascii() and step.isdecimal()):
        raise ValueError(f"--fork takes RUN@STEP, as in runs/lstm_vs_gru@500, not {values.fork!r}")
    run = RunDirectory(flags.directory("fork", path))
    experiment = experiment_of(run, values)
    options = options_of(experiment, given, environment)
    workdir = flags.directory("workdir", workdir_of(values) or f"{run.path}-fork")
    if run.path.resolve() in workdir.resolve().parents:
        raise ValueError(f"--workdir={workdir} lies in {run.path}, which a fork only reads")
    compile_cache.use(not values.no_compile_cache)
    from rnn_research.execution.fork import fork as go_on

    options = dataclasses.replace(options, workdir=workdir)
    return go_on(experiment, run, values.trial, int(step), given.settings["config"], options)


def list_experiments() -> int:
    """Two lines an experiment, by folder; a file that does not load says why."""
    for folder, names in registry.by_folder().items():
        print(f"{folder}:")
        for name in names:
            try:
                experiment = registry.load(name)
            except ValueError as error:
                print(f"  {name}: {error}")
                continue
            expected = "" if experiment.minutes is None else f", about {experiment.minutes:g} min"
            print(f"  {name}  ({count_trials(experiment)} trials{expected})")
            print(f"      {experiment.question}")
    return 0
