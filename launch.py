"""Run an experiment, or make its report again.

    python launch.py --list                                  what there is
    python launch.py --experiment=lstm_vs_gru                run it; again: only what is missing
    python launch.py --experiment=path/to/file.py            one of your own
    python launch.py --report --workdir=runs/lstm_vs_gru     tables and figures from the saved files

Change an experiment without touching its file:

    --config.optimizer.learning_rate=3e-4                    in every trial
    --config.task="adding(length=200)"                       another task, with its options
    --grid.model.cell.hidden=64,128                          one more axis, or other values for an axis

    --grid.optimizer.learning_rate="log(1e-4,1e-2,7)"        a range of values
    --grid.optimizer.learning_rate="log(1e-4,1e-2)" --random=20   a random search, the same 20 points for every arm

The same command goes on after any kill, from the last checkpoints.

Exit status: 0 done; 1 some trials failed, or the disk is full; 2 bad input or a directory in use, nothing was
run; 130 or 143 stopped by a signal.
"""

import json
import os
import sys
from functools import partial
from pathlib import Path

from absl import flags

from rnn_research.data import locate
from rnn_research.execution import xla_settings
from rnn_research.experiment import registry
from rnn_research.experiment.config import to_dict
from rnn_research.experiment.describe import described
from rnn_research.experiment.experiment import Experiment, count_trials, smoke
from rnn_research.experiment.overrides import override
from rnn_research.runs.files import CANNOT_WRITE, StorageError

FLAGS = flags.FlagValues()


text = partial(flags.DEFINE_string, flag_values=FLAGS)
count = partial(flags.DEFINE_integer, flag_values=FLAGS, lower_bound=1)
whole = partial(flags.DEFINE_integer, flag_values=FLAGS, lower_bound=0)
amount = partial(flags.DEFINE_float, flag_values=FLAGS, lower_bound=0)
switch = partial(flags.DEFINE_bool, flag_values=FLAGS)

text("experiment", None, "name of an experiment (see --list) or path of a file that defines one")
text("workdir", None, "run directory; runs/NAME if left out")
text("data_dir", None, "directory with corpora; also RNN_RESEARCH_DATA")
count("seeds", None, "runs per arm instead of the experiment's own number")
count("random", None, "points to draw from the --grid axes, always the same ones, instead of crossing the axes")
switch("smoke", False, "shrink the experiment to seconds, every stage kept")
switch("list", False, "list the experiments")
switch("print_config", False, "print the resolved settings and run nothing")
switch("dry_run", False, "print the trials, their programs and the expected time; run nothing")
switch("report", False, "make the report of --workdir again")
switch("join", False, "take part in the work of the launch that runs in --workdir")
whole("checkpoint_every", 1000, "updates between a trial's checkpoints, in whole chunks of train.eval_every; 0: none")
count("keep_checkpoints", 2, "checkpoints kept of each trial")
count("devices", None, "CPU devices to use, two or more; as many as cores if left out")
count("batch_devices", 1, "devices that share each batch of a trial")
text("distributed", None, "one program on all hosts: auto on a TPU pod or Slurm, else HOST:PORT,COUNT,INDEX")
where = "where trials run: in this process, or in workers of this machine, of a Ray cluster, of Slurm"
flags.DEFINE_enum("executor", "inline", ["inline", "processes", "ray", "slurm"], where, flag_values=FLAGS)
count("workers", None, "workers of processes, ray and slurm; as many as there is room for if left out")
whole("retries", 2, "further attempts at a trial whose worker died or lacked memory")
text("ray_address", None, "Ray cluster to use, auto for one that runs here; a local one if left out")
flags.DEFINE_list("slurm", [], "options for Slurm, as in partition=gpu,timeout_min=60", flag_values=FLAGS)
amount("cpus", 1, "CPUs of each Ray or Slurm worker")
amount("gpus", 0, "GPUs of each Ray or Slurm worker")
amount("tpus", 0, "TPU chips of each Ray worker")
switch("help", False, "show this help", short_name="h")
INTERNAL = "set by a launch for its workers"
text("launch", None, INTERNAL)
whole("number", 0, INTERNAL)


def main(argv: list[str]) -> int:
    """The whole command; returns the exit status."""
    environment = dict(os.environ)
    try:
        config, grid = parse(argv)
        if FLAGS.help:
            print(help_text())
            return 0
        if FLAGS.list:
            return list_experiments()
        if FLAGS.report:
            return report()
        if not FLAGS.experiment:
            raise ValueError("name an experiment: --experiment=NAME; --list shows them, --help the rest")
        prepare()
        experiment = registry.load(FLAGS.experiment)
        experiment = smoke(experiment) if FLAGS.smoke else experiment
        return run(override(experiment, config, grid, FLAGS.seeds, FLAGS.random), argv, environment)
    except (ValueError, flags.Error) as error:
        print(f"launch.py: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except StorageError as error:
        print(f"launch.py: {error}. What was saved is kept: make room, then the same command goes on", file=sys.stderr)
        return CANNOT_WRITE if FLAGS.launch else 1
    except KeyboardInterrupt:
        return 130


def prepare() -> None:
    """Check the plain flags and make the settings that must stand before jax is imported."""
    if FLAGS.data_dir:
        locate.use(FLAGS.data_dir)
    if FLAGS.join and (FLAGS.executor != "inline" or FLAGS.distributed):
        raise ValueError("--join works in this process alone: not with --executor or --distributed")
    if FLAGS.executor != "inline" and not FLAGS.launch:
        if FLAGS.distributed:
            raise ValueError(
                f"--distributed is one program on all hosts and does not go with --executor={FLAGS.executor}"
            )
        os.environ["JAX_PLATFORMS"] = "cpu"  # the accelerators are for the workers
    xla_settings.configure(FLAGS.devices)
    if FLAGS.distributed and not (FLAGS.dry_run or FLAGS.print_config):
        xla_settings.connect(FLAGS.distributed)


def run(experiment: Experiment, argv: list[str], environment: dict[str, str]) -> int:
    """Check everything, then run what is missing and report."""
    # Imported now: the settings of the host must stand before jax is loaded, and --list must not wait for it.
    from rnn_research.execution import launcher

    if FLAGS.print_config:
        found = [to_dict(arm.config) for arm in launcher.find_arms(experiment)]
        print(json.dumps(described(experiment) | {"arms": found}, indent=2))
        return 0
    default = f"runs/{experiment.name}" + ("-smoke" if FLAGS.smoke else "")
    options = launcher.Options(
        workdir=Path(FLAGS.workdir or default),
        executor=FLAGS.executor,
        workers=FLAGS.workers,
        retries=FLAGS.retries,
        checkpoint_every=FLAGS.checkpoint_every,
        keep=FLAGS.keep_checkpoints,
        batch_devices=FLAGS.batch_devices,
        resources={"CPU": FLAGS.cpus, "GPU": FLAGS.gpus, "TPU": FLAGS.tpus},
        ray_address=FLAGS.ray_address,
        slurm=slurm_options(FLAGS.slurm),
        command=[sys.executable, str(Path(__file__).resolve()), *worker_arguments(argv)],
        environment=environment,
    )
    if FLAGS.dry_run:
        return launcher.dry_run(experiment, options)
    if FLAGS.join or FLAGS.launch:
        return launcher.join(experiment, options, FLAGS.number, FLAGS.workers or 1, FLAGS.launch)
    return launcher.launch(experiment, options)


def worker_arguments(argv: list[str]) -> list[str]:
    """The command line of a worker: this one, but for what says where workers run and how many."""
    ours = ("executor", "workers", "devices", "ray_address", "slurm", "cpus", "gpus", "tpus")
    kept: list[str] = []
    value_follows = False
    for argument in argv:
        name, equals, _ = argument.lstrip("-").partition("=")
        flag = argument.startswith("-")
        if flag and name in ours:
            value_follows = not equals
        elif flag or not value_follows:
            kept.append(argument)
            value_follows = False
    return kept


def slurm_options(pairs: list[str]) -> dict[str, str]:
    """``key=value`` pairs as a dict."""
    for pair in pairs:
        if "=" not in pair:
            raise ValueError(f"--slurm takes KEY=VALUE,KEY=VALUE, not {pair!r}")
    return dict(pair.split("=", 1) for pair in pairs)


def report() -> int:
    """Make the report of a run directory again, from its files alone."""
    from rich.console import Console

    from rnn_research.execution.display import print_report
    from rnn_research.report.build import build
    from rnn_research.runs.directory import RunDirectory

    if not FLAGS.workdir:
        raise ValueError("--report needs --workdir")
    directory = RunDirectory(Path(FLAGS.workdir))
    built = build(directory)
    print_report(Console(), built)
    print(f"report: {directory.report / 'index.html'}")
    return 0


def list_experiments() -> int:
    """One line an experiment; a file that does not load says why."""
    for name in registry.names():
        try:
            experiment = registry.load(name)
        except ValueError as error:
            print(f"{name}: {error}")
            continue
        print(f"{name}  ({count_trials(experiment)} trials, about {experiment.minutes:g} min)")
        print(f"    {experiment.question}")
    return 0


def parse(argv: list[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Read the flags; ``--config.PATH=VALUE`` and ``--grid.PATH=VALUES`` are returned by path.

    Raises:
      ValueError: a setting without a value.
      absl.flags.Error: an unknown flag, or a value of the wrong type.
    """
    settings: dict[str, dict[str, str]] = {"config": {}, "grid": {}}
    rest = []
    for argument in argv:
        kind, _, setting = argument.removeprefix("--").partition(".")
        if not argument.startswith("--") or kind not in settings:
            rest.append(argument)
            continue
        path, equals, value = setting.partition("=")
        if not equals or not path:
            raise ValueError(f"{argument}: write --{kind}.PATH=VALUE")
        settings[kind][path] = value
    unknown = FLAGS(["launch.py", *rest])[1:]
    if unknown:
        raise ValueError(f"unexpected argument {unknown[0]!r}; --help shows the flags")
    return settings["config"], settings["grid"]


def help_text() -> str:
    lines = [(__doc__ or "").rstrip(), "", "Flags:"]
    for name in sorted(FLAGS):
        flag = FLAGS[name]
        if flag.name == name and flag.help != INTERNAL:
            lines.append(f"  --{name:<18}{flag.help}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
